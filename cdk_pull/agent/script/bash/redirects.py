"""Redirections and pipes: which file a command reads and writes, and which command reads from which."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.script.bash import control
from cdk_pull.agent.script.bash.words import expand_one, heredoc
from cdk_pull.agent.script.bash.world import ECS_CONFIG, NOWHERE, Io, Job, chunks
from cdk_pull.agent.script.tree import child, operator_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tree_sitter import Node

    from cdk_pull.agent.script.bash.shell import Shell
    from cdk_pull.agent.script.bash.world import World

__all__ = ["empty", "open_redirects", "pipeline", "redirect_all", "redirected"]

_WRITES = frozenset({">", ">|", "&>"})
_APPENDS = frozenset({">>", "&>>"})


def open_redirects(shell: Shell, redirects: Iterable[Node], world: World, io: Io) -> Io:
    """Return where a command reads and writes after its redirections, and empty the files that they truncate."""
    stdin, stdout = io.stdin, io.stdout
    for each in redirects:
        match each.type:
            case "heredoc_redirect":
                body = child(each, "heredoc_body") or each
                stdin = tuple(chunks(heredoc(each, world, shell), shell.line(body), lines=True))
            case "herestring_redirect":
                text = "".join(expand_one(part, world, shell) for part in each.named_children)
                stdin = tuple(chunks(f"{text}\n", shell.line(each)))
            case "file_redirect":
                operator = operator_of(each)
                descriptor = each.child_by_field_name("descriptor")
                target = each.child_by_field_name("destination")
                if target is None or (descriptor is not None and descriptor.text not in {b"0", b"1"}):
                    continue
                if operator == ">&":
                    stdout = None if target.text == b"2" else stdout
                    continue
                path = _path(shell, target, world)
                if operator == "<":
                    stdin = world.files.get(path or "")
                elif operator in _WRITES | _APPENDS:
                    stdout = path or NOWHERE
                    if path is not None and operator in _WRITES:
                        empty(shell, world, path, shell.line(each))
            case _:
                continue
    return Io(stdin, stdout)


def redirect_all(shell: Shell, redirects: Iterable[Node], world: World) -> None:
    """Follow an ``exec`` of redirections alone: when all goes to ecs.config, nobody knows what it holds."""
    for each in redirects:
        target = each.child_by_field_name("destination")
        if target is not None and _path(shell, target, world) == ECS_CONFIG:
            shell.blur(world, f"exec redirects what follows to {ECS_CONFIG}", shell.line(each))


def empty(shell: Shell, world: World, path: str, line: int) -> None:
    """Truncate a file, with a warning where that loses settings."""
    if path == ECS_CONFIG:
        if shell.effort.background:
            world.jobs = (*world.jobs, Job(line, None))
        lost = [
            each for each in world.files.get(path, ()) if "=" in each.text or shell.holes.first(each.text)
        ]
        if lost:
            shell.warn(
                WarningCode.TRUNCATES_EARLIER_LINES,
                f"this overwrites what line {lost[0].line} wrote to {path}",
                line,
            )
        else:
            shell.warn(WarningCode.TRUNCATES_CONFIG, f"this overwrites whatever the AMI has in {path}", line)
    world.files[path] = ()


def _path(shell: Shell, target: Node, world: World) -> str | None:
    name = expand_one(target, world, shell)
    if shell.holes.first(name) is not None:
        return None
    path = world.path(name)
    return None if path.startswith(("/dev/", "/proc/")) and path not in world.files else path


_Step: TypeAlias = "Callable[[World, Io], list[World]]"


def pipeline(shell: Shell, node: Node, world: World, io: Io) -> list[World]:
    """Follow ``a | b``."""
    return _pipe([_step(shell, each) for each in node.named_children])(world, io)


def redirected(shell: Shell, node: Node, world: World, io: Io) -> list[World]:
    """Follow a statement with redirections, here-documents included."""
    body = node.child_by_field_name("body")
    redirects = [each for each in node.named_children if each.type.endswith("_redirect")]
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
