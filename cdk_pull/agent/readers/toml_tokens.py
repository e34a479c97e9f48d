"""CDK tokens in TOML: inside a string they are text, anywhere else something that TOML can read stands in for them."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["StandIns", "stand_in"]

_PLACEHOLDER = r"(?:\$\{Token\[[A-Za-z0-9:._-]+\]\}|\{\{resolve:[^{}\n]*\}\})"
# Strings and comments are passed over; what is left of the pattern finds tokens outside them.
_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"""'
    r"|'''.*?'''"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    rf"|(?P<token>{_PLACEHOLDER})",
    re.DOTALL,
)
_LONE = re.compile(rf"[ \t]*(?:{_PLACEHOLDER}[ \t]*)+")


@dataclass(frozen=True, slots=True)
class StandIns:
    """A document with its tokens replaced.

    Attributes:
        text: the document.
        tokens: the token for each stand-in.
        lone: the lines that are tokens and nothing else.
    """

    text: str
    tokens: dict[str, str]
    lone: tuple[int, ...]

    def restore(self, text: str) -> str:
        """Return a text with the tokens back in their places."""
        for name, token in self.tokens.items():
            text = text.replace(name, token)
        return text

    @staticmethod
    def is_token(value: object) -> bool:
        """Return whether a value is a token or has one in it."""
        return isinstance(value, str) and (
            value.startswith("cdk-token-") or re.search(_PLACEHOLDER, value) is not None
        )


def stand_in(text: str) -> StandIns:
    """Return a document that TOML can read where it could but for its tokens."""
    tokens: dict[str, str] = {}
    lone: list[int] = []
    pieces: list[str] = []
    position = 0
    for match in _PIECE.finditer(text):
        if match["token"] is None or match.start() < position:
            continue
        start = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.start())
        line = text[start : len(text) if end < 0 else end].removesuffix("\r")
        number = len(tokens)
        if _LONE.fullmatch(line):
            first, last, name = start, start + len(line), f"#cdk-token-{number}#"
            lone.append(text.count("\n", 0, start) + 1)
        else:
            first, last, name = match.start(), match.end(), f'"cdk-token-{number}-"'
        tokens[name] = text[first:last]
        pieces += [text[position:first], name]
        position = last
    return StandIns("".join([*pieces, text[position:]]), tokens, tuple(lone))
