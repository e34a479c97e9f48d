"""One warning to fix, and the edits of its line that every operating system shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.readers.reading import AgentWarning, Reading

__all__ = ["Case", "Edit"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A text that may be the fixed one; whether it is, the reader decides.

    Attributes:
        text: the whole user data.
        what: what becomes of the line, in a few words.
        safe: whether it does only what the user data evidently asks for.
    """

    text: str
    what: str
    safe: bool = True


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
        """The warning's line; empty where it is about none."""
        return self.lines[self.index] if self.index >= 0 else ""

    @property
    def name(self) -> str:
        """The variable that the warning is about; empty where it is about none."""
        return self.warning.variable or ""

    @property
    def raw(self) -> str:
        """The value of that variable as it stands; empty where the text sets none."""
        return self.reading.settings.get(self.name, "")

    def with_line(self, line: str) -> str:
        """Return the text with another line in place of this one."""
        return self._joined(line)

    def with_line_after(self, line: str) -> str:
        """Return the text with one line more after this one, which ends as this one does."""
        return self._joined(self.line, f"{line}\r" if self.line.endswith("\r") else line)

    def without_line(self) -> str:
        """Return the text without this line."""
        return self._joined()

    def moved_before(self, index: int) -> str:
        """Return the text with this line before another one, which it follows now."""
        lines = self.lines
        line = lines.pop(self.index)
        lines.insert(index, line)
        return "\n".join(lines)

    def revalued(self, key: str, value: str) -> Iterator[str]:
        """Yield this line with the value after a key replaced by another, however the value is quoted there."""
        start = self.line.find(key)
        for raw in dict.fromkeys((self.raw, self.raw.replace('"', '\\"'))) if self.raw else ():
            found = self.line.find(raw, start + len(key))
            if start >= 0 and found >= 0:
                yield f"{self.line[:found]}{value}{self.line[found + len(raw) :]}"

    def _joined(self, *instead: str) -> str:
        lines = self.lines
        return "\n".join([*lines[: self.index], *instead, *lines[self.index + 1 :]])
