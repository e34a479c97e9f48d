"""The one way in which text of others reaches a terminal or a log: labels, names, values, metadata, file names.

A template or a registry may hold anything: what moves a cursor, turns the direction of writing, or reads as a command to
the runner that records the log.
"""

from __future__ import annotations

import re
from typing import Final

from cdk_pull.patterns import lazy_pattern

__all__ = ["json_safe", "line_safe", "log_safe", "printable", "xml_safe"]

_UNPRINTABLE: Final = "\N{REPLACEMENT CHARACTER}"
# A command is, to GitHub, a line that begins with two colons, blanks before it or not, and what begins with two number
# signs and a bracket anywhere; Azure Pipelines and TeamCity have a word before the bracket.
_AT_START: Final = lazy_pattern(r"\A(\s*:):")
_ANYWHERE: Final = lazy_pattern(r"#(?=#(?:\[|vso\[|teamcity\[))", re.IGNORECASE)
_LINE_START: Final = lazy_pattern(r"^(\s*):(?=:)", re.MULTILINE)


def printable(text: str) -> str:
    """Return a text in one line, without control and bidirectional characters and lone surrogates."""
    return (
        text if text.isprintable() else "".join(char if char.isprintable() else _UNPRINTABLE for char in text)
    )


def line_safe(line: str) -> str:
    """Return a line that no runner takes for a command: a blank stands within what would begin one."""
    if ":" in line:
        line = _AT_START.sub(r"\1 :", line)
    return _ANYWHERE.sub("# ", line) if "##" in line else line


def log_safe(text: str) -> str:
    """Return a text whose lines no runner takes for commands."""
    return "\n".join(map(line_safe, text.split("\n")))


def json_safe(text: str) -> str:
    """Return JSON that says the same, and that no runner takes for commands."""
    # Two number signs stand in strings alone, where one may be escaped.
    return text.replace("##", "\\u0023#")


def xml_safe(text: str) -> str:
    """Return XML that says the same, and that no runner takes for commands."""
    return _LINE_START.sub(r"\1&#58;", text.replace("##", "&#35;#"))
