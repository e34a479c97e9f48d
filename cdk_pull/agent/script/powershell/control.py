"""Branches, loops and what leaves them: every way that a script may go."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.script.core import Arm, left_loop, rounded
from cdk_pull.agent.script.powershell.expressions import BLOCKS, contents
from cdk_pull.agent.script.powershell.parse import inner
from cdk_pull.agent.script.powershell.values import named
from cdk_pull.agent.script.powershell.world import World, items, text
from cdk_pull.agent.script.tree import child, text_of, walk
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from cdk_pull.agent.script.core import Flow
    from cdk_pull.agent.script.powershell.expressions import Expressions

__all__ = ["attempt", "branch", "count", "each", "leave", "repeat", "switch"]

_DEFAULT = lazy_pattern(r"default", re.IGNORECASE)
_LOOPS = frozenset(
    {"foreach_statement", "while_statement", "do_statement", "for_statement", "switch_statement"}
)
_SEPARATE = frozenset({"function_statement", "script_block_expression"})
_FLOWS: dict[str, Flow] = {"return": "return", "throw": "throw", "break": "break", "continue": "continue"}


def branch(shell: Expressions, node: Node, world: World) -> list[World]:
    """Follow ``if``, ``elseif`` and ``else``."""
    clauses = _clauses(node, "elseif_clauses")
    last = child(node, "else_clause")
    arms = [_arm(shell, each) for each in (node, *clauses) if each.type in {"if_statement", "elseif_clause"}]
    return shell.choose([world], arms, _body(shell, last) if last is not None else _same)


def _clauses(node: Node, kind: str) -> list[Node]:
    return [each for part in node.children if part.type == kind for each in part.named_children]


def _arm(shell: Expressions, node: Node, *, negated: bool = False) -> Arm[World]:
    question = next((each for each in node.named_children if each.type not in BLOCKS | {"comment"}), node)

    def holds(world: World) -> bool | None:
        if question is node:
            return True
        answer = shell.values(world).truth(shell.value(question, world))
        shell.used(question, [world])
        return not answer if negated and answer is not None else answer

    return Arm(lambda world: shell.prepared(question, world), holds, _body(shell, node))


def _body(shell: Expressions, node: Node) -> Callable[[World], list[World]]:
    block = child(node, "statement_block")
    inside = contents(block) if block is not None else []
    return lambda world: shell.sequence(inside, [world])


def switch(shell: Expressions, node: Node, world: World) -> list[World]:
    """Follow ``switch``: every clause that matches, until a ``break``."""
    head = child(node, "switch_condition")
    condition = next(iter(head.named_children), None) if head is not None else None
    if condition is None:
        return [world]
    clauses = [each for each in walk(node, frozenset({"statement_block"})) if each.type == "switch_clause"]
    options = " ".join(text_of(each).lower() for each in node.named_children if "parameter" in each.type)
    body = _switched(shell, clauses, options)

    def use(one: World) -> list[World]:
        return shell.each([one], [*items(shell.value(condition, one))], _bind("_"), body)

    return shell.with_value(condition, world, use)


def _switched(shell: Expressions, clauses: list[Node], options: str) -> Callable[[World], list[World]]:
    default = next((each for each in clauses if _DEFAULT.fullmatch(_pattern(each))), None)
    cases = [each for each in clauses if each is not default]
    otherwise = _body(shell, default) if default is not None else _same

    def matches(clause: Node, world: World) -> bool | None:
        value, pattern = text(world.variables.get("_")), _pattern(clause)
        if shell.is_open(value) or "$" in pattern or pattern.startswith("{") or "-regex" in options:
            return None
        if "-wildcard" in options:
            return fnmatchcase(value.lower(), pattern.lower())
        if "-casesensitive" in options:
            return value == pattern
        return value.lower() == pattern.lower()

    def body(world: World) -> list[World]:
        answers = [matches(each, world) for each in cases]
        if None in answers:
            arms = [
                Arm(_same, _answer(answer), _body(shell, each))
                for each, answer in zip(cases, answers, strict=True)
            ]
            return shell.choose([world], arms, otherwise)
        worlds = [world]
        for each in [one for one, answer in zip(cases, answers, strict=True) if answer]:
            worlds = [ended for one in worlds for ended in ([one] if one.flow else _body(shell, each)(one))]
        return worlds if True in answers else otherwise(world)

    return body


def each(shell: Expressions, node: Node, world: World) -> list[World]:
    """Follow ``foreach``: round by round where the values are known, otherwise none or one round."""
    parts = [each for each in node.named_children if each.type not in BLOCKS | {"comment"}]
    if len(parts) < 2:  # noqa: PLR2004 - a variable and what it goes through
        return [world]
    name, source = named(text_of(parts[0])), parts[-1]
    body = _body(shell, node)

    def use(one: World) -> list[World]:
        value = shell.value(source, one)
        if isinstance(value, str) and shell.is_open(value):
            mark = shell.unknown(f"the values of ${name} are not known", node)
            return shell.perhaps(one, lambda each: _bind(name)(each, mark), body)
        return shell.each([one], [*items(value)], _bind(name), body)

    return shell.with_value(source, world, use)


def repeat(shell: Expressions, node: Node, world: World) -> list[World]:
    """Follow ``while``, ``do … while`` and ``do … until``."""
    arm = _arm(shell, node, negated=any(each.type == "until" for each in node.children))
    worlds = arm.body(world) if node.type == "do_statement" else [world]
    worlds = rounded(worlds)
    again = [one for one in worlds if not one.flow]
    left = left_loop([one for one in worlds if one.flow])
    question = next((each for each in node.named_children if each.type not in BLOCKS), node)
    return [*left, *_repeat(shell, again, arm, node, question)]


def count(shell: Expressions, node: Node, world: World) -> list[World]:
    """Follow ``for``."""
    header = (
        [*node.children[: next(i for i, each in enumerate(node.children) if each.type == ")")]]
        if any(each.type == ")" for each in node.children)
        else []
    )
    parts: list[Node | None] = [None]
    for each in header[2:]:
        if each.type == ";":
            parts.append(None)
        elif each.is_named and each.type != "comment":
            parts[-1] = inner(each)
    first, question, step = [*parts, None, None][:3]
    body = _body(shell, node)

    def once(one: World) -> list[World]:
        ended = rounded(body(one))
        return shell.sequence([step], ended) if step is not None else ended

    def holds(one: World) -> bool | None:
        return True if question is None else shell.values(one).truth(shell.value(question, one))

    worlds = shell.sequence([first], [world]) if first is not None else [world]
    return _repeat(shell, worlds, Arm(_same, holds, once), node, question or node)


def _repeat(
    shell: Expressions, worlds: list[World], arm: Arm[World], node: Node, question: Node
) -> list[World]:
    lasting = question is node or not re.search(r"\$(?!true\b)", text_of(question), re.IGNORECASE)
    return shell.repeat(worlds, arm, lambda world: _stick(shell, node, world), lasting=lasting)


def _stick(shell: Expressions, node: Node, world: World) -> None:
    world.flow = "stuck"
    if world.agent is None and not shell.effort.background:
        shell.warn(
            WarningCode.NEVER_ENDS,
            "this loop never ends, and the agent is not started before it; break out of it, or run it in a job",
            shell.line(node),
        )


def attempt(shell: Expressions, node: Node, world: World) -> list[World]:
    """Follow ``try``, ``catch`` and ``finally``."""
    clauses = _clauses(node, "catch_clauses")
    last = child(node, "finally_clause")

    def rescue(one: World) -> list[World]:
        return [
            ended
            for each in clauses
            if each.type == "catch_clause"
            for ended in _body(shell, each)(one.fork())
        ]

    return shell.attempt(
        world,
        _body(shell, node),
        rescue if clauses else None,
        _body(shell, last) if last is not None else _same,
    )


def leave(shell: Expressions, node: Node, world: World) -> list[World]:
    """Follow ``return``, ``exit``, ``throw``, ``break`` and ``continue``."""
    word = text_of(node).split(None, 1)[0].rstrip(";").lower() if text_of(node).strip() else ""
    label = child(node, "label_expression")
    value = node.named_children[0] if node.named_child_count and label is None else None

    def use(one: World) -> list[World]:
        if word == "return" and value is not None:
            shell.put(one, *items(shell.value(value, one)))
        if word == "exit":
            code = text(shell.value(value, one)) if value is not None else "0"
            one.flow = "exit" if code == "0" else "fail"
        elif word in _FLOWS:
            one.flow, one.outer = _FLOWS[word], _outer(node) if label is not None else 0
        return [one]

    if value is None:
        return use(world)
    shell.captures += 1
    ended = shell.with_value(value, world, use)
    shell.captures -= 1
    return ended


def _outer(node: Node) -> int:
    """Return how many loops are between a ``break`` and the loop of its label."""
    label = text_of(child(node, "label_expression")).strip().lower()
    depth, around = 0, node.parent
    while around is not None and around.type not in _SEPARATE:
        if around.type in _LOOPS:
            before = around.prev_named_sibling
            if before is not None and before.type == "label" and text_of(before).lower() == label:
                return depth
            depth += 1
        around = around.parent
    return 0


def _pattern(clause: Node) -> str:
    return text_of(child(clause, "switch_clause_condition") or clause).strip().strip("'\"")


def _bind(name: str) -> Callable[[World, object], None]:
    def bind(world: World, value: object) -> None:
        world.variables[name] = value  # type: ignore[assignment]

    return bind


def _answer(answer: bool | None) -> Callable[[World], bool | None]:  # noqa: FBT001 - what a condition says
    return lambda _world: answer


def _same(world: World) -> list[World]:
    return [world]
