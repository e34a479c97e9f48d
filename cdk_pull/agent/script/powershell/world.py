"""The state of a PowerShell script at one point, in one of the ways it may have gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cdk_pull.records import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from cdk_pull.agent.script.core import Flow

__all__ = ["Block", "Function", "Setting", "Value", "World", "items", "text"]


@dataclass(frozen=True, slots=True)
class Block:
    """A script block that is a value.

    Attributes:
        node: the block.
        lines: the line of the user data for each line of its script.
    """

    node: Node
    lines: Callable[[int], int]


Value: TypeAlias = "str | bool | int | list[Value] | dict[str, Value] | Block | None"
"""What an expression is worth; unknown pieces of a text are marked."""
Function: TypeAlias = Block
"""A function: its whole statement, with the parameters."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable of the machine: its value, with unknown pieces marked, and the line that sets it."""

    value: str
    line: int


@dataclass(slots=True)
class World:
    """One way in which the script may have gone.

    Attributes:
        variables: by name in lower case.
        functions: by name in lower case.
        aliases: the commands that names in lower case stand for.
        shared: the variables that a function has set for the whole script.
        machine: the variables of the machine.
        agent: those that the agent was started with; None while it is not.
        anything: the mark for what may be any variable, if there is one.
        pruned: the lines that remove images before the agent has any.
        pulls: the images that the script pulls, with the lines.
        used: the other commands of Docker, which may use them.
        files: the texts that the script has written, by path in lower case.
        output: what the current function or expression has put out.
        results: what the parts of the current statement that run something are worth, by their nodes.
        flow: how it has left the statements that it is in; empty where the next one runs.
        outer: how many loops further out a ``break`` or ``continue`` is for.
    """

    variables: dict[str, Value] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    machine: dict[str, Setting] = field(default_factory=dict)
    agent: dict[str, Setting] | None = None
    anything: str = ""
    pruned: frozenset[int] = frozenset()
    pulls: tuple[tuple[str, int], ...] = ()
    used: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    output: tuple[Value, ...] = ()
    results: dict[int, Value] = field(default_factory=dict)
    flow: Flow = ""
    outer: int = 0

    def fork(self) -> World:
        """Return a copy that can go another way."""
        return replace(
            self,
            variables=self.variables.copy(),
            functions=self.functions.copy(),
            aliases=self.aliases.copy(),
            machine=self.machine.copy(),
            results=self.results.copy(),
            files=self.files.copy(),
        )


def text(value: Value) -> str:
    """Return a value as PowerShell makes it a string."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool() | int():
            return str(value)
        case list():
            return " ".join(map(text, value))
        case dict():
            return "System.Collections.Hashtable"
        case _:
            return ""


def items(value: Value) -> Iterator[Value]:
    """Yield what a loop over a value goes through."""
    if isinstance(value, list):
        yield from value
    elif value is not None:
        yield value
