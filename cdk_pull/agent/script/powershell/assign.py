"""Assignments: which variables and which keys of hash tables a statement sets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.script.powershell.operators import added
from cdk_pull.agent.script.powershell.parse import inner
from cdk_pull.agent.script.powershell.values import named
from cdk_pull.agent.script.powershell.world import text
from cdk_pull.agent.script.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from cdk_pull.agent.script.powershell.expressions import Expressions
    from cdk_pull.agent.script.powershell.world import Value, World

__all__ = ["assign", "increment"]


def assign(shell: Expressions, node: Node, world: World) -> list[World]:
    """Run ``$name = value`` and its kin."""
    left, right = (
        inner(node.named_children[0]),
        node.child_by_field_name("value") or node.named_children[-1],
    )
    operator = next((text_of(each) for each in node.named_children if "operator" in each.type), "=")
    shell.captures += 1
    ended = shell.with_value(right, world, lambda one: _assigned(shell, node, left, right, operator, one))
    shell.captures -= 1
    return ended


def _assigned(
    shell: Expressions, node: Node, left: Node, right: Node, operator: str, world: World
) -> list[World]:
    value = shell.value(right, world)
    targets = (
        [inner(each) for each in left.named_children] if left.type == "array_literal_expression" else [left]
    )
    if len(targets) > 1:
        values = value if isinstance(value, list) else [value]
        for target, each in zip(targets, [*values, *[None] * len(targets)], strict=False):
            _store(shell, node, target, each, operator, world)
    else:
        _store(shell, node, left, value, operator, world)
    return [world]


def _store(shell: Expressions, node: Node, target: Node, value: Value, operator: str, world: World) -> None:
    while target.type in {"cast_expression", "expression_with_unary_operator", "parenthesized_expression"}:
        target = inner(target.named_children[-1])
    reference = text_of(target)
    name = named(reference)
    if name.startswith("env:"):
        shell.of_the_process(name.removeprefix("env:"), shell.line(node))
    if target.type in {"element_access", "member_access"} and target.named_child_count > 1:
        owner = named(text_of(target.named_children[0]))
        table = world.variables.get(owner)
        last = target.named_children[-1]
        key = text_of(last) if target.type == "member_access" else text(shell.value(last, world))
        if isinstance(table, dict) and operator == "=" and not shell.is_open(key):
            world.variables[owner] = {
                **{each: table[each] for each in table if each.lower() != key.lower()},
                key: value,
            }
        elif owner in world.variables:
            world.variables[owner] = shell.unknown(f"${owner} is not computed", node)
        return
    if operator == "+=":
        value = added(world.variables.get(name, shell.unknown(f"${name} is not known", node)), value)
    elif operator != "=":
        value = shell.unknown(f"${name} is not computed", node)
    world.variables[name] = value
    if re.match(r"\$\{?(?:script|global):", reference, re.IGNORECASE):
        world.shared |= {name}


def increment(shell: Expressions, node: Node, world: World) -> list[World]:
    """Run ``$i++`` and ``$i--``."""
    name = named(text_of(node.named_children[0]))
    before = world.variables.get(name)
    step = 1 if "++" in text_of(node) else -1
    if isinstance(before, int) and not isinstance(before, bool):
        world.variables[name] = before + step
    else:
        world.variables[name] = shell.unknown(f"${name} is not known", node)
    return [world]
