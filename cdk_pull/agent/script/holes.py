"""Text with pieces in it that nobody knows before the instance runs."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["NOTHING", "Hole", "Holes"]

# Unicode's noncharacters never stand in real text, and a shell takes them for letters.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
NOTHING = "\ufdd2"
"""A word that stands for no word at all."""
_HOLE = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
# A token of CDK, and a dynamic reference, which CloudFormation fills in.
_TOKEN = re.compile(r"\$\{Token\[[A-Za-z0-9:._-]+\]\}|\{\{resolve:[^{}\n]*\}\}")


@dataclass(frozen=True, slots=True)
class Hole:
    """One unknown piece.

    Attributes:
        reason: why it is unknown, in a clause.
        line: the line of the user data.
        lines: whether it may be any number of lines rather than a piece of one.
    """

    reason: str
    line: int
    lines: bool


class Holes:
    """The unknown pieces of one user data, each marked in the text by a name that a shell leaves alone."""

    def __init__(self) -> None:
        self._holes: list[Hole] = []
        self._tokens: dict[str, str] = {}

    def mark(self, reason: str, line: int, *, lines: bool = False) -> str:
        """Return a mark for a new unknown piece."""
        self._holes.append(Hole(reason, line, lines))
        return f"{_OPEN}{len(self._holes) - 1}{_CLOSE}"

    def hide_tokens(self, text: str) -> str:
        """Return the text with each CDK token, such as ``${Token[TOKEN.12]}``, replaced by a mark.

        What UTF-8 cannot hold, and so no user data, becomes a question mark.
        """
        text = text.encode("utf-8", "replace").decode()
        return "\n".join(self._hidden(each, number) for number, each in enumerate(text.split("\n"), 1))

    def show_tokens(self, text: str) -> str:
        """Return the text with the tokens back in their places."""
        return _HOLE.sub(lambda match: self._tokens.get(match[0], match[0]), text)

    def first(self, text: str) -> Hole | None:
        """Return the first unknown piece of a text, if it has one."""
        found = _HOLE.search(text)
        if found is None or int(found[1]) >= len(self._holes):
            return None
        return self._holes[int(found[1])]

    @staticmethod
    def split(text: str) -> list[str]:
        """Return the known pieces around the unknown ones."""
        return _HOLE.split(text)[::2]

    def _hidden(self, text: str, line: int) -> str:
        def marked(match: re.Match[str]) -> str:
            mark = self.mark(f"{match[0]} is known only at deployment", line)
            self._tokens[mark] = match[0]
            return mark

        return _TOKEN.sub(marked, text)
