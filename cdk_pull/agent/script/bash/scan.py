"""The characters and words of a shell script: quotes, expansions, comments and here-documents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NO_WORD", "RefusedError", "Scanner", "TooDeepError"]

NO_WORD = frozenset(" \t\n;&|<>()")
"""The characters that end a word."""
_DEEPEST = 100


class RefusedError(Exception):
    """What bash refuses, at a position of the script."""

    def __init__(self, position: int, what: str) -> None:
        super().__init__(what)
        self.position, self.what = position, what


class TooDeepError(Exception):
    """Nested deeper than is followed."""


class Scanner:
    """Passes over a script, character by character.

    Attributes:
        text: the script.
        at: the position.
        depth: how many commands are around it.
        pending: the here-documents that begin at the end of the line: position, word, and whether tabs may come before it.
        open: those that go on to the end of the script: position and word.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.pending: list[tuple[int, str, bool]] = []
        self.open: list[tuple[int, str]] = []

    # Characters.

    def peek(self, length: int = 1) -> str:
        """Return the characters at the position."""
        return self.text[self.at : self.at + length]

    def refuse(self, position: int | None = None) -> RefusedError:
        """Return the error for what stands at a position."""
        position = self.at if position is None else position
        found = re.compile(r"\n|;;&?|;&|&&|\|\||[;&|()<>]|[^\s;&|()<>]+|\Z").match(self.text, position)
        here = found[0] if found is not None else ""
        shown = "the end of the line" if here == "\n" else here or "the end of the script"
        return RefusedError(position, f"bash rejects {shown} here")

    def unended(self, position: int, what: str) -> RefusedError:
        """Return the error for what begins at a position and does not end."""
        return RefusedError(position, f"{what} does not end")

    def blanks(self) -> None:
        """Pass over blanks, and over a comment."""
        text = self.text
        while self.at < len(text):
            if text[self.at] in " \t":
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif text[self.at] == "#" and (self.at == 0 or text[self.at - 1] in NO_WORD):
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            else:
                return

    def newline(self) -> None:
        """Pass over the end of a line, and over the here-documents that begin there."""
        self.at += 1
        for position, word, tabs in self.pending:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = min(end + 1, len(self.text))
                if (line.lstrip("\t") if tabs else line) == word:
                    break
            else:
                self.open.append((position, word))
        self.pending = []

    def newlines(self) -> None:
        """Pass over blanks, comments and the ends of lines."""
        self.blanks()
        while self.peek() == "\n":
            self.newline()
            self.blanks()

    def more(self) -> bool:
        """Pass over empty lines, and tell whether there is anything after them."""
        self.newlines()
        return self.at < len(self.text)

    # Words.

    def word(self) -> str:
        """Pass over a word and return it as it stands."""
        start, text = self.at, self.text
        while self.at < len(text):
            char = text[self.at]
            if char == "\\":
                self.at += 2
            elif char in "'\"`$":
                self.quoted(char)
            elif char in "<>" and self.peek(2)[1:] == "(":
                self.substitution(2)
            elif char == "(" and self.at > start and text[self.at - 1] in "=?*+@!":
                self.bracketed(self.at)
            elif char in NO_WORD:
                break
            else:
                self.at += 1
        self.at = min(self.at, len(text))
        return text[start : self.at]

    def quoted(self, char: str, *, inside: bool = False) -> None:
        """Pass over what a quote, a backtick or a dollar begins."""
        start = self.at
        if char == "'":
            self.to("'", start, "this quote")
        elif char == '"':
            self.double()
        elif char == "`":
            self.backticks()
        else:
            self.dollar(inside=inside)

    def to(self, end: str, start: int, what: str) -> None:
        """Pass over all up to a character."""
        found = self.text.find(end, self.at + 1)
        if found < 0:
            raise self.unended(start, what)
        self.at = found + 1

    def backticks(self) -> None:
        """Pass over a command in backticks."""
        found = re.compile(r"`(?:[^`\\]|\\.)*`", re.DOTALL).match(self.text, self.at)
        if found is None:
            raise self.unended(self.at, "this backtick")
        self.at = found.end()

    def through(self, end: str, start: int, what: str, quotes: str, *, inside: bool = False) -> None:
        """Pass over all up to a character that no quote or expansion hides.

        Args:
            end: the character.
            start: where it begins, for the error where it does not end.
            what: it is called, for the same.
            quotes: the characters that hide others.
            inside: whether it is in double quotes.
        """
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == end:
                self.at += 1
                return
            if char == "\\":
                self.at += 2
            elif char in quotes:
                self.quoted(char, inside=inside)
            else:
                self.at += 1
        raise self.unended(start, what)

    def double(self) -> None:
        """Pass over a string in double quotes."""
        start = self.at
        self.at += 1
        self.through('"', start, "this quote", "`$", inside=True)

    def dollar(self, *, inside: bool = False) -> None:
        """Pass over an expansion."""
        start = self.at
        if self.peek(3) == "$((":
            self.arithmetic(3)
        elif self.peek(2) == "$(":
            self.substitution(2)
        elif self.peek(2) == "${":
            self.braces()
        elif self.peek(2) == "$'" and not inside:
            found = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL).match(self.text, start)
            if found is None:
                raise self.unended(start, "this quote")
            self.at = found.end()
        else:
            self.at += 1

    def braces(self) -> None:
        """Pass over ``${…}``."""
        start = self.at
        self.at += 2
        self.through("}", start, "this ${", '"`$' if self.in_quotes(start) else "\"`$'")

    def in_quotes(self, position: int) -> bool:
        """Return whether a double quote is open on the line before a position."""
        line = self.text[self.text.rfind("\n", 0, position) + 1 : position]
        return line.count('"') % 2 == 1

    def arithmetic(self, length: int) -> None:
        """Pass over ``((…))``."""
        start, depth = self.at, 2
        self.at += length
        while self.at < len(self.text) and depth:
            char = self.text[self.at]
            if char in "'\"`$":
                self.quoted(char)
                continue
            depth += (char == "(") - (char == ")")
            self.at += 2 if char == "\\" else 1
        if depth:
            raise self.unended(start, "this ((")

    def bracketed(self, start: int) -> None:
        """Pass over the words of an array, or of a pattern in brackets."""
        self.at += 1
        while True:
            self.newlines()
            if self.at >= len(self.text):
                raise self.unended(start, "this (")
            char = self.peek()
            if char == ")":
                self.at += 1
                return
            if char in ";&<>" or (char == "(" and self.text[start - 1] == "="):
                raise self.refuse()
            if char in "|(":
                self.at += 1
            else:
                self.word()

    def substitution(self, length: int) -> None:
        """Pass over commands in brackets that are a part of a word."""
        start, pending = self.at, self.pending
        self.pending = []
        self.at += length
        self.inside(lambda: self.commands(frozenset(), empty=True))
        self.newlines()
        if self.peek() != ")":
            raise self.unended(start, self.text[start : start + length]) if not self.peek() else self.refuse()
        self.at += 1
        self.pending = pending

    def inside(self, parse: Callable[[], None]) -> None:
        """Parse what stands inside of something else."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise TooDeepError
        parse()
        self.depth -= 1

    def commands(self, stop: frozenset[str], *, empty: bool = False) -> None:
        """Pass over commands, up to one of the reserved words, a bracket or ``;;``."""
        raise NotImplementedError
