"""What bash itself refuses to run: compound commands and quotes that do not end, and tokens where none may stand.

Bash reads and runs one complete command after the other. What it refuses ends the script: nothing runs from the line on
which that command begins.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from cdk_pull.agent.script.bash.scan import NO_WORD, RefusedError, Scanner, TooDeepError
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Document", "Form", "Refusal", "examine"]

_HERE_DOCUMENT = lazy_pattern(r"<<(-?)(?!<)[ \t]*")
_REDIRECT = lazy_pattern(r"&>>?|(?:[0-9]+|\{\w+\})?(?:<<<|<<-?|<>|<&|>&|>>|>\||<|>)")
_FUNCTION = lazy_pattern(r"[ \t]*\([ \t]*\)")
_NAME = lazy_pattern(r"[ \t]*[^\s;&|<>()]+(?:[ \t]*\([ \t]*\))?")
_PLAIN_WORD = lazy_pattern(r"[^\s;&|<>()'\"`$\\]+(?=[\s;&|<>()]|\Z)")
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
    scanner = _Parser(text)
    starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def row(position: int) -> int:
        return bisect_right(starts, position) - 1

    start, refusal = 0, None
    try:
        while scanner.more():
            start = scanner.at
            scanner.line()
    except RefusedError as error:
        refusal = Refusal(row(start), row(error.position), error.what)
    except (TooDeepError, RecursionError):
        return Form(None, ())
    return Form(refusal, tuple(Document(row(position), word) for position, word in scanner.open))


class _Parser(Scanner):
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
        found = _PLAIN_WORD.match(self.text, self.at)
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
        while self.reserved() in {"!", "time", "coproc"}:
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
            if not char or char in NO_WORD:
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
        if not self.peek() or (self.peek() in NO_WORD and self.peek(2) not in {"<(", ">("}):
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
        if not self.peek() or self.peek() in NO_WORD:
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
            if char in NO_WORD and self.peek(2) not in {"<(", ">("}:
                raise self.refuse()
            self.word()

    def case_(self, start: int) -> None:
        self.blanks()
        if not self.peek() or self.peek() in NO_WORD:
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
            if self.peek() in NO_WORD:
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
            if self.peek() in NO_WORD:
                self.at += 1
            else:
                self.word()


_COMPOUND: dict[str, Callable[[_Parser, int], None]] = {
    "if": _Parser.if_,
    "while": _Parser.while_,
    "until": _Parser.while_,
    "for": _Parser.for_,
    "select": _Parser.for_,
    "case": _Parser.case_,
    "{": _Parser.group,
    "function": _Parser.function,
    "[[": _Parser.condition,
}
