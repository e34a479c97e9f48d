"""One warning to fix, and the edits of its span that every operating system shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_pull.agent.readers.reading import AgentWarning, Reading

__all__ = ["Case", "Edit", "Replacement", "replaced"]


class Replacement(NamedTuple):
    """Another text for a part of a text: from the first character to behind the last."""

    start: int
    end: int
    text: str


def replaced(text: str, changes: Iterable[Replacement]) -> str:
    """Return a text with other texts for parts of it, none of which is within another."""
    for each in sorted(changes, reverse=True):
        text = f"{text[: each.start]}{each.text}{text[each.end :]}"
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """What may fix a warning; whether it does, the reader decides.

    Attributes:
        base: the user data.
        changes: the parts of it that are replaced, none within another.
        what: what becomes of the line, in a few words.
        safe: whether it does only what the user data evidently asks for.
    """

    base: str
    changes: tuple[Replacement, ...]
    what: str
    safe: bool = True

    @property
    def text(self) -> str:
        """The user data after the edit."""
        return replaced(self.base, self.changes)


@dataclass(frozen=True, slots=True)
class Case:
    """A warning in its text.

    Attributes:
        text: the user data.
        warning: what to fix.
        reading: what the text sets as it is.
    """

    text: str
    warning: AgentWarning
    reading: Reading

    @property
    def lines(self) -> list[str]:
        """The lines of the text, without their line feeds."""
        return self.text.split("\n")

    @property
    def index(self) -> int:
        """The place of the warning's line among them; -1 where it is about none."""
        return self.warning.line - 1 if 0 < self.warning.line <= len(self.lines) else -1

    @property
    def line(self) -> str:
        """What stands in the warning's span; empty where it is about no line."""
        start, end = self.warning.span
        return self.text[start:end]

    @property
    def name(self) -> str:
        """The variable that the warning is about; empty where it is about none."""
        return self.warning.variable or ""

    @property
    def raw(self) -> str:
        """The value of that variable as it stands; empty where the text sets none."""
        return self.reading.settings.get(self.name, "")

    def edit(self, *changes: Replacement, what: str, safe: bool = True) -> Edit:
        """Return an edit of this text."""
        return Edit(base=self.text, changes=changes, what=what, safe=safe)

    def rewritten(self, text: str, *, what: str, safe: bool = True) -> Edit:
        """Return an edit that puts another text in the place of all of it."""
        return Edit(base=self.text, changes=(Replacement(0, len(self.text), text),), what=what, safe=safe)

    def instead(self, text: str) -> Replacement:
        """Return another text in the place of the span."""
        return Replacement(*self.warning.span, text)

    def after(self, line: str) -> Replacement:
        """Return one line more after the span, which ends as this one does."""
        end = self.warning.span[1]
        return Replacement(end, end, f"\n{line}\r" if self.line.endswith("\r") else f"\n{line}")

    def without(self, index: int | None = None) -> Replacement:
        """Return the removal of a line, this one by default, with its line feed."""
        index = self.index if index is None else index
        start = sum(len(each) + 1 for each in self.lines[:index])
        end = start + len(self.lines[index])
        return (
            Replacement(start, end + 1, "")
            if end < len(self.text)
            else Replacement(max(start - 1, 0), end, "")
        )

    def before(self, index: int, line: str) -> Replacement:
        """Return one line more before another one."""
        start = sum(len(each) + 1 for each in self.lines[:index])
        return Replacement(start, start, f"{line}\n")

    def revalued(self, key: str, value: str) -> Iterator[Replacement]:
        """Yield another value in the place of the one after a key, however that is quoted there."""
        start = self.line.find(key)
        for raw in dict.fromkeys((self.raw, self.raw.replace('"', '\\"'))) if self.raw else ():
            found = self.line.find(raw, start + len(key))
            if start >= 0 and found >= 0:
                first = self.warning.span[0] + found
                yield Replacement(first, first + len(raw), value)
