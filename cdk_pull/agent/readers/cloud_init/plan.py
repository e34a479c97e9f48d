"""What cloud-init does with the whole user data, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.readers.cloud_init import config
from cdk_pull.agent.readers.cloud_init.parts import UNDECLARED, Part, is_shell, kind_of, parts, unix_lines
from cdk_pull.agent.readers.cloud_init.steps import Opaque, Script, Stage, Step, from_line
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.reading import AgentWarning
from cdk_pull.patterns import lazy_pattern
from cdk_pull.shapes import as_list

if TYPE_CHECKING:
    from cdk_pull.agent.pieces import Holes

__all__ = ["JINJA", "plan"]

_OPAQUE = {
    "text/x-include-url": "what it includes is somewhere else",
    "text/x-include-once-url": "what it includes is somewhere else",
    "text/part-handler": "a part handler may do anything",
    "text/cloud-config-jsonp": "a JSON patch of another cloud-config is not computed",
}
_STAGES = {
    "text/cloud-boothook": Stage.BOOTHOOK,
    "text/x-shellscript": Stage.SCRIPTS,
    "text/x-shellscript-per-boot": Stage.SCRIPTS_PER_INSTANCE,
    "text/x-shellscript-per-instance": Stage.SCRIPTS_PER_INSTANCE,
    "text/x-shellscript-per-once": Stage.SCRIPTS_PER_INSTANCE,
}
_BOUND = (
    f"its YAML aliases and merge keys stand for more than {config.MOST_VALUES:,} values, which are not computed; write it "
    "without them"
)
_ECS = lazy_pattern(r"/etc/ecs\b|\becs\.config\b|\bECS_[A-Z]")
JINJA = lazy_pattern(r"\{\{.*?\}\}")
"""What the template language of ``## template: jinja`` fills in."""


class _Planner:
    def __init__(self, holes: Holes) -> None:
        self.holes = holes
        self.steps: list[Step] = []
        self.warnings: list[AgentWarning] = []
        self.documents: list[config.Document] = []

    def take(self, part: Part) -> None:
        """Add what cloud-init does with one part."""
        hole = self.holes.first(part.text or "")
        if part.text is None:
            self._opaque(part, f"the part {part.name} cannot be decoded")
        elif hole is not None and self.holes.split(part.text.strip()) == ["", ""]:
            self._opaque(part, hole.reason)
        elif part.kind in _OPAQUE:
            self._opaque(part, _OPAQUE[part.kind])
        elif part.kind == "text/jinja2":
            self._template(part, part.text)
        elif part.kind == "text/cloud-config":
            self._config(part, part.text)
        elif part.kind == "text/cloud-config-archive":
            self._archive(part, part.text)
        elif part.kind in _STAGES:
            self._script(part, part.text)
        elif part.text.strip():
            self._unhandled(part, part.text)

    def _script(self, part: Part, text: str) -> None:
        boothook = part.kind == "text/cloud-boothook"
        header = "#cloud-boothook" if boothook and text.lower().startswith("#cloud-boothook") else ""
        script = unix_lines(text)
        # The header's place keeps the line numbers.
        script = script.replace(script[: len(header)], "#" * len(header), 1) if header else script
        if not boothook and not script.startswith("#!"):
            self.warnings.append(_no_shebang(part.line))
        if not is_shell(script):
            reason = f"{script.splitlines()[0]} is not a shell"
            if "ecs.config" in script:
                self._opaque(part, reason)
            return
        lines = from_line(part.line, spread=part.spread)
        self.steps.append(Script(_STAGES[part.kind], part.name, script, lines))

    def _config(self, part: Part, text: str) -> None:
        document = config.load(text, part.line, spread=part.spread)
        if document is None and self._lines_are_unknown(text):
            self._opaque(part, "lines of it are known only at deployment, and the others alone are no YAML")
        elif document is None and config.exceeds_bound(text):
            self._opaque(part, _BOUND)
        elif document is None:
            self.warnings.append(
                AgentWarning(
                    WarningCode.NOT_RUN, "cloud-init ignores it: this is not a YAML mapping", part.line
                )
            )
        else:
            self.documents.append(document)

    def _lines_are_unknown(self, text: str) -> bool:
        """Tell whether an unknown piece begins a line, where it can be any number of whole lines."""
        before = self.holes.split(text)[:-1]
        return any(not piece.rpartition("\n")[2].strip() for piece in before)

    def _archive(self, part: Part, text: str) -> None:
        found = config.parse(text)
        if found is None and config.exceeds_bound(text):
            self._opaque(part, _BOUND)
        entries = None if found is None else found[1]
        for number, entry in enumerate(as_list(entries), 1):
            given = entry if isinstance(entry, dict) else {"content": entry}
            content = str(given.get("content") or "")
            kind = str(given.get("type") or kind_of(content) or "text/cloud-config")
            name = str(given.get("filename") or f"part-{number:03d}")
            self.take(Part(kind, name, content, part.line, spread=False))

    def _template(self, part: Part, text: str) -> None:
        body = text.lstrip().partition("\n")[2]
        if "{%" in body or "{#" in body:
            self._opaque(part, "the template's own statements are not computed")
            return
        filled = self.holes.hide(JINJA, body, "a template fills it in", part.line + 1)
        self.take(Part(kind_of(filled), part.name, filled, part.line + 1, spread=part.spread))

    def _unhandled(self, part: Part, text: str) -> None:
        if part.kind not in UNDECLARED:
            # cloud-init asks only text without a type of its own how it begins.
            if _ECS.search(text):
                self.warnings.append(_no_handler(part))
        elif text.lstrip().startswith("{"):
            self._opaque(part, "the agent reads JSON user data itself")
        elif "<powershell>" in text.lower():
            message = "cloud-init runs no PowerShell, and the image is one of Linux; write a script that begins with #!"
            self.warnings.append(AgentWarning(WarningCode.NOT_RUN, message, part.line))
        elif "=" in text:
            self.warnings.append(_no_shebang(part.line))
            lines = from_line(part.line, spread=part.spread)
            self.steps.append(Script(Stage.SCRIPTS, part.name, text, lines))

    def _opaque(self, part: Part, reason: str) -> None:
        stage = _STAGES.get(part.kind, Stage.SCRIPTS)
        self.steps.append(Opaque(stage, part.name, reason, part.line))


def plan(text: str, holes: Holes) -> tuple[list[Step], list[AgentWarning]]:
    """Return what cloud-init does with user data, in order, and what is wrong with its form."""
    planner = _Planner(holes)
    for part in parts(text, holes):
        planner.take(part)
    planner.steps += config.steps(planner.documents, holes)
    planner.warnings += config.refused(planner.documents)
    return sorted(planner.steps, key=lambda step: (step.stage, step.name)), planner.warnings


def _no_handler(part: Part) -> AgentWarning:
    why = (
        "only Amazon Linux 1 runs an upstart job, and Amazon Linux 2 and 2023 run nothing of this part"
        if part.kind == "text/upstart-job"
        else f"cloud-init knows no parts of the type {part.kind}, and runs nothing of this one"
    )
    return AgentWarning(WarningCode.PART_NOT_RUN, why, part.line)


def _no_shebang(line: int) -> AgentWarning:
    return AgentWarning(
        WarningCode.NO_SHEBANG,
        "cloud-init runs user data only if its very first characters are #!; begin it with #!/bin/bash "
        "(it is read here as if it did)",
        line,
    )
