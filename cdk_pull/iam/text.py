"""Text of which only the deployment knows a part, and whether an IAM pattern covers it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from cdk_pull.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ANY_CHARACTER", "Part", "Text", "all_of", "any_of", "covers", "shown", "text"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text that only the deployment knows.

    Attributes:
        name: parts of one name have one value.
        unique: whether no other unique part has the same value, as the names that CloudFormation gives to resources; it
            is not empty, either.
        label: how messages call it; its name where there is none.
    """

    name: str
    unique: bool = False
    label: str = field(default="", compare=False)


Text: TypeAlias = tuple[str | Part, ...]
"""The pieces of a text in order; a text that is known in full is one string."""

ANY_CHARACTER: Final = "\ue000"
"""Stands in a value for one character that is not known."""

_LONGEST: Final = 4096
"""More than any ARN has characters."""


def text(*pieces: str | Part | Text) -> Text:
    """Return a text of pieces, neighbouring strings joined."""
    joined: list[str | Part] = []
    for piece in pieces:
        for each in piece if isinstance(piece, tuple) else (piece,):
            if each == "":
                continue
            if joined and isinstance(each, str) and isinstance(joined[-1], str):
                joined[-1] += each
            else:
                joined.append(each)
    return tuple(joined)


def shown(value: Text) -> str:
    """Return a text for a person to read."""
    pieces = (piece if isinstance(piece, str) else f"${{{piece.label or piece.name}}}" for piece in value)
    return "".join(pieces).replace(f"-{ANY_CHARACTER * 6}", "").replace(ANY_CHARACTER, "*")


@lru_cache(maxsize=65536)
def covers(pattern: Text, value: Text) -> bool | None:
    """Tell whether a pattern with ``*`` and ``?`` covers a value; None where only the deployment knows."""
    if pattern == ("*",):
        return True
    if sum(map(_length, pattern)) > _LONGEST or sum(map(_length, value)) > _LONGEST:
        return None
    if _surely(pattern, value):
        return True
    return None if _possibly(_elements(pattern), _elements(value)) else False


def _length(piece: str | Part) -> int:
    return len(piece) if isinstance(piece, str) else 1


def _surely(pattern: Text, value: Text) -> bool:
    """Tell whether the pattern covers the value whatever the parts are."""
    steps, elements = _plain(pattern), _plain(value)
    at = matched = 0
    # Where the last star stands, and how much of the value it has taken: only that is ever taken back.
    star, taken = -1, 0
    while matched < len(elements):
        step = steps[at] if at < len(steps) else None
        element = elements[matched]
        if step == "*":
            star, taken, at = at, matched, at + 1
        elif step is not None and (step == element or (step == "?" and isinstance(element, str))):
            at, matched = at + 1, matched + 1
        elif star >= 0:
            taken += 1
            at, matched = star + 1, taken
        else:
            return False
    return all(step == "*" for step in steps[at:])


def _plain(value: Text) -> list[str | Part]:
    return [each for piece in value for each in (piece if isinstance(piece, str) else (piece,))]


@dataclass(frozen=True, slots=True)
class _Some:
    """What stands for any text, or for one character of it."""

    part: Part
    one: bool = False


_Element: TypeAlias = "str | _Some"


def _elements(value: Text) -> tuple[_Element, ...]:
    found: list[_Element] = []
    for piece in value:
        if isinstance(piece, str):
            found += piece
        else:
            # A unique one has a character at least.
            found += (_Some(piece, one=True), _Some(piece)) if piece.unique else (_Some(piece),)
    return tuple(found)


def _possibly(pattern: tuple[_Element, ...], value: tuple[_Element, ...]) -> bool:
    """Tell whether there are values of the parts with which the pattern covers the value."""
    # One row of the table for each element of the pattern, from its end: whether the rest covers value[index:].
    row = [all(map(_is_wild, value[index:])) for index in range(len(value) + 1)]
    for step in reversed(pattern):
        below, row = row, [False] * (len(value) + 1)
        wild = step == "*" or _is_wild(step)
        for index in range(len(value), -1, -1):
            found = wild and below[index]
            if not found and index < len(value):
                element = value[index]
                found = (
                    (_same(step, element) and below[index + 1])
                    or (wild and _takes(step, element) and row[index + 1])
                    or (_is_wild(element) and ((_takes(element, step) and below[index]) or row[index + 1]))
                )
            row[index] = found
    return row[0]


def _is_wild(element: _Element) -> bool:
    return isinstance(element, _Some) and not element.one


def _same(step: _Element, element: _Element) -> bool:
    """Tell whether one step of a pattern may be one element of a value."""
    if isinstance(step, _Some) and isinstance(element, _Some):
        return step == element
    if isinstance(step, _Some) or isinstance(element, _Some):
        return (isinstance(step, _Some) and step.one) or (isinstance(element, _Some) and element.one)
    return step in {"?", element} or element == ANY_CHARACTER


def _takes(wild: _Element, other: _Element) -> bool:
    """Tell whether what stands for any text may stand for this."""
    if not (isinstance(wild, _Some) and isinstance(other, _Some)):
        return True
    return not (wild.part.unique and other.part.unique)


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Return True when one is, None when one is not known, otherwise False."""
    found: bool | None = False
    for each in answers:
        if each:
            return True
        if each is None:
            found = None
    return found


def all_of(answers: Sequence[bool | None]) -> bool | None:
    """Return False when one is, None when one is not known, otherwise True."""
    return False if False in answers else None if None in answers else True
