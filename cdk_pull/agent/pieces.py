"""Text with pieces in it that nobody knows before the instance runs: the one scheme of marks for all user data.

A mark stands in the text for each unknown piece, and whoever made the mark knows what it stands for: a value that
CloudFormation fills in, a token of CDK, an unknown of a template, the output of a command. A shell, PowerShell and a TOML
string take a mark for letters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "NOTHING",
    "Hole",
    "Holes",
    "Marked",
    "Marks",
    "begins_unknown",
    "has_tokens",
    "joined",
    "known_parts",
    "readable",
    "split_marks",
]

# Unicode's noncharacters never stand in real text, and a shell takes them for letters.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
NOTHING = "\ufdd2"
"""A word that stands for no word at all."""
_MARK = lazy_pattern(f"{_OPEN}([0-9]+){_CLOSE}")
_MARKS = lazy_pattern(f"({_OPEN}[0-9]+{_CLOSE})")
# A token of CDK, and a dynamic reference, which CloudFormation fills in.
_FROM_CDK = r"\$\{Token\[[^\]\n]*\]\}|\{\{resolve:[^{}\n]*\}\}"
_SPELLED = lazy_pattern(f"{_FROM_CDK}|{_MARK.pattern}|[{_OPEN}{_CLOSE}{NOTHING}]")
_UNKNOWN = lazy_pattern(f"{_FROM_CDK}|{_OPEN}[0-9]+{_CLOSE}")
_RESERVED = lazy_pattern(f"([{_OPEN}{_CLOSE}{NOTHING}])")
_SHOWN = lazy_pattern(r"(?:\\ufdd0|\ufdd0)([0-9]+)(?:\\ufdd1|\ufdd1)")
_FILLED_IN = "${…}"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Hole:
    """One unknown piece of a text that is read.

    Attributes:
        reason: why it is unknown, in a clause.
        line: the line of the user data.
        lines: whether it may be any number of lines rather than a piece of one.
        source: what stands there in the text that was given, and what to call it; empty for what a script makes.
    """

    reason: str
    line: int
    lines: bool
    source: str = ""
    name: str = ""


class Holes:
    """The unknown pieces of one user data while it is read, each with its place.

    Args:
        names: what to call the marks that the text has already, in the order of their numbers.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._names = tuple(names)
        self._holes: list[Hole] = []

    def mark(self, reason: str, line: int, *, lines: bool = False, source: str = "", name: str = "") -> str:
        """Return a mark for a new unknown piece."""
        self._holes.append(Hole(reason, line, lines, source, name))
        return f"{_OPEN}{len(self._holes) - 1}{_CLOSE}"

    def hide_tokens(self, text: str) -> str:
        """Return the text with a mark for each CDK token, dynamic reference and mark of somebody else's.

        What UTF-8 cannot hold, and so no user data, becomes a question mark.
        """
        text = text.encode("utf-8", "replace").decode()
        return "\n".join(self._hidden(each, number) for number, each in enumerate(text.split("\n"), 1))

    def hide(self, pattern: re.Pattern[str], text: str, reason: str, first: int = 1) -> str:
        """Return the text with a mark for each match of a pattern, such as what another template language fills in."""

        def marked(match: re.Match[str]) -> str:
            line = first + text.count("\n", 0, match.start())
            return self.mark(reason, line, source=match[0], name=match[0])

        return pattern.sub(marked, text)

    def show_tokens(self, text: str) -> str:
        """Return the text with what was hidden back in its place."""
        return self._filled(_MARK, text, lambda hole: hole.source)

    def named(self, text: str) -> str:
        """Return a message about the text, with the names of the pieces for a person."""
        return self._filled(_SHOWN, text, lambda hole: hole.name or _FILLED_IN)

    def first(self, text: str) -> Hole | None:
        """Return the first unknown piece of a text, if it has one."""
        found = _MARK.search(text)
        if found is None or int(found[1]) >= len(self._holes):
            return None
        return self._holes[int(found[1])]

    def made(self, text: str) -> Hole | None:
        """Return the first unknown piece of a text that was not in the text that was given."""
        numbers = [int(each) for each in _MARK.findall(text)]
        found = (self._holes[each] for each in numbers if each < len(self._holes))
        return next((hole for hole in found if not hole.source), None)

    @staticmethod
    def split(text: str) -> list[str]:
        """Return the known pieces around the unknown ones."""
        return _MARK.split(text)[::2]

    def _filled(self, pattern: re.Pattern[str], text: str, filler: Callable[[Hole], str]) -> str:
        def filled(match: re.Match[str]) -> str:
            number = int(match[1])
            return (filler(self._holes[number]) if number < len(self._holes) else "") or match[0]

        return pattern.sub(filled, text)

    def _hidden(self, text: str, line: int) -> str:
        def marked(match: re.Match[str]) -> str:
            name = match[0]
            if match[1] is not None:
                name = self._names[int(match[1])] if int(match[1]) < len(self._names) else _FILLED_IN
            return self.mark(f"{name} is known only at deployment", line, source=match[0], name=name)

        return _SPELLED.sub(marked, text)


class Marks(Generic[T]):
    """Marks for the pieces of any number of texts, so that these can be cut and put together like any text.

    Args:
        pieces: those that have marks already, in the order of their numbers.
    """

    def __init__(self, pieces: Iterable[T | str] = ()) -> None:
        self.pieces: list[T | str] = list(pieces)

    def text(self, parts: Iterable[str | T]) -> str:
        """Return a text out of what is known of it and what is not; equal pieces get one mark."""
        text: list[str] = []
        for part in parts:
            if not isinstance(part, str):
                text.append(self._mark(part))
                continue
            # A character that marks are made of gets a mark itself, so that none is taken for one.
            pieces = _RESERVED.split(part)
            text += [self._mark(each) if number % 2 else each for number, each in enumerate(pieces)]
        return "".join(text)

    def _mark(self, piece: T | str) -> str:
        if piece not in self.pieces:
            self.pieces.append(piece)
        return f"{_OPEN}{self.pieces.index(piece)}{_CLOSE}"


@dataclass(frozen=True, slots=True)
class Marked(Generic[T]):
    """A text with marks, and what each of them stands for.

    Attributes:
        text: the text.
        pieces: what its marks stand for, by number.
    """

    text: str
    pieces: tuple[T | str, ...] = ()

    @classmethod
    def of(cls, parts: Iterable[str | T]) -> Marked[T]:
        """Return a text out of what is known of it and what is not; equal pieces get one mark."""
        marks = Marks[T]()
        text = marks.text(parts)
        return cls(text, tuple(marks.pieces))

    def parts(self, text: str | None = None) -> list[str | T]:
        """Return this text, or another one with its marks, as what is known of it and what is not."""
        found: list[str | T] = []
        for number, part in enumerate(_MARK.split(self.text if text is None else text)):
            if number % 2:
                found.append(self.pieces[int(part)])
            elif part:
                found.append(part)
        return found


def joined(parts: Iterable[object]) -> list[object]:
    """Return parts with no two texts side by side."""
    found: list[object] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return found


def readable(text: str) -> str:
    """Return a text for a person, with ``${…}`` for each unknown piece."""
    return _SHOWN.sub(_FILLED_IN, _UNKNOWN.sub(_FILLED_IN, text))


def split_marks(text: str) -> list[str]:
    """Return what is known of a text and its marks, in turn; what is known comes first and last."""
    return _MARKS.split(text)


def known_parts(text: str) -> list[str]:
    """Return what is known of a text, around its tokens and marks."""
    return _UNKNOWN.split(text)


def has_tokens(text: str) -> bool:
    """Tell whether a text has a piece that only the deployment knows."""
    return _UNKNOWN.search(text) is not None


def begins_unknown(text: str) -> bool:
    """Tell whether a text begins with something that only the deployment knows."""
    return _UNKNOWN.match(text.lstrip()) is not None
