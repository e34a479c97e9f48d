"""Writes the agent settings into the user data of Windows instances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.pieces import begins_unknown
from cdk_pull.agent.readers.ec2launch import are_tasks, first_task, task_scripts
from cdk_pull.agent.readers.windows import BLOCK, read
from cdk_pull.agent.writers.writing import write
from cdk_pull.errors import UnsupportedError
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cdk_pull.agent.settings import AgentSettings

__all__ = ["add", "places"]

_OPEN = lazy_pattern(r"<powershell>[ \t]*(?:\r?\n)?", re.IGNORECASE)
_MUST_BE_FIRST = lazy_pattern(r"(?:\s|#[^\n]*\n)*(?:param\b|using\b|\[CmdletBinding)", re.IGNORECASE)
_COMMAND = lazy_pattern(r"^[ \t]*[^#\s]", re.MULTILINE)
_PLAIN = lazy_pattern(r"[A-Za-z0-9_./:@,=+-]*")


def add(user_data: str, settings: AgentSettings) -> str:
    """Return the user data with the settings set first thing in ``<powershell>``; all else stays byte for byte.

    Text without commands is put between the tags.

    Raises:
        ConflictError: when the user data sets one of the variables to another value, or spoils one of the settings.
        UnsupportedError: when the settings cannot be put where they are sure to have their effect.
    """
    return write(user_data, settings, read, _candidates)


def _candidates(user_data: str, missing: Mapping[str, str]) -> Iterator[str]:
    return places(user_data, [_line(name, value) for name, value in missing.items()])


def places(user_data: str, commands: Sequence[str]) -> Iterator[str]:
    """Yield user data with commands more in it, the likeliest place first.

    Raises:
        UnsupportedError: when nothing can be added to this kind of user data.
    """
    if are_tasks(user_data):
        yield from _in_tasks(user_data, commands)
        return
    if begins_unknown(user_data) and BLOCK.search(user_data) is None:
        raise UnsupportedError(
            "user data that begins with a token cannot be added to, because nobody knows what it is; begin it with "
            "<powershell>"
        )
    newline = "\r\n" if "\r\n" in user_data else "\n"
    lines = "".join(f"{each}{newline}" for each in commands)
    opening = _OPEN.search(user_data)
    if opening is None and BLOCK.search(user_data) is None:
        if _COMMAND.search(user_data):
            raise UnsupportedError(
                "the user data has no <powershell> tag, so EC2Launch runs none of it, and would run all of it with the "
                "settings in it: put it between <powershell> and </powershell> if it is to run, or remove it"
            )
        ended = user_data if not user_data or user_data.endswith("\n") else f"{user_data}{newline}"
        yield f"<powershell>{newline}{lines}{ended}</powershell>"
    elif opening is None:
        yield f"<powershell>{newline}{lines}</powershell>{newline}{user_data}"
    else:
        tag = opening[0] if opening[0].endswith("\n") else f"{opening[0]}{newline}"
        if _MUST_BE_FIRST.match(user_data, opening.end()) is None:
            yield f"{user_data[: opening.start()]}{tag}{lines}{user_data[opening.end() :]}"
        for found in re.finditer(r"^[ \t]*Initialize-ECSAgent\b", user_data, re.IGNORECASE | re.MULTILINE):
            yield f"{user_data[: found.start()]}{lines}{user_data[found.start() :]}"


def _in_tasks(user_data: str, commands: Sequence[str]) -> Iterator[str]:
    """Yield tasks of EC2Launch v2 with the commands first thing in the first script, before the agent, or as a task."""
    newline = "\r\n" if "\r\n" in user_data else "\n"
    lines = user_data.splitlines(keepends=True)
    shells = [each for each in task_scripts(user_data) or () if each.kind == "powershell" and each.block]
    for script in shells[:1]:
        body = next((line for line in lines[script.line - 1 :] if line.strip()), "")
        if _MUST_BE_FIRST.match(script.text) is None:
            yield _with_lines(
                lines, script.line - 1, body[: len(body) - len(body.lstrip())], commands, newline
            )
    for number, line in enumerate(lines):
        if re.match(r"[ \t]*Initialize-ECSAgent\b", line, re.IGNORECASE):
            yield _with_lines(lines, number, line[: len(line) - len(line.lstrip())], commands, newline)
    place = first_task(user_data)
    if place is not None:
        number, column = place
        task = [
            "- task: executeScript",
            "  inputs:",
            "  - frequency: once",
            "    type: powershell",
            "    runAs: localSystem",
            "    content: |-",
            *(f"      {each}" for each in commands),
        ]
        yield _with_lines(lines, number, " " * column, task, newline)


def _with_lines(lines: Sequence[str], number: int, indent: str, added: Sequence[str], newline: str) -> str:
    return "".join([*lines[:number], *(f"{indent}{each}{newline}" for each in added), *lines[number:]])


def _line(name: str, value: str) -> str:
    return f'[Environment]::SetEnvironmentVariable("{name}", {_quoted(value)}, "Machine")'


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f'"{value}"'
    # PowerShell takes the typographic quotes for quotes, too; two of any stand for one.
    doubled = re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", value)
    return f"'{doubled}'"
