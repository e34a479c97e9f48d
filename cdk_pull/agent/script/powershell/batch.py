"""The words of Windows command lines, and what a ``powershell`` among them runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["commands", "lines", "script_in"]

_WORD = lazy_pattern(r'"(?:\\"|[^"])*"|&&?|[^\s&"]+(?:"[^"]*")?')
_VARIABLE = lazy_pattern(r"%([A-Za-z_]\w*)%")
_QUOTED = lazy_pattern(r'"[^"]*"')
_CONDITION = lazy_pattern(r"(?:if|for)\b", re.IGNORECASE)
_JUMP = lazy_pattern(r"(?:exit\b.*|goto[ \t:]+(\S+)[ \t]*)", re.IGNORECASE)
_STORE = lazy_pattern(r'set[ \t]+"?(\w+)=(.*)', re.IGNORECASE)
# What stands before a command and leaves it what it is.
_BEFORE = frozenset({"call", "start", "/wait", "/b"})
# What powershell.exe takes before the commands that it is to run, and whether a value follows.
_COMMAND = frozenset({"-command", "-c"})
_ELSEWHERE = frozenset({"-file", "-f", "-encodedcommand", "-e", "-ec", "-enc"})
_FLAGS = frozenset(
    {"-nologo", "-noexit", "-noprofile", "-nop", "-noninteractive", "-noni", "-sta", "-mta", "-login"}
)


def lines(script: str, first: int) -> Iterator[tuple[int, str, bool]]:
    """Yield the lines of a batch file that may run, with their numbers, and whether each is sure to.

    ``if``, ``for``, ``||`` and what stands in their brackets may run; what ``exit`` and ``goto`` pass over does not.
    A variable of the file's own stands there with its value.
    """
    known: dict[str, str] = {}
    target, depth, before = "", 0, ""
    for number, each in enumerate(script.split("\n"), first):
        line = before + each.rstrip("\r")
        before = line[:-1] if line.endswith("^") else ""
        text = line.strip().removeprefix("@").strip()
        if before or (target and text.lower() != target):
            continue
        target = ""
        text = _filled(text, known)
        plain = _QUOTED.sub("", text)
        sure = not depth and _CONDITION.match(plain) is None and "||" not in plain
        depth = max(depth + plain.count("(") - plain.count(")"), 0)
        jump, store = _JUMP.fullmatch(plain), _STORE.fullmatch(text)
        if sure and jump is not None:
            if jump[1] is None or jump[1].lower() == "eof":
                return
            target = f":{jump[1].lower()}"
        elif store is not None:
            known.pop(store[1].lower(), None)
            value = store[2].removesuffix('"') if '"' in text[: store.start(1)] else store[2]
            known |= {store[1].lower(): value} if sure else {}
        yield number, text, sure


def _filled(text: str, known: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: known.get(found[1].lower(), found[0]), text)


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
