"""The state of a script at one point: its variables and files, in one of the ways it may have gone."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, TypeAlias

from cdk_pull.agent.script.core import OvergrownError, bounded
from cdk_pull.records import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.agent.script.core import Flow

__all__ = [
    "ECS_CONFIG",
    "NOWHERE",
    "PRINTED",
    "PRUNED",
    "PULLED",
    "USED",
    "Chunk",
    "Function",
    "Io",
    "Job",
    "World",
    "chunks",
]

ECS_CONFIG = "/etc/ecs/ecs.config"
"""The file that the agent's settings come from."""
NOWHERE = "nowhere:"
"""In place of the path of a file that cannot be known, or holds nothing."""
PRINTED = "printed:"
"""In place of a path: the settings that are printed to a terminal or a log."""

_MOST_CHUNKS = 10_000

PRUNED = "pruned:"
"""In place of a path: the lines that remove images while the script runs, which is before the agent has any."""

PULLED = "pulled:"
"""In place of a path: the images that the script pulls, one a line."""
USED = "used:"
"""In place of a path: the other commands of Docker, which may use them."""

Function: TypeAlias = "Callable[[World, Io], list[World]]"
"""What a call of a function makes of a world with its arguments."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file, at most one line long, and the line of the user data that writes it."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Io:
    """Where a command reads and writes.

    Attributes:
        stdin: what it reads; None for nothing known.
        stdout: the path of the file that it writes to; None for a terminal or a log.
    """

    stdin: tuple[Chunk, ...] | None = None
    stdout: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A background job that writes ecs.config, at a time that nobody knows.

    Attributes:
        line: the line that starts it.
        added: what it appends; None where it replaces what was there.
    """

    line: int
    added: tuple[Chunk, ...] | None


@dataclass(slots=True)
class World:
    """One way in which the script may have gone.

    Attributes:
        variables: by name.
        files: by absolute path; PRINTED and PRUNED are among them.
        functions: by name.
        arguments: those of the function that runs.
        directory: the current folder.
        left: the folders that ``pushd`` has left.
        on_exit: what runs when the script exits.
        errexit: whether a command that fails ends the script, as after ``set -e``.
        status: whether the last function has succeeded; None where nobody can tell.
        hidden: what the variables were outside of the function that has made them local.
        jobs: the background jobs that write ecs.config and were not waited for.
        flow: how it has left the statements that it is in; empty where the next one runs.
        outer: how many loops further out a ``break`` or ``continue`` is for.
    """

    variables: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[Chunk, ...]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    directory: str = "/"
    left: tuple[str, ...] = ()
    on_exit: str = ""
    errexit: bool = False
    status: bool | None = True
    hidden: dict[str, str | None] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    flow: Flow = ""
    outer: int = 0

    def fork(self) -> World:
        """Return a copy that can go another way."""
        return replace(
            self,
            variables=self.variables.copy(),
            files=self.files.copy(),
            functions=self.functions.copy(),
            hidden=self.hidden.copy(),
        )

    def after_subshell(self, inside: World) -> World:
        """Return this world after a subshell of it has ended: only the files last, and what stops the whole boot."""
        flow = inside.flow if inside.flow in {"stuck", "restart"} else self.flow
        return replace(self.fork(), files=inside.files, jobs=inside.jobs, flow=flow)

    def after_job(self, inside: World, line: int) -> World:
        """Return this world after a background job of it was started on a line."""
        before, after = self.files.get(ECS_CONFIG, ()), inside.files.get(ECS_CONFIG, ())
        jobs = inside.jobs
        if before != after:
            adds = after[: len(before)] == before
            jobs = (*jobs, Job(line, after[len(before) :] if adds else None))
        return replace(self.fork(), files=inside.files, jobs=jobs)

    def path(self, name: str) -> str:
        """Return the absolute path for a file's name."""
        path = posixpath.normpath(posixpath.join(self.directory, name))
        return f"/{path.lstrip('/')}"  # normpath leaves two slashes at the beginning alone

    def write(self, path: str | None, text: str, line: int, *, lines: bool = False) -> None:
        """Append to a file.

        Args:
            path: the file; None and NOWHERE lose the text.
            text: what to append.
            line: the line of the user data that the text comes from.
            lines: whether the text's further lines come from the lines after it.
        """
        if path is not None:
            self.append(path, tuple(chunks(bounded(text), line, lines=lines)))

    def append(self, path: str, content: tuple[Chunk, ...]) -> None:
        """Append pieces to a file.

        Raises:
            OvergrownError: when the file becomes larger than any that anybody means.
        """
        if path == NOWHERE:
            return
        whole = self.files.get(path, ()) + content
        if len(whole) > _MOST_CHUNKS:
            raise OvergrownError
        self.files[path] = whole


def chunks(text: str, line: int, *, lines: bool = False) -> list[Chunk]:
    """Return a text in pieces of at most one line."""
    pieces = text.split("\n")
    ended = [f"{each}\n" for each in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
    return [Chunk(each, line + index if lines else line) for index, each in enumerate(ended)]
