"""Redirections: which file a command reads and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.script.bash.words import expand_one, heredoc
from cdk_pull.agent.script.bash.world import ECS_CONFIG, NOWHERE, Io, Job, chunks
from cdk_pull.agent.script.tree import child, operator_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tree_sitter import Node

    from cdk_pull.agent.script.bash.shell import Shell
    from cdk_pull.agent.script.bash.world import World

__all__ = ["empty", "open_redirects", "redirect_all"]

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
                f"this removes what line {lost[0].line} wrote to {path}",
                line,
            )
        else:
            shell.warn(
                WarningCode.TRUNCATES_CONFIG, f"this removes what the AMI has in {path}, if anything", line
            )
    world.files[path] = ()


def _path(shell: Shell, target: Node, world: World) -> str | None:
    name = expand_one(target, world, shell)
    if shell.holes.first(name) is not None:
        return None
    path = world.path(name)
    return None if path.startswith(("/dev/", "/proc/")) and path not in world.files else path
