"""The words of Windows command lines, and what a ``powershell`` among them runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["commands", "script_in"]

_WORD = lazy_pattern(r'"(?:\\"|[^"])*"|&&?|[^\s&"]+(?:"[^"]*")?')
# What stands before a command and leaves it what it is.
_BEFORE = frozenset({"call", "start", "/wait", "/b"})
# What powershell.exe takes before the commands that it is to run, and whether a value follows.
_COMMAND = frozenset({"-command", "-c"})
_ELSEWHERE = frozenset({"-file", "-f", "-encodedcommand", "-e", "-ec", "-enc"})
_FLAGS = frozenset(
    {"-nologo", "-noexit", "-noprofile", "-nop", "-noninteractive", "-noni", "-sta", "-mta", "-login"}
)


def commands(line: str) -> Iterator[list[str]]:
    """Yield the commands on a line of a batch file, each as its words without quotes."""
    words: list[str] = []
    for found in _WORD.finditer(line.strip().removeprefix("@")):
        if found[0] in {"&", "&&"}:
            yield words
            words = []
        elif words or found[0].lower() not in _BEFORE:
            word = found[0]
            words.append(word[1:-1].replace('\\"', '"') if word.startswith('"') else word.replace('"', ""))
    yield words


def script_in(words: Sequence[str]) -> str:
    """Return the commands that ``powershell`` runs with these words; empty where they stand elsewhere."""
    position = 0
    while position < len(words) and words[position].startswith("-"):
        option = words[position].lower()
        if option in _COMMAND:
            return " ".join(words[position + 1 :])
        if option in _ELSEWHERE:
            return ""
        position += 1 if option in _FLAGS else 2
    return " ".join(words[position:])
