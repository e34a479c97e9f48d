"""Text of which only the deployment knows a part, and whether an IAM pattern covers it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ANY_CHARACTER", "Part", "Text", "covers", "shown", "text"]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text that only the deployment knows.

    Attributes:
        name: parts of one name have one value.
        unique: whether no other unique part has the same value, as the names that CloudFormation gives to resources.
    """

    name: str
    unique: bool = False


Text: TypeAlias = tuple[str | Part, ...]
"""The pieces of a text in order; a text that is known in full is one string."""

ANY_CHARACTER: Final = "\ue000"
"""Stands in a value for one character that is not known."""

_PRIVATE: Final = 0xF0000


def text(*pieces: str | Part | Text) -> Text:
    """Return a text of pieces, neighbouring strings joined."""
    joined: list[str | Part] = []
    for piece in _flat(pieces):
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        elif piece != "":
            joined.append(piece)
    return tuple(joined)


def _flat(pieces: Iterable[str | Part | Text]) -> Iterable[str | Part]:
    for piece in pieces:
        if isinstance(piece, tuple):
            yield from piece
        else:
            yield piece


def shown(value: Text) -> str:
    """Return a text for a person to read."""
    pieces = (piece if isinstance(piece, str) else f"${{{piece.name}}}" for piece in value)
    return "".join(pieces).replace(f"-{ANY_CHARACTER * 6}", "")


@lru_cache(maxsize=65536)
def covers(pattern: Text, value: Text) -> bool | None:
    """Tell whether a pattern with ``*`` and ``?`` covers a value; None where only the deployment knows."""
    if pattern == ("*",):
        return True
    if _surely(pattern, value):
        return True
    return None if _possibly(_elements(pattern), _elements(value)) else False


def _surely(pattern: Text, value: Text) -> bool:
    """Tell whether the pattern covers the value whatever the parts are."""
    marks: dict[str, str] = {}

    def mark(part: Part) -> str:
        return marks.setdefault(part.name, chr(_PRIVATE + len(marks)))

    plain = "".join(piece if isinstance(piece, str) else mark(piece) for piece in value)
    first = f"[^{chr(_PRIVATE)}-{chr(_PRIVATE + len(marks))}]"
    expression = "".join(
        re.sub(r"\\\*|\\\?", lambda match: ".*" if match[0] == r"\*" else first, re.escape(piece))
        if isinstance(piece, str)
        else mark(piece)
        for piece in pattern
    )
    return re.fullmatch(expression, plain, re.DOTALL) is not None


def _elements(value: Text) -> tuple[str | Part, ...]:
    return tuple(_flat(tuple(piece) if isinstance(piece, str) else (piece,) for piece in value))


def _possibly(pattern: tuple[str | Part, ...], value: tuple[str | Part, ...]) -> bool:
    """Tell whether there are values of the parts with which the pattern covers the value."""
    # One row of the table for each element of the pattern, from its end: whether the rest covers value[index:].
    row = [_can_be_empty(value[index:]) for index in range(len(value) + 1)]
    for step in reversed(pattern):
        below, row = row, [False] * (len(value) + 1)
        wild = step == "*" or isinstance(step, Part)
        for index in range(len(value), -1, -1):
            rest = value[index] if index < len(value) else None
            row[index] = (
                (wild and below[index])
                or (rest is not None and _same(step, rest) and below[index + 1])
                or (rest is not None and wild and _takes(step, rest) and row[index + 1])
                or (isinstance(rest, Part) and (below[index] if _takes(rest, step) else False))
                or (isinstance(rest, Part) and row[index + 1])
            )
    return row[0]


def _can_be_empty(rest: tuple[str | Part, ...]) -> bool:
    return all(isinstance(each, Part) for each in rest)


def _same(step: str | Part, element: str | Part) -> bool:
    if isinstance(step, Part) or isinstance(element, Part):
        return step == element
    return step in {"?", element} or element == ANY_CHARACTER


def _takes(wild: str | Part, other: str | Part) -> bool:
    """Tell whether what stands for any text may stand for this."""
    return not (isinstance(wild, Part) and wild.unique and isinstance(other, Part) and other.unique)
