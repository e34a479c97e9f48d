"""Walks through a PowerShell script and keeps, for every way it may go, the variables of the machine and of the agent.

Commands are taken to succeed; where a condition cannot be known, both ways are followed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.script.core import ENDED, merge
from cdk_pull.agent.script.powershell import commands, control
from cdk_pull.agent.script.powershell.assign import assign, increment
from cdk_pull.agent.script.powershell.batch import commands as batch_commands
from cdk_pull.agent.script.powershell.batch import lines as batch_lines
from cdk_pull.agent.script.powershell.commands import Call
from cdk_pull.agent.script.powershell.expressions import BLOCKS, Expressions, contents
from cdk_pull.agent.script.powershell.functions import Parameter, bound, statements
from cdk_pull.agent.script.powershell.parse import inner, is_broken, parse
from cdk_pull.agent.script.powershell.values import named
from cdk_pull.agent.script.powershell.world import Block, Value, World, items, text
from cdk_pull.agent.script.tree import child, text_of, walk
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tree_sitter import Node

    from cdk_pull.agent.pieces import Holes
    from cdk_pull.agent.script.core import Effort

__all__ = ["Interpreter"]


_FROM_PIPE = lazy_pattern(r"ValueFromPipeline\b[^$]*?(?:\$true\b[^$]*?)?\$([A-Za-z_]\w*)", re.IGNORECASE)


class Interpreter(Expressions):
    """Runs the PowerShell of a user data in thought."""

    def __init__(self, holes: Holes, lines: Callable[[int], int], effort: Effort | None = None) -> None:
        super().__init__(holes, lines, effort)
        self._blocks: dict[int, Block] = {}

    def run_script(self, script: str, worlds: list[World]) -> list[World]:
        """Return the worlds after a whole script."""
        ended = self._whole(parse(script), worlds)
        for each in ended:
            each.flow = "" if each.flow == "return" else "fail" if each.flow == "throw" else each.flow
        return merge(ended)

    def _whole(self, root: Node, worlds: list[World]) -> list[World]:
        for each in worlds if root.is_error else ():
            self.misread(root, each)
        return self.sequence(_top(root), worlds)

    def nested(self, script: str, world: World, line: int) -> list[World]:
        """Return the worlds after commands that stand in a text, such as that of ``Invoke-Expression``."""
        outside, self.lines = self.lines, lambda _: line
        ended = self.visit(root := parse(script), [world], lambda one: self._whole(root, [one]))
        self.lines = outside
        return ended

    def batch(self, script: str, world: World, line: int) -> list[World]:
        """Return the worlds after the commands of a batch file that begins on a line."""
        worlds, outside = [world], world.output
        for number, each, sure in batch_lines(script, line):
            for one in worlds if not sure else ():
                self.doubt(each, one, "it depends on a condition in the batch file", number)
            for words in batch_commands(each) if sure else ():
                name = _command_name(words[0]) if words else ""
                worlds = [
                    ended
                    for one in worlds
                    for ended in commands.run(Call(self, one, name, [*words[1:]], None, number))
                ]
        for one in worlds:
            one.output = outside
        return worlds

    def invoke(self, block: Value, words: Sequence[Value], world: World) -> list[World]:
        """Return the worlds after a script block has run, which sees the variables around it."""
        if not isinstance(block, Block):
            return [world]
        return self._inside(block, words, world, own=False)

    def has_ended(self, world: World) -> bool:
        """Return whether nothing more of the script runs in a world."""
        return world.flow in ENDED or (world.flow in {"return", "throw"} and not self.calls)

    def statement(self, node: Node, worlds: list[World]) -> list[World]:
        """Return the worlds after a statement."""
        ended = self.visit(node, worlds, lambda world: self.run(node, world))
        if not self.captures:
            for each in ended:
                each.output = ()
        return ended

    def run(self, node: Node, world: World) -> list[World]:
        """Return the worlds after a statement in one world."""
        for error in walk(node, BLOCKS) if node.has_error else ():
            if is_broken(error):
                self.misread(error, world)
        run = _STATEMENTS.get(node.type)
        if run is not None:
            return run(self, node, world)
        if node.is_error:
            return self.sequence(node.named_children, [world])
        return self.expression(node, world)

    def define(self, node: Node, world: World) -> list[World]:
        """Take note of a function."""
        name = child(node, "function_name")
        if name is not None:
            world.functions[named(text_of(name))] = self._blocks.setdefault(node.id, Block(node, self.lines))
        return [world]

    def pipeline(self, node: Node, world: World) -> list[World]:
        """Run the elements of a pipe, each of which reads what the one before has put out."""
        if node.named_child_count == 1 and node.named_children[0].type == "assignment_expression":
            return assign(self, node.named_children[0], world)
        chain = child(node, "pipeline_chain") or node
        elements = [each for each in chain.named_children if each.type not in {"comment", "redirections"}]
        if child(node, "pipeline_chain_tail") is not None:
            # `a && b` runs both, as every command succeeds; `a || b` the first alone.
            elements = []
        if len(elements) < 2:  # noqa: PLR2004 - no pipe
            return self._sequence_of(elements or node.named_children, world)
        worlds, outside = [world], world.output
        self.captures += 1
        for number, element in enumerate(elements):
            ended: list[World] = []
            for one in worlds:
                given, one.output = (one.output if number else None), ()
                ended += [one] if one.flow else self._element(element, one, given, node)
            worlds = ended
        self.captures -= 1
        for one in worlds:
            one.output = (*outside, *one.output)
        return worlds

    def _sequence_of(self, nodes: Sequence[Node], world: World) -> list[World]:
        worlds = [world]
        for each in nodes:
            if each.type == "pipeline_chain_tail" and "||" in text_of(each):
                break
            worlds = [
                ended
                for one in worlds
                for ended in ([one] if one.flow else self._element(each, one, None, each))
            ]
        return worlds

    def _element(
        self, node: Node, world: World, given: tuple[Value, ...] | None, around: Node
    ) -> list[World]:
        node = node if node.type == "command" else inner(node)
        if node.type == "command":
            return self.command(node, world, given, around)
        if node.type in _STATEMENTS:
            return self.run(node, world)
        if node.type == "pipeline_chain_tail":
            return [world]
        return self.expression(node, world)

    def command(self, node: Node, world: World, given: tuple[Value, ...] | None, around: Node) -> list[World]:
        """Run a command.

        Args:
            node: the command.
            world: the state before it.
            given: what it reads from a pipe; None where it is the first there.
            around: the whole pipe.
        """
        name_node = node.child_by_field_name("command_name") or child(node, "command_name_expr")
        elements = node.child_by_field_name("command_elements")
        parts = [
            each
            for each in (elements.named_children if elements is not None else [])
            if each.type != "redirection"
        ]
        if name_node is None:
            return [world]

        def use(one: World) -> list[World]:
            values = [value for each in parts for value in self._words(each, one)]
            return self._call(name_node, values, one, given, around)

        worlds = [world]
        for part in [name_node, *parts]:
            worlds = [ended for one in worlds for ended in ([one] if one.flow else self.prepared(part, one))]
        worlds = [ended for one in worlds for ended in ([one] if one.flow else use(one))]
        for part in [name_node, *parts]:
            self.used(part, worlds)
        return worlds

    def _words(self, node: Node, world: World) -> list[Value]:
        if node.type == "command_argument_sep":
            return []
        if node.type == "command_parameter":
            return [Parameter(text_of(node))]
        if text_of(node).startswith("@") and inner(node).type == "variable":
            splat = world.variables.get(named(text_of(node)))
            if isinstance(splat, dict):
                return [word for key, value in splat.items() for word in (Parameter(f"-{key}"), value)]
            return (
                [*items(splat)]
                if splat is not None
                else [self.unknown(f"{text_of(node)} is not known", node)]
            )
        value = self.value(node, world)
        return [value] if not isinstance(value, str) or value.strip() else []

    def _call(
        self, node: Node, values: list[Value], world: World, given: tuple[Value, ...] | None, around: Node
    ) -> list[World]:
        target: Value = None
        if node.type == "command_name_expr":
            expression = inner(node)
            target = (
                text_of(expression) if expression.type == "command_name" else self.value(expression, world)
            )
        if isinstance(target, Block):
            operator = node.prev_sibling
            shares = operator is not None and text_of(operator) == "."
            return self._inside(target, values, world, own=not shares)
        name = _command_name(text(target) if target is not None else text_of(node))
        name = world.aliases.get(name, name)
        if re.fullmatch(r"-?[0-9]+\.\.-?[0-9]+", name):
            first, last = map(int, name.split(".."))
            self.put(world, *range(first, min(last, first + 99) + 1))
            return [world]
        if name in world.functions:
            return self._piped(world.functions[name], values, world, given)
        if name == "set":
            name = "set-variable"
        return commands.run(
            Call(self, world, name, values, given, self.line(node), text_of(node), text_of(around))
        )

    def _piped(
        self, function: Block, words: Sequence[Value], world: World, given: tuple[Value, ...] | None
    ) -> list[World]:
        """Return the worlds after a function, which runs once for each value of the pipe if it has ``process`` alone."""
        blocks = [text_of(each).lower() for each in walk(function.node) if each.type == "block_name"]
        filters = text_of(function.node)[:6].lower() == "filter"
        values = [one for each in given or () for one in items(each)]
        if (
            given is None
            or blocks != ["process"] * (not filters)
            or any(self.is_open(text(each)) for each in values)
        ):
            return self._inside(function, words, world, own=True)
        taken = _FROM_PIPE.search(text_of(function.node))

        def bind(one: World, value: object) -> None:
            one.variables["_"] = one.variables["psitem"] = value  # type: ignore[assignment]

        def body(one: World) -> list[World]:
            value = one.variables["_"]
            piped = [Parameter(f"-{taken[1]}"), value] if taken is not None else []
            return self._inside(function, [*words, *piped], one, own=True)

        return self.each([world], values, bind, body)

    def _inside(self, function: Block, words: Sequence[Value], world: World, *, own: bool) -> list[World]:
        """Return the worlds after a function or a script block, which has its own variables if it is called by name."""
        if any(map(is_broken, function.node.children)):
            reason = "the grammar of PowerShell does not know this"
            self.skip(function.node, world, reason)
            self.put(world, self.holes.mark(reason, function.lines(function.node.start_point[0] + 1)))
            return [world]
        outside, world.shared = (world.variables.copy(), world.shared), frozenset()
        lines, self.lines = self.lines, function.lines
        world.variables |= bound(function.node, words, lambda node: self.value(node, world))
        self.calls += own
        body = [*statements(function.node)]
        ended = self.call(
            [world],
            lambda one: self.visit(function.node, [one], lambda inside: self.sequence(body, [inside])),
        )
        self.calls -= own
        self.lines = lines
        for each in ended:
            kept = {name: each.variables[name] for name in each.shared if name in each.variables}
            each.variables = (outside[0] | kept) if own else each.variables
            each.shared |= outside[1]
        return ended


def _top(root: Node) -> list[Node]:
    return [each for each in contents(root) if each.type not in {"param_block", "comment"}]


def _command_name(found: str) -> str:
    return found.strip().strip("'\"").lower().rpartition("\\")[2].rpartition("/")[2].removesuffix(".exe")


_STATEMENTS: dict[str, Callable[[Interpreter, Node, World], list[World]]] = {
    "function_statement": Interpreter.define,
    "pipeline": Interpreter.pipeline,
    "pipeline_chain": Interpreter.pipeline,
    "command": lambda shell, node, world: shell.command(node, world, None, node),
    "if_statement": control.branch,
    "switch_statement": control.switch,
    "foreach_statement": control.each,
    "while_statement": control.repeat,
    "do_statement": control.repeat,
    "for_statement": control.count,
    "try_statement": control.attempt,
    "flow_control_statement": control.leave,
    "assignment_expression": assign,
    "post_increment_expression": increment,
    "pre_increment_expression": increment,
    "post_decrement_expression": increment,
    "pre_decrement_expression": increment,
}
