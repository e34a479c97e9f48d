"""One simple command, with its words expanded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.script.bash.world import PRINTED, Chunk
from cdk_pull.agent.variables import variables
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from cdk_pull.agent.script.bash.interpreter import Interpreter
    from cdk_pull.agent.script.bash.world import Io, World

__all__ = ["Call"]


@dataclass(frozen=True, slots=True)
class Call:
    """A command to run.

    Attributes:
        shell: the script that runs it.
        world: the state before it; a command changes it.
        io: where it reads and writes.
        words: its name and arguments.
        line: the line of the user data.
        rows: how many lines it goes on after the first.
        text: the command as it stands in the script.
        fresh: whether what it reads is opened for it alone, so that it reads the first line.
        separators: what separates words for it.
    """

    shell: Interpreter
    world: World
    io: Io
    words: list[str]
    line: int
    rows: int = 0
    text: str = ""
    fresh: bool = False
    separators: str = " \t\n"

    @property
    def waits(self) -> bool:
        """Whether the script goes on only when it has ended."""
        return not self.shell.effort.background

    @property
    def arguments(self) -> list[str]:
        """The words after the name."""
        return self.words[1:]

    @property
    def operands(self) -> list[str]:
        """The arguments that are not options."""
        return [each for each in self.words[1:] if each == "-" or not each.startswith("-")]

    def content(self, path: str) -> tuple[Chunk, ...] | None:
        """Return what a file holds, or what the command reads; None where nobody knows it."""
        if path in {"/dev/stdin", "/dev/fd/0"}:
            return self.io.stdin
        return () if path == "/dev/null" else self.world.files.get(path)

    def is_known(self, text: str) -> bool:
        """Return whether a text has no unknown piece."""
        return self.shell.holes.first(text) is None

    def unknown(self, reason: str) -> tuple[Chunk, ...]:
        """Return lines of which nobody knows what they are or how many."""
        return (Chunk(self.shell.holes.mark(reason, self.line, lines=True) + "\n", self.line),)

    def put(self, text: str) -> None:
        """Write to the standard output."""
        # A text over several lines most likely stands so in the script.
        lines = self.rows > 0 and text.count("\n") in {self.rows, self.rows + 1}
        # What is printed to nobody matters only where it was to be a setting.
        lost = self.io.stdout is None and text.partition("=")[0] in variables()
        self.world.write(PRINTED if lost else self.io.stdout, text, self.line, lines=lines)

    def put_chunks(self, chunks: tuple[Chunk, ...]) -> None:
        """Write lines to the standard output that come from elsewhere."""
        if self.io.stdout is not None:
            self.world.append(self.io.stdout, chunks)
