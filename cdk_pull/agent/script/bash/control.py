"""Branches and loops: every way that a script may go."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from cdk_pull.agent.script.bash.conditions import decide
from cdk_pull.agent.script.bash.words import expand, expand_one

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from cdk_pull.agent.script.bash.interpreter import Interpreter
    from cdk_pull.agent.script.bash.world import Io, World

__all__ = ["branch", "case", "each", "either", "join", "repeat"]

_Step: TypeAlias = "Callable[[World, Io], list[World]]"

_MOST_ROUNDS = 50


def either(shell: Interpreter, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``a && b`` and ``a || b``."""
    left, right = node.named_children[0], node.named_children[-1]
    operator = next((child.type for child in node.children if not child.is_named), "&&")
    return join(
        shell,
        (left, lambda one, given: shell.run(left, [one], given)),
        operator,
        lambda one, given: shell.run(right, [one], given),
    )(world, io)


def join(shell: Interpreter, left: tuple[Node, _Step], operator: str, right: _Step) -> _Step:
    """Return the step for two steps, the second of which depends on whether the first succeeds."""
    node, first = left

    def step(world: World, io: Io) -> list[World]:
        ended: list[World] = []
        for one in first(world, io):
            answer = decide(shell, node, one)
            goes_on = answer if operator == "&&" or answer is None else not answer
            if goes_on is not False:
                ended += right(one.fork(), io)
            if goes_on is not True:
                ended.append(one)
        return ended

    return step


def branch(shell: Interpreter, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``if``, ``elif`` and ``else``."""
    clauses = [child for child in node.children if child.type in {"elif_clause", "else_clause"}]
    return _branch(shell, node, clauses, [world], io)


def case(shell: Interpreter, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``case``: the arm that matches, or every arm and none where nobody can tell."""
    value = node.child_by_field_name("value")
    subject = expand_one(value, world, shell) if value is not None else ""
    open_question = shell.holes.first(subject) is not None
    ended: list[World] = []
    for arm in [child for child in node.named_children if child.type == "case_item"]:
        values = arm.children_by_field_name("value")
        patterns = [expand_one(each, world, shell) for each in values]
        if open_question or any(fnmatchcase(subject, pattern) for pattern in patterns):
            body = [child for child in arm.named_children if child not in values]
            ended += shell.sequence(body, [world.fork()], io)
            if not open_question:
                return ended
    return [*ended, world]


def each(shell: Interpreter, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``for``: round by round where the list is known, otherwise none or one round."""
    variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
    if variable is None or body is None:
        return [world]
    name = (variable.text or b"").decode("utf-8", "replace")
    values = [word for value in node.children_by_field_name("value") for word in expand(value, world, shell)]
    if len(values) > _MOST_ROUNDS or any(_is_open(shell, word) for word in values):
        once = world.fork()
        once.variables[name] = shell.unknown(f"the values of {name} are not known", node, lines=True)
        return [world, *_after_loop(_round(shell, body, [once], io))]
    worlds = [world]
    for value in values:
        for one in worlds:
            one.variables[name] = value
        worlds = _round(shell, body, worlds, io)
    return _after_loop(worlds)


def repeat(shell: Interpreter, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``while``, ``until`` and the arithmetic ``for``: none or one round."""
    body = node.child_by_field_name("body")
    if body is None:
        return [world]
    questions = node.children_by_field_name("condition") if node.type == "while_statement" else []
    asked = shell.sequence([one for one in questions if one.is_named], [world], io)
    once = _round(shell, body, [one.fork() for one in asked], io)
    return [*asked, *_after_loop(once)]


def _branch(shell: Interpreter, node: Node, clauses: list[Node], worlds: list[World], io: Io) -> list[World]:
    if node.type == "else_clause":
        return shell.sequence(node.named_children, worlds, io)
    kinds = [child.type for child in node.children]
    then = kinds.index("then") if "then" in kinds else len(kinds)
    questions = [child for child in node.children[:then] if child.is_named]
    body = [child for child in node.children[then:] if child.is_named and child not in clauses]
    ended: list[World] = []
    for one in shell.sequence(questions, worlds, io):
        answer = decide(shell, questions[-1], one) if questions else None
        if answer is not False:
            ended += shell.sequence(body, [one.fork()], io)
        if answer is not True:
            ended += _branch(shell, clauses[0], clauses[1:], [one], io) if clauses else [one]
    return ended


def _is_open(shell: Interpreter, word: str) -> bool:
    """Return whether a word may become any number of words: a variable that nobody knows, or a file pattern."""
    return bool(set(word) & set("*?")) or (
        shell.holes.first(word) is not None and shell.holes.split(word) == ["", ""]
    )


def _round(shell: Interpreter, body: Node, worlds: list[World], io: Io) -> list[World]:
    ended = shell.run(body, worlds, io)
    for one in ended:
        if one.flow == "continue":
            one.flow = ""
    return ended


def _after_loop(worlds: list[World]) -> list[World]:
    for one in worlds:
        if one.flow == "break":
            one.flow = ""
    return worlds
