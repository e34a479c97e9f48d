"""Where in a script a line is sure to have its effect."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.script.bash.parse import parse
from cdk_pull.agent.script.bash.world import ECS_CONFIG
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["candidates", "command", "first", "header"]

_HEADER = lazy_pattern(
    r"(?:## template: jinja[^\n]*\n)?(?:#cloud-boothook[^\n]*(?:\n|\Z))?(?:#![^\n]*(?:\n|\Z))?", re.IGNORECASE
)

# What may write the file, and so what comes after it lasts.
_WRITES = lazy_pattern(rb"ecs\.config|\bcfn-init\b")
_STOPS_ON_ERROR = lazy_pattern(
    r"^#!.*\s-[a-zA-Z]*e|^\s*set\s+(?:-[a-zA-Z]*e|-o\s+errexit)|\berrexit\b", re.MULTILINE
)


def command(settings: Mapping[str, str]) -> str:
    """Return the command that appends settings to ecs.config.

    It begins with an empty line, which ecs-init skips, because what stands in the file may not end in a line feed.
    """
    lines = " ".join(shlex.quote(f"{name}={value}") for name, value in settings.items())
    return f"mkdir -p /etc/ecs && printf '%s\\n' '' {lines} >> {ECS_CONFIG}"


def first(script: str, line: str) -> str:
    """Return the script with a line at its very beginning, below the shebang, where nothing can prevent it."""
    above, rest = _split(script)
    newline = "\r\n" if above.endswith("\r\n") else "\n"
    return f"{above}{line}{newline}{rest}"


def candidates(script: str, line: str, writes: re.Pattern[bytes] = _WRITES) -> Iterator[str]:
    """Yield the script with the command in it, in the places where it is likely to last.

    At the very beginning no ``exit``, ``exec``, ``set -e``, open quote or syntax error of the script can prevent
    them. What the script truncates afterwards is the reason for the other places: after the last statement that
    writes the file, when the script exits, and at its end.

    Args:
        script: the script.
        line: the command.
        writes: what a statement has in it that may write the file; ecs.config by default.
    """
    above, rest = _split(script)
    newline = "\r\n" if above.endswith("\r\n") else "\n"
    yield first(script, line)
    for position in _after(writes, rest):
        before = rest[:position] if rest[:position].endswith("\n") else f"{rest[:position]}{newline}"
        # Where any failure ends the script, it may end before it comes so far.
        before_all = f"{line}{newline}" if _STOPS_ON_ERROR.search(script) else ""
        yield f"{above}{before_all}{before}{line}{newline}{rest[position:]}"
    name = "set_ecs_agent_settings"
    yield f"{above}{name}() {{ {line}; }}{newline}trap {name} EXIT{newline}{rest}"
    ended = rest if rest.endswith("\n") else f"{rest}{newline}"
    yield f"{above}{ended}{line}{newline}"


def header(script: str) -> str:
    """Return the shebang of a script with what has to stand before it, as it is; empty where there is none."""
    found = _HEADER.match(script)
    return found[0] if found is not None else ""


def _split(script: str) -> tuple[str, str]:
    """Return the shebang with what has to stand before it, and the rest; with a shebang where there is none."""
    found = header(script)
    above = found
    if "#!" not in above:
        above = f"{above}#!/bin/bash\n" if not above or above.endswith("\n") else f"{above}\n#!/bin/bash\n"
    elif not above.endswith("\n"):
        above += "\n"
    return above, script[len(found) :]


def _after(writes: re.Pattern[bytes], script: str) -> Iterator[int]:
    """Yield the ends of the lines on which statements end that may write a file, the last first."""
    _, root = parse(Holes().hide_tokens(script).encode("utf-8", "replace"))
    ends = [0]
    for line in script.split("\n"):
        ends.append(ends[-1] + len(line) + 1)
    for node in reversed(root.children):
        row, column = node.end_point
        if writes.search(node.text or b""):
            # The tree has rows of its own where a here-document does not end.
            yield min(ends[min(row + 1 if column else row, len(ends) - 1)], len(script))
