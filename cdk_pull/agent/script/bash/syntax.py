"""What bash itself refuses to run: compound commands and quotes that do not end, and tokens where none may stand.

Bash reads and runs one complete command after the other. What it refuses ends the script: nothing runs from the line on
which that command begins.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Document", "Form", "Refusal", "examine"]

_NO_WORD = frozenset(" \t\n;&|<>()")
_HERE_DOCUMENT = re.compile(r"<<(-?)(?!<)[ \t]*")
_REDIRECT = re.compile(r"&>>?|(?:[0-9]+|\{\w+\})?(?:<<<|<<-?|<>|<&|>&|>>|>\||<|>)")
_FUNCTION = re.compile(r"[ \t]*\([ \t]*\)")
_NAME = re.compile(r"[ \t]*[^\s;&|<>()]+(?:[ \t]*\([ \t]*\))?")
_DEEPEST = 100
_RESERVED = frozenset({"then", "else", "elif", "fi", "do", "done", "esac", "}", "in"})
_CLOSERS = _RESERVED - {"in"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Where bash ends a script.

    Attributes:
        start: the row from which nothing runs.
        row: the row of what it refuses, which is what is not ended where something is not.
        what: what is wrong, in a clause.
    """

    start: int
    row: int
    what: str


class _RefusedError(Exception):
    def __init__(self, position: int, what: str) -> None:
        super().__init__(what)
        self.position, self.what = position, what


class _TooDeepError(Exception):
    """Nested deeper than is followed."""


@dataclass(frozen=True, slots=True)
class Document:
    """A here-document that goes on to the end of the script.

    Attributes:
        row: the row on which it begins.
        word: the word that has to end it.
    """

    row: int
    word: str


@dataclass(frozen=True, slots=True)
class Form:
    """What is wrong with the form of a script.

    Attributes:
        refusal: where bash ends it; None where it runs all of it, as far as can be told.
        documents: the here-documents without an end.
    """

    refusal: Refusal | None
    documents: tuple[Document, ...]


def examine(text: str) -> Form:
    """Return what is wrong with the form of a script."""
    scanner = _Scanner(text)
    starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def row(position: int) -> int:
        return bisect_right(starts, position) - 1

    start, refusal = 0, None
    try:
        while scanner.more():
            start = scanner.at
            scanner.line()
    except _RefusedError as error:
        refusal = Refusal(row(start), row(error.position), error.what)
    except (_TooDeepError, RecursionError):
        return Form(None, ())
    return Form(refusal, tuple(Document(row(position), word) for position, word in scanner.open))


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.pending: list[tuple[int, str, bool]] = []
        self.open: list[tuple[int, str]] = []

    # Characters.

    def peek(self, length: int = 1) -> str:
        return self.text[self.at : self.at + length]

    def refuse(self, position: int | None = None) -> _RefusedError:
        position = self.at if position is None else position
        found = re.compile(r"\n|;;&?|;&|&&|\|\||[;&|()<>]|[^\s;&|()<>]+|\Z").match(self.text, position)
        here = found[0] if found is not None else ""
        shown = "the end of the line" if here == "\n" else here or "the end of the script"
        return _RefusedError(position, f"bash rejects {shown} here")

    def unended(self, position: int, what: str) -> _RefusedError:
        return _RefusedError(position, f"{what} does not end")

    def blanks(self) -> None:
        """Pass over blanks, and over a comment."""
        text = self.text
        while self.at < len(text):
            if text[self.at] in " \t":
                self.at += 1
            elif text.startswith("\\\n", self.at):
                self.at += 2
            elif text[self.at] == "#" and (self.at == 0 or text[self.at - 1] in _NO_WORD):
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
            elif char in _NO_WORD:
                break
            else:
                self.at += 1
        self.at = min(self.at, len(text))
        return text[start : self.at]

    def quoted(self, char: str) -> None:
        start = self.at
        if char == "'":
            self.to("'", start, "this quote")
        elif char == '"':
            self.double()
        elif char == "`":
            self.backticks()
        else:
            self.dollar()

    def to(self, end: str, start: int, what: str) -> None:
        found = self.text.find(end, self.at + 1)
        if found < 0:
            raise self.unended(start, what)
        self.at = found + 1

    def backticks(self) -> None:
        found = re.compile(r"`(?:[^`\\]|\\.)*`", re.DOTALL).match(self.text, self.at)
        if found is None:
            raise self.unended(self.at, "this backtick")
        self.at = found.end()

    def double(self) -> None:
        start = self.at
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return
            if char == "\\":
                self.at += 2
            elif char == "`":
                self.backticks()
            elif char == "$":
                self.dollar(inside=True)
            else:
                self.at += 1
        raise self.unended(start, "this quote")

    def dollar(self, *, inside: bool = False) -> None:
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
        start = self.at
        self.at += 2
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "}":
                self.at += 1
                return
            if char == "\\":
                self.at += 2
            elif char in '"`$' or (char == "'" and not self.in_quotes(start)):
                self.quoted(char)
            else:
                self.at += 1
        raise self.unended(start, "this ${")

    def in_quotes(self, position: int) -> bool:
        line = self.text[self.text.rfind("\n", 0, position) + 1 : position]
        return line.count('"') % 2 == 1

    def arithmetic(self, length: int) -> None:
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
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _TooDeepError
        parse()
        self.depth -= 1

    # Commands.

    def line(self) -> None:
        """Pass over a complete command: all up to the end of its line."""
        while True:
            self.and_or()
            self.blanks()
            separated = self.peek() in {";", "&"} and self.peek(2) not in {";;", ";&"}
            if separated:
                self.at += 1
                self.blanks()
            char = self.peek()
            if char == "\n":
                self.newline()
            if char in {"\n", ""}:
                return
            if not separated or char in ");|&":
                raise self.refuse()

    def commands(self, stop: frozenset[str], *, empty: bool = False) -> None:
        """Pass over commands, up to one of the reserved words, a bracket or ``;;``."""
        first = True
        while True:
            self.newlines()
            char = self.peek()
            if not char or char == ")" or self.peek(2) in {";;", ";&"} or self.reserved() in stop:
                if first and not empty and char:
                    raise self.refuse()
                return
            first = False
            self.and_or()
            self.blanks()
            char = self.peek()
            if char in {";", "&"} and self.peek(2) not in {";;", ";&"}:
                self.at += 1
            elif (
                char not in {"\n", "", ")"}
                and self.peek(2) not in {";;", ";&"}
                and self.reserved() not in stop
            ):
                raise self.refuse()

    def reserved(self) -> str:
        """Return the word here, if it is one that nothing quotes."""
        found = re.compile(r"[^\s;&|<>()'\"`$\\]+(?=[\s;&|<>()]|\Z)").match(self.text, self.at)
        return found[0] if found is not None else ""

    def take(self, word: str, start: int, what: str) -> None:
        """Pass over a reserved word that has to stand here."""
        self.newlines()
        if self.reserved() == word:
            self.at += len(word)
        elif self.at >= len(self.text):
            raise self.unended(start, what)
        else:
            raise self.refuse()

    def and_or(self) -> None:
        self.pipeline()
        while True:
            self.blanks()
            if self.peek(2) not in {"&&", "||"}:
                return
            self.at += 2
            self.newlines()
            self.pipeline()

    def pipeline(self) -> None:
        self.blanks()
        while self.reserved() in {"!", "time"}:
            self.at += len(self.reserved())
            self.blanks()
            if self.peek() in {"\n", ";", ""}:
                return
        while True:
            self.inside(self.command)
            self.blanks()
            if self.peek() != "|" or self.peek(2) == "||":
                return
            self.at += 2 if self.peek(2) == "|&" else 1
            self.newlines()

    def command(self) -> None:
        start, word = self.at, self.reserved()
        if not self.peek():
            raise self.unended(max(self.at - 1, 0), "this command")
        compound = _COMPOUND.get(word)
        if compound is not None:
            self.at += len(word)
            compound(self, start)
            self.redirects()
        elif word in _CLOSERS:
            raise self.refuse()
        elif self.peek(2) == "((" and self.closes_twice():
            self.arithmetic(2)
            self.redirects()
        elif self.peek() == "(":
            self.at += 1
            self.commands(frozenset())
            if self.peek() != ")":
                raise self.unended(start, "this (") if not self.peek() else self.refuse()
            self.at += 1
            self.redirects()
        else:
            self.simple()

    def closes_twice(self) -> bool:
        found = re.compile(r"\(\([^\n]*?\)\)").match(self.text, self.at)
        return found is not None

    def simple(self) -> None:
        words = 0
        while True:
            self.blanks()
            if self.redirect():
                words += 1
                continue
            char = self.peek()
            if char == "(":
                function = _FUNCTION.match(self.text, self.at)
                if words != 1 or function is None:
                    raise self.refuse()
                self.at = function.end()
                self.newlines()
                self.command()
                return
            if not char or char in _NO_WORD:
                if char in "<>" and char and self.peek(2)[1:] == "(":
                    self.word()
                    words += 1
                    continue
                if not words:
                    raise self.refuse()
                return
            self.word()
            words += 1

    def redirects(self) -> None:
        self.blanks()
        while self.redirect():
            self.blanks()

    def redirect(self) -> bool:
        found = _REDIRECT.match(self.text, self.at)
        if found is None or self.text.startswith("(", found.end()):
            return False
        here = _HERE_DOCUMENT.match(self.text, found.start())
        self.at = found.end()
        self.blanks()
        if not self.peek() or (self.peek() in _NO_WORD and self.peek(2) not in {"<(", ">("}):
            raise self.refuse()
        word = self.word()
        if here is not None:
            self.pending.append((here.start(), re.sub(r"['\"\\]", "", word), bool(here[1])))
        return True

    # Compound commands.

    def if_(self, start: int) -> None:
        self.commands(frozenset({"then"}))
        self.take("then", start, "this if")
        self.commands(frozenset({"elif", "else", "fi"}))
        if self.reserved() == "elif":
            self.at += len("elif")
            self.if_(start)
            return
        if self.reserved() == "else":
            self.at += len("else")
            self.commands(frozenset({"fi"}))
        self.take("fi", start, "this if")

    def while_(self, start: int) -> None:
        self.commands(frozenset({"do"}))
        self.body(start, "this loop")

    def body(self, start: int, what: str) -> None:
        self.take("do", start, what)
        self.commands(frozenset({"done"}))
        self.take("done", start, what)

    def for_(self, start: int) -> None:
        self.blanks()
        if self.peek(2) == "((":
            self.arithmetic(2)
            self.blanks()
            if self.peek() == ";":
                self.at += 1
            self.newlines()
            if self.reserved() == "{":
                self.command()
                return
            self.body(start, "this loop")
            return
        if not self.peek() or self.peek() in _NO_WORD:
            raise self.refuse()
        self.word()
        self.newlines()
        if self.reserved() == "in":
            self.at += len("in")
            self.words()
        if self.peek() == ";" and self.peek(2) != ";;":
            self.at += 1
        self.body(start, "this loop")

    def words(self) -> None:
        """Pass over words up to the end of the line or a semicolon."""
        while True:
            self.blanks()
            char = self.peek()
            if char in {";", "\n", ""}:
                return
            if char in _NO_WORD and self.peek(2) not in {"<(", ">("}:
                raise self.refuse()
            self.word()

    def case_(self, start: int) -> None:
        self.blanks()
        if not self.peek() or self.peek() in _NO_WORD:
            raise self.refuse()
        self.word()
        self.take("in", start, "this case")
        while True:
            self.newlines()
            if self.at >= len(self.text):
                raise self.unended(start, "this case")
            if self.reserved() == "esac":
                self.at += len("esac")
                return
            self.patterns(start)
            self.commands(frozenset({"esac"}), empty=True)
            if self.peek(2) in {";;", ";&"}:
                self.at += 3 if self.peek(3) == ";;&" else 2
            elif self.reserved() != "esac":
                raise self.unended(start, "this case") if not self.peek() else self.refuse()

    def patterns(self, start: int) -> None:
        if self.peek() == "(":
            self.at += 1
        while True:
            self.blanks()
            if not self.peek():
                raise self.unended(start, "this case")
            if self.peek() in _NO_WORD:
                raise self.refuse()
            self.word()
            self.blanks()
            char = self.peek()
            self.at += 1
            if char == ")":
                return
            if char != "|":
                self.at -= 1
                raise self.unended(start, "this case") if not char else self.refuse()

    def group(self, start: int) -> None:
        self.commands(frozenset({"}"}))
        self.take("}", start, "this {")

    def function(self, _start: int) -> None:
        found = _NAME.match(self.text, self.at)
        if found is None:
            raise self.refuse()
        self.at = found.end()
        self.newlines()
        self.command()

    def condition(self, start: int) -> None:
        while True:
            self.newlines()
            if self.at >= len(self.text):
                raise self.unended(start, "this [[")
            if self.reserved() == "]]":
                self.at += 2
                return
            if self.peek() == ";":
                raise self.refuse()
            if self.peek() in _NO_WORD:
                self.at += 1
            else:
                self.word()


_COMPOUND: dict[str, Callable[[_Scanner, int], None]] = {
    "if": _Scanner.if_,
    "while": _Scanner.while_,
    "until": _Scanner.while_,
    "for": _Scanner.for_,
    "select": _Scanner.for_,
    "case": _Scanner.case_,
    "{": _Scanner.group,
    "function": _Scanner.function,
    "[[": _Scanner.condition,
}
