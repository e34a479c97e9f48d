"""Reads the user data of Windows instances.

Source: EC2Launch runs the first ``<script>`` and then the first ``<powershell>`` of user data, and nothing else of it;
EC2Launch v2 also runs a list of tasks in YAML. ``Initialize-ECSAgent`` starts the agent, which reads the machine's environment at that moment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.explain import explained
from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.ec2launch import are_tasks, task_scripts
from cdk_pull.agent.readers.mentions import with_mentions
from cdk_pull.agent.readers.prunes import find_prunes
from cdk_pull.agent.readers.reading import (
    AgentUse,
    AgentWarning,
    Reading,
    Unknown,
    compute,
    far_too_large,
    in_own_terms,
    size_warnings,
)
from cdk_pull.agent.script.core import OvergrownError
from cdk_pull.agent.script.powershell.interpreter import Interpreter
from cdk_pull.agent.script.powershell.shell import write
from cdk_pull.agent.script.powershell.world import Setting, World
from cdk_pull.agent.variables import variables
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["BLOCK", "read"]

BLOCK = lazy_pattern(r"<(powershell|script)>(.*?)(</\1>|\Z)", re.IGNORECASE | re.DOTALL)
"""What EC2Launch runs: the opening tag, the commands, and the closing tag where there is one."""

_PERSISTS = lazy_pattern(r"<persist>\s*true\s*</persist>", re.IGNORECASE)
_NAMES = lazy_pattern(r"\b([A-Z_]+)=")
_CONFIG = lazy_pattern(r"\becs\.config\b", re.IGNORECASE)
_COMMENT = lazy_pattern(r"[ \t]*(?:#|rem\b|::)", re.IGNORECASE)


def read(user_data: str, names: Sequence[str] = ()) -> Reading:
    """Return the settings that the agent really has after this user data.

    The text is read as if every command succeeded; where a condition decides, the value is unknown.

    Args:
        user_data: the text, with CDK tokens or marks where only the deployment knows a piece.
        names: what to call the marks, in the order of their numbers.
    """
    if (unread := far_too_large(user_data, "windows")) is not None:
        return unread
    try:
        return _read(user_data, names)
    except (RecursionError, OvergrownError):
        return compute({}, "windows", unknown=[Unknown(None, 0, "it is too involved to follow")])


def _read(user_data: str, names: Sequence[str]) -> Reading:
    holes = Holes(names)
    session = _Session(holes, persists=_PERSISTS.search(user_data) is not None)
    warnings = size_warnings(user_data)
    hidden = holes.hide_tokens(user_data)
    if are_tasks(hidden):
        warnings += _run_tasks(session, hidden)
        return _conclude(session, holes, warnings, user_data)
    blocks = sorted(BLOCK.finditer(hidden), key=lambda block: block[1].lower() == "powershell")
    for block in blocks:
        line = hidden.count("\n", 0, block.start(2)) + 1
        if block[1].lower() == "script":
            session.run_batch(block[2], line)
        else:
            session.run(block[2], line)
    if not blocks and hidden.startswith(("#!", "#cloud-config")):
        message = (
            "EC2Launch runs nothing that is for cloud-init, and the image is one of Windows; write PowerShell"
        )
        warnings.append(AgentWarning(WarningCode.NOT_RUN, message, 1))
        return _conclude(session, holes, warnings, user_data)
    if (not blocks and hidden.strip()) or any(not block[3] for block in blocks):
        warnings.append(
            AgentWarning(
                WarningCode.NO_POWERSHELL_TAG,
                "EC2Launch runs only what stands between <powershell> and </powershell> "
                "(it is read here as if this did)",
                1,
            )
        )
    if not blocks:
        session.run(hidden, 1)
    return _conclude(session, holes, warnings, user_data)


def _run_tasks(session: _Session, text: str) -> Iterator[AgentWarning]:
    """Run the scripts of EC2Launch v2's tasks, and yield what is wrong with their form."""
    scripts = task_scripts(text)
    if scripts is None:
        message = "EC2Launch v2 runs nothing of it: this is no YAML with a list of tasks"
        yield AgentWarning(WarningCode.NOT_RUN, message, 1)
        return
    for script in scripts:
        if script.kind == "batch":
            session.run_batch(script.text, script.line)
        elif script.kind == "powershell":
            session.run(script.text, script.line)
        else:
            message = f"EC2Launch v2 runs no script of the type {script.kind or 'that is missing'}: type is powershell or batch"
            yield AgentWarning(WarningCode.NOT_RUN, message, script.line)


class _Session:
    """Runs the scripts of user data in thought, one after the other.

    Args:
        holes: the unknown pieces.
        persists: whether the scripts run again at every boot.
    """

    def __init__(self, holes: Holes, *, persists: bool) -> None:
        self.worlds = [World()]
        self.shell = Interpreter(holes, lambda line: line)
        self.shell.persists = persists

    def run(self, script: str, first: int) -> None:
        """Run a PowerShell script that begins on a line of the user data."""
        self.shell.lines = lambda line: first + line - 1
        self._find_files(script, first)
        self._begin()
        self.worlds = self.shell.run_script(script, self.worlds)

    def run_batch(self, script: str, first: int) -> None:
        """Run a batch file: of its commands, those that set variables or run PowerShell."""
        self._find_files(script, first)
        self._begin()
        self.worlds = [ended for world in self.worlds for ended in self.shell.batch(script, world, first)]

    def at_end(self) -> dict[str, Setting]:
        """Return what the agent has when all has run, with a warning for what came too late for it."""
        found: dict[str, list[Setting | None]] = {name: [] for name in variables()}
        for world in self.worlds:
            for name, setting in world.machine.items():
                if world.agent is not None and world.agent.get(name) != setting:
                    self.shell.warn(
                        WarningCode.AFTER_INITIALIZE,
                        f"{name} is set after Initialize-ECSAgent has started the agent; set it before",
                        setting.line,
                        name,
                    )
            for name, settings in found.items():
                settings.append((world.machine if world.agent is None else world.agent).get(name))
        return {name: one for name, settings in found.items() if (one := self._of_all(settings)) is not None}

    def _of_all(self, settings: list[Setting | None]) -> Setting | None:
        """Return the setting in all worlds; unknown where they differ."""
        values = {each.value if each is not None else "" for each in settings}
        line = max((each.line for each in settings if each is not None), default=0)
        if not line:
            return None
        if len(values) == 1:
            return Setting(values.pop(), line)
        return Setting(self.shell.holes.mark("it depends on a condition in the script", line), line)

    def _begin(self) -> None:
        for world in self.worlds:
            world.flow = "restart" if world.flow == "restart" else ""

    def _find_files(self, script: str, first: int) -> None:
        """Warn of settings in a file: the agent on Windows reads none of that form."""
        for number, line in enumerate([] if script.startswith("#!") else script.split("\n"), first):
            names = [each for each in _NAMES.findall(line) if each in variables()]
            if names and _CONFIG.search(line) and not _COMMENT.match(line):
                message = f"the agent on Windows does not read ecs.config: {write(names[0])}"
                self.shell.warn(WarningCode.WRITTEN_ELSEWHERE, message, number, names[0])


def _boot_only(session: _Session, user_data: str) -> frozenset[int]:
    """Return the lines that remove images before the agent has any; a script that persists runs at every boot."""
    again = session.shell.persists
    if are_tasks(user_data):
        again = any(each.always for each in task_scripts(user_data) or ())
    return frozenset() if again else frozenset(line for world in session.worlds for line in world.pruned)


def _conclude(session: _Session, holes: Holes, warnings: list[AgentWarning], user_data: str) -> Reading:
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    unknown: list[Unknown] = []
    worlds = session.worlds
    any_name = holes.first(next((world.anything for world in worlds if world.anything), ""))
    if any_name is not None:
        reason = f"any variable may be set: {any_name.reason}"
        unknown.append(Unknown(None, any_name.line, reason))
    settings = session.at_end()
    for name, setting in settings.items():
        hole = holes.first(setting.value)
        lines[name] = setting.line
        if hole is not None:
            unknown.append(Unknown(name, hole.line, hole.reason))
        elif setting.value:  # an empty value removes the variable
            values[name] = setting.value
    reading = explained(
        values,
        "windows",
        lines=lines,
        unknown=unknown,
        warnings=[*warnings, *session.shell.warnings],
        prunes=find_prunes(user_data, _boot_only(session, user_data)),
        pulls={pull: None for world in worlds for pull in world.pulls},
        used="\n".join(each for world in worlds for each in world.used),
    )
    reading = with_mentions(replace(reading, agent=_use(session, reading)), user_data, settings)
    return in_own_terms(reading, holes, user_data)


def _use(session: _Session, reading: Reading) -> AgentUse:
    meant = next((each for each in reading.warnings if each.variable), None)
    clusters = dict.fromkeys(session.shell.clusters)
    machine = [name for name in variables() if any(name in world.machine for world in session.worlds)]
    if any(world.agent is not None for world in session.worlds):
        evidence = "it runs Initialize-ECSAgent"
    elif clusters:
        evidence = "it sets ECS_CLUSTER for the machine"
    elif machine:
        evidence = f"it sets {machine[0]} for the machine"
    elif meant is not None:
        evidence = f"it sets {meant.variable} on line {meant.line}"
    else:
        evidence = ""
    return AgentUse(evidence=evidence, clusters=tuple(clusters))
