"""Shell commands for ``ecs.config``, said again in Bottlerocket's TOML."""

from __future__ import annotations

from cdk_pull.agent.fixes.values import intended
from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.readers.toml_tokens import stand_in
from cdk_pull.agent.variables import variables
from cdk_pull.agent.writers.toml_insert import inserted
from cdk_pull.patterns import lazy_pattern

__all__ = ["from_shell"]

# What CDK writes for Amazon Linux, and people with it: commands of one line each.
_COMMAND = lazy_pattern(
    r"[ \t]*(?:#!.*|(?:sudo[ \t]+)?(?:echo|cat|export|mkdir|yum|dnf|systemctl|service|iptables|printf)\b.*|[^\[=]*>>.*)"
)
_WRITES = lazy_pattern(
    r"[ \t]*(?:sudo[ \t]+)?echo[ \t]+[\"']?([A-Z_]+)=(.*?)[\"']?[ \t]*>>?[ \t]*/etc/ecs/ecs\.config[ \t]*\r?"
)
_CLUSTER = ("ECS_CLUSTER", "settings.ecs", "cluster")


def from_shell(text: str) -> str:
    """Return the document without shell commands, with the settings that they wrote and Bottlerocket knows.

    It is the text itself where that gives no TOML.
    """
    kept: list[str] = []
    holes = Holes()
    wanted: dict[str, dict[str, object]] = {}
    for line in text.split("\n"):
        written = _WRITES.fullmatch(line)
        if written is not None:
            table, key, value = _said(written[1], holes.hide_tokens(written[2].strip("\"'")))
            if key:
                wanted.setdefault(table, {})[key] = value
        elif not _COMMAND.fullmatch(line):
            kept.append(line)
    document = stand_in("\n".join(kept), holes)
    merged = inserted(document.text, wanted)
    return text if merged is None else document.restore(merged)


def _said(name: str, value: str) -> tuple[str, str, object]:
    """Return the table, the key and the value for a variable; no key where Bottlerocket has none."""
    if name == _CLUSTER[0]:
        return _CLUSTER[1], _CLUSTER[2], value
    variable = variables().get(name)
    place = variable.bottlerocket if variable is not None else None
    given = intended(name, value) if variable is not None else ""
    if variable is None or place is None or not given:
        return "", "", ""
    parsed: object = given if variable.kind in {"behavior", "duration"} else variable.parse(given)
    return place.table, place.key, (not parsed) if place.inverted else parsed
