"""Branches and loops: every way that a script may go."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from cdk_pull.agent.script.bash import arithmetic
from cdk_pull.agent.script.bash.conditions import decide
from cdk_pull.agent.script.bash.reads import lines_of, reader_of
from cdk_pull.agent.script.bash.words import expand, expand_one
from cdk_pull.agent.script.bash.world import Io
from cdk_pull.agent.script.core import Arm, rounded
from cdk_pull.agent.script.tree import child, operator_of, text_of
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    from cdk_pull.agent.script.bash.shell import Shell
    from cdk_pull.agent.script.bash.world import World

__all__ = ["branch", "case", "count", "each", "either", "join", "repeat"]


_Step: TypeAlias = "Callable[[World, Io], list[World]]"

_MOST_ROUNDS = 50
# The variables of a condition: with a dollar sign, or in double parentheses.
_COUNTED = lazy_pattern(r"\$\{?([A-Za-z_]\w*)|(?<=\(\()[ \t]*([A-Za-z_]\w*)")


def either(shell: Shell, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``a && b`` and ``a || b``."""
    left, right = node.named_children[0], node.named_children[-1]
    return join(
        shell,
        (left, lambda one, given: shell.run(left, [one], given)),
        operator_of(node),
        lambda one, given: shell.run(right, [one], given),
    )(world, io)


def join(shell: Shell, left: tuple[Node, _Step], operator: str, right: _Step) -> _Step:
    """Return the step for two steps, the second of which depends on whether the first succeeds."""
    node, first = left

    def holds(world: World) -> bool | None:
        answer = decide(shell, node, world)
        return answer if operator == "&&" or answer is None else not answer

    return lambda world, io: shell.choose(
        [world], [Arm(lambda one: _asked(shell, first, one, io), holds, lambda one: right(one, io))], _same
    )


def _asked(shell: Shell, step: _Step, world: World, io: Io) -> list[World]:
    shell.asking += 1
    ended = step(world, io)
    shell.asking -= 1
    return ended


def branch(shell: Shell, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``if``, ``elif`` and ``else``."""
    clauses = [part for part in node.children if part.type == "elif_clause"]
    last = child(node, "else_clause")
    arms = [_arm(shell, each, io) for each in (node, *clauses)]
    return shell.choose(
        [world], arms, _same if last is None else lambda one: shell.sequence(last.named_children, [one], io)
    )


def _arm(shell: Shell, node: Node, io: Io) -> Arm[World]:
    kinds = [part.type for part in node.children]
    then = kinds.index("then") if "then" in kinds else len(kinds)
    questions = [part for part in node.children[:then] if part.is_named]
    body = [
        part
        for part in node.children[then:]
        if part.is_named and part.type not in {"elif_clause", "else_clause"}
    ]
    return Arm(
        lambda one: shell.ask(questions, one, io),
        lambda one: decide(shell, questions[-1], one) if questions else None,
        lambda one: shell.sequence(body, [one], io),
    )


def case(shell: Shell, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``case``: the arm that matches, or every arm and none where nobody can tell."""
    value = node.child_by_field_name("value")
    subject = expand_one(value, world, shell) if value is not None else ""

    cases = [part for part in node.named_children if part.type == "case_item"]

    def arm(number: int) -> Arm[World]:
        values = cases[number].children_by_field_name("value")

        def holds(one: World) -> bool | None:
            patterns = [expand_one(each, one, shell) for each in values]
            if shell.holes.first("".join([subject, *patterns])) is not None:
                return True if "*" in patterns else None
            return any(fnmatchcase(subject, each) for each in patterns)

        return Arm(_same, holds, lambda one: enter(number, one))

    def enter(number: int, one: World) -> list[World]:
        values = cases[number].children_by_field_name("value")
        body = [part for part in cases[number].named_children if part not in values]
        ended = shell.sequence(body, [one], io)
        rest, last = range(number + 1, len(cases)), cases[number].children[-1].type
        if not rest:
            return ended
        left = [each for each in ended if each.flow]
        on = [each for each in ended if not each.flow]
        if last == ";&":
            return [*left, *(each for inside in on for each in enter(number + 1, inside))]
        if last == ";;&":
            return [*left, *shell.choose(on, [arm(each) for each in rest], _same)]
        return ended

    return shell.choose([world], [arm(number) for number in range(len(cases))], _same)


def each(shell: Shell, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``for``: round by round where the list is known, otherwise none or one round."""
    variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
    if variable is None or body is None:
        return [world]
    name = text_of(variable)
    values = [word for value in node.children_by_field_name("value") for word in expand(value, world, shell)]

    def bind(one: World, value: object) -> None:
        one.variables[name] = str(value)

    def step(one: World) -> list[World]:
        return shell.run(body, [one], io)

    if len(values) > _MOST_ROUNDS or any(map(shell.is_open, values)):
        mark = shell.unknown(f"the values of {name} are not known", node, lines=True)
        return shell.perhaps(world, lambda one: bind(one, mark), step)
    return shell.each([world], values, bind, step)


def repeat(shell: Shell, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``while`` and ``until``; a loop that reads lines goes through those that are known."""
    body = node.child_by_field_name("body")
    questions = [one for one in node.children_by_field_name("condition") if one.is_named]
    if body is None or not questions:
        return [world]
    until = any(part.type == "until" for part in node.children)

    if not until and (reading := reader_of(shell, questions[-1], world)) is not None:
        reader, last = reading
        lines = lines_of(shell, io.stdin, last=last)
        if lines is not None and len(lines) <= _MOST_ROUNDS:
            inside = Io(None, io.stdout)  # it may read on
            return shell.each(
                [world],
                lines,
                lambda one, text: reader.bind(one, str(text)),
                lambda one: shell.run(body, [one], inside),
            )

    def holds(one: World) -> bool | None:
        answer = decide(shell, questions[-1], one, lasting=True)
        return answer if answer is None or not until else not answer

    def ask(one: World) -> list[World]:
        return shell.ask(questions, one, io)

    arm = Arm(ask, holds, lambda one: shell.run(body, [one], io))
    text = text_of(node)
    names = _COUNTED.findall("".join(text_of(each) for each in questions))
    round_ = text_of(body)
    lasting = not any(re.search(rf"(?<![$\w{{]){''.join(each)}\b", round_) for each in names)
    return shell.repeat([world], arm, lambda one: shell.stick(one, shell.line(node), text), lasting=lasting)


def count(shell: Shell, node: Node, world: World, io: Io) -> list[World]:
    """Follow the arithmetic ``for``."""
    body, text = node.child_by_field_name("body"), text_of(node)
    header = re.match(r"for\s*\(\((.*?);(.*?);(.*?)\)\)", text, re.DOTALL)
    if body is None or header is None:
        return [world]
    first, question, step = header.groups()

    def holds(one: World) -> bool | None:
        answer = arithmetic.compute(question, one) if question.strip() else 1
        return None if answer is None else bool(answer)

    def once(one: World) -> list[World]:
        ended = shell.run(body, [one], io)
        for each in rounded(ended):
            if not each.flow:
                arithmetic.run(step, each)
        return ended

    arithmetic.run(first, world)
    arm = Arm(_same, holds, once)
    return shell.repeat(
        [world], arm, lambda one: shell.stick(one, shell.line(node), text), lasting=not question.strip()
    )


def _same(world: World) -> list[World]:
    return [world]
