"""What a template's value evaluates to: JSON, or an explicit unknown that keeps the pieces that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "MAX_TEXT",
    "NO_VALUE",
    "Unknown",
    "as_text",
    "concat",
    "is_not_false",
    "is_text",
    "pieces_of",
    "split",
    "text_of",
]

MAX_TEXT: Final = 1_000_000
"""The longest text, in characters, that is put together: more than any property may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A value, or a text in part, that only the deployment knows.

    Attributes:
        reason: why it cannot be known, for a person to read.
        symbol: what it stands for, such as ``AWS::Region``, ``Repo`` or ``Repo.Arn``; empty when nothing simple.
        home: the key of the template in which the symbol is declared.
        pieces: for a text of which a part is known, its known and unknown pieces in order; empty otherwise.
        never: characters that the value is known not to contain, which lets it be split around them.
        origin: the CloudFormation value that could not be evaluated.
    """

    reason: str
    symbol: str = ""
    home: str = ""
    pieces: tuple[str | Unknown, ...] = ()
    never: str = field(default="", compare=False)
    origin: Any = field(default=None, compare=False, repr=False)

    @property
    def logical_id(self) -> str:
        """The resource or parameter that the symbol names, or empty."""
        return self.symbol.partition(".")[0]

    @property
    def is_named(self) -> bool:
        """Whether it stands for something that a message can call by its name."""
        return bool(self.pieces or self.symbol)

    def __str__(self) -> str:
        if self.pieces:
            return "".join(str(piece) for piece in self.pieces)
        return f"${{{self.symbol or '?'}}}"


# A tuple, which isinstance takes in half the time of a union.
_SCALARS: Final = (str, int, float)


_HUGE: Final = "a number of more than 4300 digits"


class _NoValue:
    """The type of :data:`NO_VALUE`."""

    def __repr__(self) -> str:
        return "NO_VALUE"


NO_VALUE: Final = _NoValue()
"""``AWS::NoValue``: the property or list item that holds it is left out."""


def is_text(value: object) -> bool:
    """Tell whether a value has a CloudFormation text form: text, number or boolean."""
    return isinstance(value, _SCALARS)


def as_text(value: object) -> str:
    """Return the text that CloudFormation makes of a scalar: booleans in lower case, 1.0 as 1."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    try:
        return str(value)
    except ValueError:  # Python writes out no number of more than 4,300 digits
        return _HUGE


def is_not_false(value: object) -> bool:
    """Tell whether a switch is on, or may be: CloudFormation takes ``false`` as a text, too."""
    return isinstance(value, Unknown) or as_text(value).lower() != "false"


def text_of(value: object) -> str | Unknown | None:
    """Return a scalar as text, an unknown as it is, and None for anything else."""
    if isinstance(value, Unknown):
        return value
    return as_text(value) if is_text(value) else None


def pieces_of(text: str | Unknown) -> tuple[str | Unknown, ...]:
    """Return the known and unknown pieces of a text in order."""
    return (text,) if isinstance(text, str) else text.pieces or (text,)


def concat(parts: Iterable[object]) -> str | Unknown:
    """Join scalars and unknowns; the result is text when every part is known.

    A part that is neither a scalar nor an unknown makes the whole unknown.
    """
    pieces: list[str | Unknown] = []
    known: list[str] = []
    size = 0
    for part in parts:
        text = text_of(part)
        if text is None:
            return Unknown(reason="a list or an object is used as a string", origin=part)
        for piece in pieces_of(text):
            if isinstance(piece, str):
                known.append(piece)
                size += len(piece)
                continue
            if any(known):
                pieces.append("".join(known))
            known.clear()
            pieces.append(piece)
        if size > MAX_TEXT or len(pieces) + len(known) > MAX_TEXT:
            return Unknown(reason=f"the text is longer than {MAX_TEXT} characters")
    if any(known) or not pieces:
        pieces.append("".join(known))
    if len(pieces) == 1:
        return pieces[0]
    first = next(piece for piece in pieces if isinstance(piece, Unknown))
    return Unknown(reason=first.reason, pieces=tuple(pieces))


def split(delimiter: str, value: str | Unknown) -> list[str | Unknown] | Unknown:
    """Split a text; one that is known in part only where its unknown pieces cannot hold the delimiter."""
    if not delimiter:
        return Unknown(reason="Fn::Split has no delimiter")
    if isinstance(value, str):
        return list(value.split(delimiter))
    parts: list[list[str | Unknown]] = [[]]
    for piece in pieces_of(value):
        if isinstance(piece, Unknown):
            if not set(delimiter) & set(piece.never):
                return Unknown(reason=value.reason, symbol=value.symbol, home=value.home)
            parts[-1].append(piece)
            continue
        head, *rest = piece.split(delimiter)
        parts[-1].append(head)
        parts.extend([text] for text in rest)
    return [concat(part) for part in parts]
