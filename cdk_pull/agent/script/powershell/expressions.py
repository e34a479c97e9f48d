"""Expressions that run something: functions and commands in brackets, and the calls that set variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.script.core import mentioned
from cdk_pull.agent.script.powershell.parse import is_pipe
from cdk_pull.agent.script.powershell.shell import ENVIRONMENT_KEY, Shell
from cdk_pull.agent.script.powershell.values import arguments_of
from cdk_pull.agent.script.powershell.world import items, text
from cdk_pull.agent.script.tree import text_of, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from cdk_pull.agent.pieces import Holes
    from cdk_pull.agent.script.core import Effort
    from cdk_pull.agent.script.powershell.world import World

__all__ = ["BLOCKS", "Expressions", "contents"]

BLOCKS = frozenset(
    {"statement_block", "script_block", "script_block_expression", "switch_body", "statement_list"}
)
"""The nodes that hold statements."""
# Expressions that run something by themselves.
_RUNS = frozenset({"sub_expression", "array_expression", "parenthesized_expression", "command"})
_RUNS_IN_VALUE = _RUNS | {"if_statement", "switch_statement", "foreach_statement", "try_statement"}
_SEPARATE = frozenset({"script_block_expression", "function_statement"})


class Expressions(Shell):
    """Follows the expressions of a script; its statements are the interpreter's.

    Attributes:
        calls: how many functions it is in.
        captures: how many expressions around the current statement take its output.
    """

    def __init__(self, holes: Holes, lines: Callable[[int], int], effort: Effort | None = None) -> None:
        super().__init__(holes, lines, effort)
        self.calls = 0
        self.captures = 0
        self._found: dict[int, tuple[Node, list[Node]]] = {}

    def statement(self, node: Node, worlds: list[World]) -> list[World]:
        """Return the worlds after a statement."""
        raise NotImplementedError

    def sequence(self, nodes: list[Node], worlds: list[World]) -> list[World]:
        """Return the worlds after statements that follow one another."""
        return self.in_order(nodes, worlds, self.statement)

    def misread(self, node: Node, world: World) -> None:
        """Make unknown what the grammar does not know the form of."""
        found = text_of(node)
        for comment in [child for child in walk(node) if child.type == "comment"]:
            found = found.replace(text_of(comment), "")
        for name in mentioned(found):
            mark = self.unknown("the grammar of PowerShell does not know this", node)
            self.set(world, name, mark, self.line(node))

    def prepared(self, node: Node, world: World) -> list[World]:
        """Return the worlds after what an expression runs, each with the results of that."""
        worlds = [world]
        for unit in self._units(node):
            worlds = [ended for one in worlds for ended in self._unit(unit, one)]
        return worlds

    def _units(self, node: Node) -> list[Node]:
        """Return what an expression runs, the innermost first."""
        if node.id not in self._found:
            waiting, units = [node], []
            while waiting:
                each = waiting.pop()
                if each.type in _RUNS_IN_VALUE or (each.type == "pipeline_chain" and is_pipe(each)):
                    units.append(each)
                elif each.type not in _SEPARATE:
                    if each.type == "invokation_expression":
                        units.append(each)
                    waiting += each.children  # the last first, so that the order turns round below
            # The node is kept, so that no other gets its number.
            self._found[node.id] = (node, units[::-1])
        return self._found[node.id][1]

    def _unit(self, node: Node, world: World) -> list[World]:
        if node.type == "invokation_expression":
            if self._sets(node, world):
                world.results[node.id] = None
            return [world]
        outside, world.output = world.output, ()
        self.captures += 1
        if node.type in _RUNS - {"command"}:
            ended = self.visit(node, [world], lambda one: self.sequence(contents(node), [one]))
        else:
            ended = self.statement(node, [world])
        self.captures -= 1
        for each in ended:
            output = [*each.output]
            as_list = node.type == "array_expression" or len(output) > 1
            each.results[node.id] = output if as_list else output[0] if output else None
            each.output = outside
        return ended

    def with_value(self, node: Node, world: World, use: Callable[[World], list[World]]) -> list[World]:
        """Return the worlds after an expression has run and something was done with its value."""
        ended: list[World] = []
        for one in self.prepared(node, world):
            ended += [one] if one.flow else use(one)
        return self.used(node, ended)

    def used(self, node: Node, worlds: list[World]) -> list[World]:
        """Return worlds without the results of what a node holds."""
        for one in worlds:
            for each in self._units(node) if one.results else ():
                one.results.pop(each.id, None)
        return worlds

    def expression(self, node: Node, world: World) -> list[World]:
        """Run a statement that is an expression, and put its value out."""
        if not node.named_child_count and node.type == "empty_statement":
            return [world]

        def use(one: World) -> list[World]:
            self.put(one, *items(self.value(node, one)))
            return [one]

        return self.with_value(node, world, use)

    def _sets(self, node: Node, world: World) -> bool:
        """Run ``[Environment]::SetEnvironmentVariable(name, value, target)``, and tell whether it is that.

        ``[Microsoft.Win32.Registry]::SetValue(key, name, value)`` is the same on the registry's environment.
        """
        kinds = [
            child for child in node.children if child.type in {"type_literal", "member_name", "argument_list"}
        ]
        if [child.type for child in kinds] != ["type_literal", "member_name", "argument_list"]:
            return False
        owner = re.sub(r"[\[\]\s]", "", text_of(kinds[0])).lower().removeprefix("system.")
        method = f"{owner}.{text_of(kinds[1]).lower()}"
        if method not in {"environment.setenvironmentvariable", "microsoft.win32.registry.setvalue"}:
            return False
        values = [text(self.value(each, world)) for each in arguments_of(node)]
        line = self.line(node)
        if owner != "environment":
            if len(values) > 2 and ENVIRONMENT_KEY.search(values[0]):  # noqa: PLR2004 - the value is the third
                self.set(world, values[1], values[2], line)
            return True
        if len(values) > 2 and values[2].lower() in {"machine", "2"}:  # noqa: PLR2004 - the target is the third
            self.set(world, values[0], values[1], line)
        elif len(values) > 2 and self.is_open(values[2]):  # noqa: PLR2004 - the target is the third
            mark = self.unknown("whether it is one of the machine is not known", node)
            self.set(world, values[0], mark, line)
        elif len(values) > 1:
            self.of_the_process(values[0], line)
        return True


def contents(block: Node) -> list[Node]:
    """Return the statements of a block or of a bracketed expression."""
    return [
        child
        for each in block.named_children
        for child in (each.named_children if each.type == "statement_list" else [each])
    ]
