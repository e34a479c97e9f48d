"""What cloud-init does with user data, in the order in which it does it."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Opaque", "Script", "Stage", "Step", "Write", "from_line"]


class Stage(IntEnum):
    """When a step runs; within a stage, by file name."""

    BOOTHOOK = 0
    BOOTCMD = 1
    WRITE_FILES = 2
    WRITE_FILES_DEFERRED = 3
    SCRIPTS_PER_INSTANCE = 4
    SCRIPTS = 5


@dataclass(frozen=True, slots=True)
class Script:
    """A script to run.

    Attributes:
        stage: when.
        name: its file name, by which scripts are sorted.
        text: the script.
        lines: the line of the user data for each line of the script.
    """

    stage: Stage
    name: str
    text: str
    lines: Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Write:
    """A file to write.

    Attributes:
        stage: when.
        name: orders the files of a stage.
        path: the file.
        content: what to write; None where nobody knows.
        append: whether what the file held before stays.
        line: the line of the user data where the content begins.
        spread: whether the content's lines are lines of the user data.
    """

    stage: Stage
    name: str
    path: str
    content: str | None
    append: bool
    line: int
    spread: bool


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something that may do anything.

    Attributes:
        stage: when.
        name: orders the steps of a stage.
        reason: why nobody knows what it does.
        line: the line of the user data.
    """

    stage: Stage
    name: str
    reason: str
    line: int


Step: TypeAlias = Script | Write | Opaque


def from_line(first: int, *, spread: bool = True) -> Callable[[int], int]:
    """Return the line numbers of a text that begins on a line, or is all on it."""
    return lambda line: first + (line - 1 if spread else 0)
