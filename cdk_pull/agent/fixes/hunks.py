"""The parts in which an edit really changes a text, as small as they can be told apart."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from cdk_pull.agent.fixes.case import Replacement
from cdk_pull.agent.pieces import split_marks
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.fixes.case import Edit

__all__ = ["hunks", "line_diff"]

_LINE: Final = lazy_pattern(r"[^\n]*\n|[^\n]+")


def hunks(edit: Edit) -> Iterator[Replacement]:
    """Yield what an edit changes: whole lines, or what differs in a line between the marks of unknown pieces."""
    for change in edit.changes:
        old = edit.base[change.start : change.end]
        if not old or not change.text:
            yield change
            continue
        before, after = (_LINE.findall(each) for each in (old, change.text))
        at = change.start
        for kind, first, last, new_first, new_last in SequenceMatcher(
            None, before, after, autojunk=False
        ).get_opcodes():
            length = sum(map(len, before[first:last]))
            if kind != "equal":
                yield from _in_lines(at, before[first:last], after[new_first:new_last])
            at += length


def line_diff(before: str, after: str) -> tuple[str, ...]:
    """Return the lines in which two texts differ, each with ``-`` or ``+`` before it."""
    old, new = before.split("\n"), after.split("\n")
    found: list[str] = []
    for kind, first, last, new_first, new_last in SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if kind != "equal":
            found += [f"-{line}" for line in old[first:last]]
            found += [f"+{line}" for line in new[new_first:new_last]]
    return tuple(found)


def _in_lines(at: int, old: list[str], new: list[str]) -> Iterator[Replacement]:
    """Yield the changes of some lines, line by line where there are as many as before."""
    if len(old) != len(new):
        text = "".join(old)
        yield Replacement(at, at + len(text), "".join(new))
        return
    for before, after in zip(old, new, strict=True):
        yield from _in_line(at, before, after)
        at += len(before)


def _in_line(at: int, old: str, new: str) -> Iterator[Replacement]:
    before, after = split_marks(old), split_marks(new)
    if before[1::2] != after[1::2]:
        before, after = [old], [new]
    for one, other in zip(before, after, strict=True):
        if one != other:
            yield _trimmed(at, one, other)
        at += len(one)


def _trimmed(at: int, old: str, new: str) -> Replacement:
    shorter = min(len(old), len(new))
    start = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    end = next((n for n in range(shorter - start) if old[-1 - n] != new[-1 - n]), shorter - start)
    return Replacement(at + start, at + len(old) - end, new[start : len(new) - end])
