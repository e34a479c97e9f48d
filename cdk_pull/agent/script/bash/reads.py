"""``read``, ``while read`` and ``mapfile``: variables out of lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_pull.agent.script.bash.parameters import store, store_array
from cdk_pull.agent.script.bash.words import expand_one

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node

    from cdk_pull.agent.script.bash.call import Call
    from cdk_pull.agent.script.bash.shell import Shell
    from cdk_pull.agent.script.bash.world import Chunk, World

__all__ = ["Reader", "lines_of", "map_file", "read", "reader_of"]

_VALUED: Final = "adinNptu"
_PLAIN: Final = frozenset("rpa")


class Reader(NamedTuple):
    """What ``read`` makes of a line.

    Attributes:
        names: the variables; the last one gets the rest of the line.
        array: whether the only name is that of an array.
        raw: whether backslashes stay.
        known: whether all of its options are followed.
        between: the characters that separate words.
    """

    names: tuple[str, ...]
    array: bool
    raw: bool
    known: bool
    between: str

    def bind(self, world: World, text: str) -> None:
        """Set the variables to the words of a line."""
        text = text if self.raw else re.sub(r"\\(.)", r"\1", text)
        blanks = "".join(each for each in self.between if each in " \t\n")
        others = re.escape("".join(each for each in self.between if each not in " \t\n"))
        separator = (
            f"[{blanks}]*[{others}][{blanks}]*|[{blanks}]+" if blanks and others else f"[{self.between}]"
        )
        separator = f"[{blanks}]+" if blanks and not others else separator
        text = text.strip(blanks) if blanks else text
        most = 0 if self.array else len(self.names) - 1
        words = (
            [text]
            if not self.between or (not most and not self.array)
            else re.split(separator, text, maxsplit=most)
        )
        if self.array:
            store_array(self.names[0], words, world)
            return
        for name, word in zip(self.names, [*words, *[""] * len(self.names)], strict=False):
            store(name, word, world)


def reader(words: Sequence[str], between: str) -> Reader:
    """Return what ``read`` with these words makes of a line."""
    names, options = [*words], ""
    while names and names[0].startswith("-"):
        option = names.pop(0)[1:]
        options += option
        if option[-1:] in _VALUED and option[-1:] != "a" and names:
            names.pop(0)
    return Reader(tuple(names or ["REPLY"]), "a" in options, "r" in options, set(options) <= _PLAIN, between)


def reader_of(shell: Shell, question: Node, world: World) -> tuple[Reader, bool] | None:
    """Return what a loop's condition reads, and whether a last line without an end counts; None for another one."""
    parts = question.named_children if question.type == "list" else [question]
    first = parts[0]
    name = first.child_by_field_name("name") if first.type == "command" else None
    if name is None or name.text != b"read":
        return None
    words = [expand_one(each, world, shell) for each in first.children_by_field_name("argument")]
    found = reader(words, separators(shell, first, world))
    return (found, len(parts) > 1) if found.known else None


def separators(shell: Shell, command: Node, world: World) -> str:
    """Return what separates words for a command: its own ``IFS=``, or the script's."""
    own = next((each for each in command.named_children if each.type == "variable_assignment"), None)
    value = own.child_by_field_name("value") if own is not None else None
    if own is not None and (own.text or b"").startswith(b"IFS="):
        return expand_one(value, world, shell) if value is not None else ""
    return world.variables.get("IFS", " \t\n")


def lines_of(shell: Shell, content: Sequence[Chunk] | None, *, last: bool) -> list[str] | None:
    """Return the lines of a known content; None where nobody knows how many there are."""
    if content is None or any(shell.is_elsewhere(each.text) for each in content):
        return None
    *lines, rest = "".join(each.text for each in content).split("\n")
    return [*lines, rest] if rest and last else lines


def read(call: Call) -> None:
    """Run ``read``, of the first line."""
    found = reader(call.arguments, call.separators)
    lines = lines_of(call.shell, call.io.stdin, last=True) if call.fresh else None
    if lines is not None and found.known:
        found.bind(call.world, lines[0] if lines else "")
        return
    for name in found.names:
        call.world.variables[name] = call.shell.holes.mark(f"what {name} reads is not known", call.line)


def map_file(call: Call) -> None:
    """Run ``mapfile`` and ``readarray``."""
    name = next((each for each in reversed(call.operands) if each.isidentifier()), "MAPFILE")
    lines = lines_of(call.shell, call.io.stdin, last=True) if call.arguments[:-1] == ["-t"] else None
    mark = call.shell.holes.mark(f"the lines of {name} are not known", call.line)
    store_array(name, [f"[*]={mark}"] if lines is None else lines, call.world)
