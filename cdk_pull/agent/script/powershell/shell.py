"""What the commands of a PowerShell script need of what runs it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.explain import meant, same
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.script.core import LONGEST, Core, mentioned
from cdk_pull.agent.script.powershell.values import Values
from cdk_pull.agent.script.powershell.world import Setting, World
from cdk_pull.agent.script.tree import text_of
from cdk_pull.agent.variables import variables
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tree_sitter import Node

    from cdk_pull.agent.pieces import Holes
    from cdk_pull.agent.script.core import Effort
    from cdk_pull.agent.script.powershell.world import Value

__all__ = ["ENVIRONMENT_KEY", "Shell", "write"]

ENVIRONMENT_KEY = lazy_pattern(r"Session Manager\\+Environment", re.IGNORECASE)
"""The registry's key of the machine's variables."""
_CLUSTER = "ECS_CLUSTER"
_STARTS = lazy_pattern(r"Initialize-ECSAgent|AmazonECS", re.IGNORECASE)


class Shell(Core[World]):
    """Follows one PowerShell script; its statements are the interpreter's.

    Attributes:
        clusters: the names of the clusters that the agent may join.
        persists: whether the scripts run again at every boot.
    """

    most_worlds = 12

    def __init__(self, holes: Holes, lines: Callable[[int], int], effort: Effort | None = None) -> None:
        super().__init__(holes, lines, effort)
        self.clusters: list[str] = []
        self.persists = False

    def is_open(self, found: str) -> bool:
        """Return whether a text has an unknown piece."""
        return self.holes.first(found) is not None

    def values(self, world: World) -> Values:
        """Return what computes expressions in a world."""
        return Values(world, self.unknown, self.is_open, self.lines)

    def value(self, node: Node, world: World) -> Value:
        """Return what an expression is worth."""
        found = self.values(world).of(node)
        if isinstance(found, str) and len(found) > LONGEST:
            return self.unknown("it is too long to follow", node)
        return found

    def start(self, world: World) -> None:
        """Start the agent, with what the machine has now."""
        world.agent = world.machine.copy()

    def set(self, world: World, name: str, value: str, line: int) -> None:
        """Set a variable of the machine."""
        name = name.upper()
        if name == _CLUSTER and value:
            self.clusters.append(value)
        if self.is_open(name) and world.agent is None:
            world.anything = world.anything or name
        if name not in variables():
            return
        before = world.machine.get(name)
        known = before is not None and not self.is_open(before.value + value)
        if before is not None and known and not same(name, meant(name, before.value), meant(name, value)):
            self.warn(
                WarningCode.TWO_VALUES,
                f"{name} is {before.value} on line {before.line} and {value} here; the last one wins",
                line,
                name,
            )
        world.machine[name] = Setting(value, line)

    def of_the_process(self, name: str, line: int) -> None:
        """Warn of one of the agent's variables that only the script's own process has."""
        if name.upper() in variables():
            message = f"the agent's service does not see this: {write(name.upper())}"
            self.warn(WarningCode.PROCESS_SCOPE, message, line, name.upper())

    def blur(self, world: World, reason: str, line: int) -> None:
        """Make every variable of the machine unknown."""
        mark = self.holes.mark(reason, line)
        world.machine = {name: Setting(mark, setting.line) for name, setting in world.machine.items()}
        if world.agent is None:
            world.anything = world.anything or mark

    def skip(self, node: Node, world: World, reason: str) -> None:
        """Pass over a statement that cannot be followed; the variables that it names are unknown."""
        self.doubt(text_of(node), world, reason, self.line(node))

    def doubt(self, found: str, world: World, reason: str, line: int) -> None:
        """Make unknown the variables that a text names, or all of them where it starts the agent."""
        for name in mentioned(found):
            self.set(world, name, self.holes.mark(reason, line), line)
        if _STARTS.search(found):
            self.blur(world, reason, line)

    def narrow(self, worlds: Sequence[World], reason: str, node: Node) -> World:
        """Return the first world; in it is unknown what the others have another value of."""
        first, *others = worlds
        line = self.line(node)

        def joined(get: Callable[[World], dict[str, Setting]]) -> dict[str, Setting]:
            names = {name: None for world in worlds for name in get(world)}
            return {
                name: get(first)[name]
                if all(name in get(world) and get(world)[name] == get(first).get(name) for world in worlds)
                else Setting(self.holes.mark(reason, line), line)
                for name in names
            }

        first.variables = {
            name: value
            if all(world.variables.get(name) == value for world in others)
            else self.holes.mark(reason, line)
            for name, value in first.variables.items()
        }
        if any(world.agent != first.agent for world in others):
            first.agent = joined(lambda world: world.machine if world.agent is None else world.agent)
        first.machine = joined(lambda world: world.machine)
        first.anything = next((world.anything for world in worlds if world.anything), "")
        return first

    def unreachable(self, node: Node, worlds: Sequence[World]) -> None:
        """Warn of the settings that no world comes to."""
        self.cut_off(node, worlds, mentioned(text_of(node)), "EC2Launch")

    def lose(self, world: World, name: str, reason: str, node: Node) -> None:
        """Make one of the agent's variables unknown."""
        world.machine[name] = Setting(self.unknown(reason, node), self.line(node))

    def put(self, world: World, *values: Value) -> None:
        """Put values out, where what calls may take them."""
        world.output = (*world.output, *(each for each in values if each is not None))


def write(name: str) -> str:
    """Return the advice to set a variable of the machine."""
    return f'write [Environment]::SetEnvironmentVariable("{name}", "value", "Machine")'
