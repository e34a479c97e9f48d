"""User data of Windows instances: the agent settings written into it, and read from it.

Source: EC2Launch runs the first ``<script>`` and then the first ``<powershell>`` of a user data, and nothing else of
it. ``Initialize-ECSAgent`` starts the agent, which reads the machine's environment at that moment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.codes import WarningCode
from cdk_pull.agent.explain import explain, explain_together
from cdk_pull.agent.powershell.session import Session
from cdk_pull.agent.reading import (
    AgentWarning,
    Reading,
    Unknown,
    compute,
    far_too_large,
    find_prune,
    size_warnings,
)
from cdk_pull.agent.shell.holes import Holes
from cdk_pull.agent.writing import write
from cdk_pull.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_pull.agent.settings import AgentSettings

__all__ = ["BLOCK", "add", "read"]

BLOCK = re.compile(r"<(powershell|script)>(.*?)(</\1>|\Z)", re.IGNORECASE | re.DOTALL)
"""What EC2Launch runs: the opening tag, the commands, and the closing tag where there is one."""

_OPEN = re.compile(r"<powershell>[ \t]*(?:\r?\n)?", re.IGNORECASE)
_TASKS = re.compile(r"\s*(?:#[^\n]*\n\s*)*version:", re.IGNORECASE)
_MUST_BE_FIRST = re.compile(r"(?:\s|#[^\n]*\n)*(?:param\b|using\b|\[CmdletBinding)", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9_./:@,=+-]*")


def read(user_data: str) -> Reading:
    """Return the settings that the agent really has after this user data.

    The text is read as if every command succeeded; where a condition decides, the value is unknown. A CDK token in
    it is an unknown piece.
    """
    if (unread := far_too_large(user_data, "windows")) is not None:
        return unread
    if _TASKS.match(user_data):
        return compute(
            {}, "windows", unknown=[Unknown(None, 1, "tasks of EC2Launch v2 in YAML are not read")]
        )
    holes = Holes()
    session = Session(holes)
    warnings = size_warnings(user_data)
    hidden = holes.hide_tokens(user_data)
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


def add(user_data: str, settings: AgentSettings) -> str:
    """Return the user data with the settings set first thing in ``<powershell>``; all else stays byte for byte.

    Text without ``<powershell>``, of which EC2Launch would run nothing, is put between the tags.

    Raises:
        ConflictError: when the user data sets one of the variables to another value, or spoils one of the settings.
        UnsupportedError: when the settings cannot be put where they are sure to have their effect.
    """
    return write(user_data, settings, read, _candidates)


def _candidates(user_data: str, missing: Mapping[str, str]) -> Iterator[str]:
    if _TASKS.match(user_data):
        raise UnsupportedError(
            "tasks of EC2Launch v2 in YAML cannot be added to; write the user data between <powershell> tags"
        )
    if user_data.lstrip().startswith("${Token[") and BLOCK.search(user_data) is None:
        raise UnsupportedError(
            "user data that begins with a token cannot be added to, because nobody knows what it is; begin it with "
            "<powershell>"
        )
    newline = "\r\n" if "\r\n" in user_data else "\n"
    lines = "".join(f"{_line(name, value)}{newline}" for name, value in missing.items())
    opening = _OPEN.search(user_data)
    if opening is None and BLOCK.search(user_data) is None:
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


def _line(name: str, value: str) -> str:
    return f'[Environment]::SetEnvironmentVariable("{name}", {_quoted(value)}, "Machine")'


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f'"{value}"'
    # PowerShell takes the typographic quotes for quotes, too; two of any stand for one.
    doubled = re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", value)
    return f"'{doubled}'"


def _conclude(session: Session, holes: Holes, warnings: list[AgentWarning], user_data: str) -> Reading:
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    unknown: list[Unknown] = []
    any_name = holes.first(session.anything)
    if any_name is not None:
        reason = f"any variable may be set: {any_name.reason}"
        unknown.append(Unknown(None, any_name.line, reason))
    for name, setting in session.at_end().items():
        hole = holes.first(setting.value)
        lines[name] = setting.line
        if hole is not None:
            unknown.append(Unknown(name, hole.line, hole.reason))
        elif setting.value:  # an empty value removes the variable
            values[name] = setting.value
    found = [*warnings, *session.warnings]
    found += [each for name, raw in values.items() for each in explain(name, raw, lines[name], "windows")]
    found += explain_together(values, lines, find_prune(user_data))
    distinct = sorted(dict.fromkeys(found), key=lambda each: each.line)
    return compute(values, "windows", lines=lines, unknown=unknown, warnings=distinct)
