"""Marks in TOML: inside a string they are text, anywhere else something that TOML can read stands in for them."""

from __future__ import annotations

import re

from cdk_pull.agent.pieces import Holes
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

__all__ = ["StandIns", "stand_in"]

_MARK = "\ufdd0[0-9]+\ufdd1"
_QUOTED, _ALONE = '"\ufdd3{}"', "#\ufdd3{}#"
_STANDS_IN = lazy_pattern(f'["#]\ufdd3((?:[ \\t]*{_MARK})+[ \\t]*)["#]')
# Strings and comments are passed over; what is left of the pattern finds marks outside them.
_PIECE = lazy_pattern(
    r'"""(?:\\.|[^\\])*?"""'
    r"|'''.*?'''"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    rf"|(?P<mark>{_MARK})",
    re.DOTALL,
)
_LONE = lazy_pattern(rf"[ \t]*(?:{_MARK}[ \t]*)+")


@dataclass(frozen=True, slots=True)
class StandIns:
    """A document whose unknown pieces TOML can read.

    Attributes:
        text: the document.
        holes: its unknown pieces.
        replaced: whether anything stands in for one.
        lone: the lines that are unknown pieces and nothing else.
    """

    text: str
    holes: Holes
    replaced: bool
    lone: tuple[int, ...]

    def restore(self, text: str) -> str:
        """Return a text with what was there in the places of the stand-ins."""
        return self.holes.show_tokens(_STANDS_IN.sub(r"\1", text))

    def is_token(self, value: object) -> bool:
        """Return whether a value is unknown or has an unknown piece in it."""
        return isinstance(value, str) and self.holes.first(value) is not None

    def shown(self, value: str) -> str:
        """Return a value as it stands in the document."""
        return self.holes.show_tokens(value.removeprefix("\ufdd3"))


def stand_in(text: str, holes: Holes | None = None) -> StandIns:
    """Return a document that TOML can read where it could but for its unknown pieces."""
    holes = holes or Holes()
    text = holes.hide_tokens(text)
    lone: list[int] = []
    pieces: list[str] = []
    position = 0
    for match in _PIECE.finditer(text):
        if match["mark"] is None or match.start() < position:
            continue
        start = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.start())
        line = text[start : len(text) if end < 0 else end].removesuffix("\r")
        if _LONE.fullmatch(line):
            first, last, form = start, start + len(line), _ALONE
            lone.append(text.count("\n", 0, start) + 1)
        else:
            first, last, form = match.start(), match.end(), _QUOTED
        pieces += [text[position:first], form.format(text[first:last])]
        position = last
    replaced = bool(pieces)
    return StandIns("".join([*pieces, text[position:]]), holes, replaced, tuple(lone))
