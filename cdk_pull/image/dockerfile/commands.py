"""The commands of a RUN, told apart as far as advice needs it: no expansion, no control flow, nothing is run."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["MAX_SCRIPT", "Command", "commands_of"]

_TOKEN: Final = re.compile(
    r"""(?P<end>&&|\|\||[;|&()\n])|(?P<comment>(?<![^\s;&|(])\#[^\n]*)"""
    r"""|(?P<word>(?:[^\s;&|()'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)|(?P<other>.)""",
    re.DOTALL,
)
_PREFIXES: Final = frozenset(
    {"!", "command", "do", "else", "env", "exec", "if", "nice", "sudo", "then", "time", "while", "{", "}"}
)
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
MAX_SCRIPT: Final = 1 << 16
"""Characters of a script; a longer one is not read."""

_SHELLS: Final = frozenset({"bash", "sh", "/bin/bash", "/bin/sh"})


@dataclass(frozen=True, slots=True)
class Command:
    """A program with its arguments.

    Attributes:
        program: its name, without the folder.
        words: its arguments.
    """

    program: str
    words: tuple[str, ...]

    @property
    def verb(self) -> str:
        """The first argument that is not an option; empty for none."""
        return next((word for word in self.words if not word.startswith("-")), "")

    def is_one_of(self, programs: Collection[str], verbs: Collection[str]) -> bool:
        """Tell whether it runs one of some programs for one of some purposes."""
        return self.program in programs and self.verb in verbs


def commands_of(script: str) -> tuple[Command, ...]:
    """Return the commands of a RUN's script, in its shell or its exec form; none of a script of more than 64 KiB."""
    if len(script) > MAX_SCRIPT:
        return ()
    if script.lstrip().startswith("["):
        words = _exec_form(script)
        if words[:1] and words[0] in _SHELLS and "-c" in words:
            return commands_of(" ".join(words[words.index("-c") + 1 :][:1]))
        return (Command(words[0].rpartition("/")[2], tuple(words[1:])),) if words else ()
    return tuple(_commands(script))


def _exec_form(script: str) -> list[str]:
    try:
        words = json.loads(script)
    except (ValueError, RecursionError):
        return []
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else []


def _commands(script: str) -> Iterator[Command]:
    words: list[str] = []
    for match in _TOKEN.finditer(script.replace("\\\n", " ")):
        if match["end"]:
            yield from _command(words)
            words = []
        elif match["word"]:
            words.append(match["word"])
    yield from _command(words)


def _command(words: list[str]) -> Iterator[Command]:
    at = 0
    while at < len(words) and (words[at] in _PREFIXES or _ASSIGNMENT.fullmatch(words[at])):
        at += 1
    rest = [_unquoted(word) for word in words[at:]]
    if rest[:1] and rest[0].rpartition("/")[2].startswith("python") and rest[1:2] == ["-m"]:
        rest = rest[2:]
    if rest:
        yield Command(rest[0].rpartition("/")[2], tuple(rest[1:]))


def _unquoted(word: str) -> str:
    return word.replace('"', "").replace("'", "")
