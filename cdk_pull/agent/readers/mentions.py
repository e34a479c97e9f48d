"""What user data names of the agent's variables and the reader says nothing about: unknown, with its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.reading import Unknown
from cdk_pull.agent.variables import variables
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_pull.agent.readers.reading import Reading

__all__ = ["with_mentions"]

# A warning of one of these is about the whole text, and so about each name in it.
_OF_ALL = frozenset(
    {
        WarningCode.NO_SHEBANG,
        WarningCode.NOT_RUN,
        WarningCode.NO_POWERSHELL_TAG,
        WarningCode.NOT_TOML,
        WarningCode.SHELL_IN_TOML,
        WarningCode.WRONG_TABLE,
        WarningCode.UNSUPPORTED_KEY,
        WarningCode.INVALID_VALUE,
        WarningCode.UNKNOWN_TABLE,
        WarningCode.TRUNCATES_EARLIER_LINES,
    }
)
_BLOCK_COMMENT = lazy_pattern(r"<#.*?#>", re.DOTALL)
_COMMENT = lazy_pattern(r"\s*(?:#|(?:@?rem\b|::)(?=.))", re.IGNORECASE)
_LONG = 2000
_TRAILING = lazy_pattern(r"((?:[^\"'#\\]|\\.|\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?<!\s)#)*)(\s#.*)?")


def with_mentions(reading: Reading, text: str, known: Iterable[str] = ()) -> Reading:
    """Return the reading with an unknown for each variable that the text names and the reading says nothing about.

    Its effective value stays what it is by all that was followed.

    Args:
        reading: what the reader has found.
        text: the user data.
        known: variables that the reader has followed although they have no value.
    """
    if any(each.variable is None for each in reading.unknown) or any(
        each.code in _OF_ALL for each in reading.warnings
    ):
        return reading
    said = {*reading.settings, *known}
    said |= {each.variable for each in reading.unknown if each.variable is not None}
    said |= {each.variable for each in reading.warnings if each.variable is not None}
    missing = [name for name in variables() if name in text and name not in said]
    if not missing:
        return reading
    warned = {each.line for each in reading.warnings}
    found = [each for each in _mentions(text, missing) if each.line not in warned]
    return replace(reading, unknown=(*reading.unknown, *found))


def _mentions(text: str, names: list[str]) -> Iterator[Unknown]:
    """Yield the first line outside of comments that names each variable."""
    lines = _BLOCK_COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text).split("\n")
    for name in names:
        spelled = re.compile(rf"(?<![A-Z_]){name}(?![A-Z_])")
        for number, line in enumerate(lines, 1):
            if name in line and spelled.search(_code(line)):
                reason = "the user data names it, and nothing that was evaluated sets it"
                yield Unknown(name, number, reason, named_only=True)
                break


def _code(line: str) -> str:
    """Return a line without its comment."""
    if _COMMENT.match(line):
        return ""
    found = _TRAILING.fullmatch(line) if len(line) < _LONG else None
    return line if found is None else found[1]
