"""Pipes and redirections: what reads from and writes to what."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cdk_pull.agent.script.bash import control
from cdk_pull.agent.script.bash.redirects import open_redirects, redirect_all
from cdk_pull.agent.script.bash.world import Io, World
from cdk_pull.agent.script.tree import operator_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tree_sitter import Node

    from cdk_pull.agent.script.bash.shell import Shell

__all__ = ["pipeline", "redirected"]

_Step: TypeAlias = "Callable[[World, Io], list[World]]"


def pipeline(shell: Shell, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``a | b``."""
    return _pipe([_step(shell, each) for each in node.named_children])(world, io)


def redirected(shell: Shell, node: Node, world: World, io: Io) -> list[World]:
    """Follow a statement with redirections, here-documents included."""
    body = node.child_by_field_name("body")
    redirects = node.children_by_field_name("redirect")
    step = _with(shell, body, redirects)
    here = next((each for each in redirects if each.type == "heredoc_redirect"), None)
    if here is None or body is None:
        return step(world, io)
    # What stands after the `<<EOF` on its line is inside the here-document's node.
    step = _with(shell, body, [*redirects, *here.children_by_field_name("redirect")])
    piped = [
        stage for each in here.named_children if each.type == "pipeline" for stage in each.named_children
    ]
    if any(each.start_point[0] != here.start_point[0] for each in piped):
        # The grammar takes the here-document's own lines for the next command of the pipe.
        shell.skip(node, world, "a pipe goes on after the here-document")
        return [world]
    if piped:
        step = _pipe([step, *(_step(shell, each) for each in piped)])
    operator, right = here.child_by_field_name("operator"), here.child_by_field_name("right")
    if operator is None or right is None:
        return step(world, io)
    return control.join(shell, (body, step), operator.type, _step(shell, right))(world, io)


def _step(shell: Shell, node: Node) -> _Step:
    return lambda world, io: shell.run(node, [world], io)


def _with(shell: Shell, body: Node | None, redirects: Sequence[Node]) -> _Step:
    """Return the step for a statement and its redirections.

    In ``a | b > file`` and ``a && b > file`` the grammar gives the redirection to the whole, bash to the last.
    """
    if body is not None and body.type == "pipeline":
        *first, last = body.named_children
        return _pipe([*(_step(shell, each) for each in first), _with(shell, last, redirects)])
    if body is not None and body.type == "list":
        left, right = body.named_children[0], body.named_children[-1]
        return control.join(
            shell, (left, _step(shell, left)), operator_of(body), _with(shell, right, redirects)
        )

    def step(world: World, io: Io) -> list[World]:
        opened = open_redirects(shell, redirects, world, io)
        if body is not None and body.text == b"exec":
            redirect_all(shell, redirects, world)
        return [world] if body is None else shell.run(body, [world], opened)

    return step


def _pipe(steps: Sequence[_Step]) -> _Step:
    """Return the step for commands each of which reads what the one before wrote."""

    def step(world: World, io: Io) -> list[World]:
        worlds = [world]
        stdin = io.stdin
        for number, each in enumerate(steps):
            last = number == len(steps) - 1
            path = io.stdout if last else f"pipe:{id(each)}"
            ended: list[World] = []
            for one in worlds:
                if number:
                    stdin = one.files.pop(f"pipe:{id(steps[number - 1])}", ())
                ended += [one.after_subshell(inside) for inside in each(one.fork(), Io(stdin, path))]
            worlds = ended
        return worlds

    return step
