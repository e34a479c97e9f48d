"""Which command does what; those that run other commands or end the script."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.script.bash import files
from cdk_pull.agent.script.bash.world import ECS_CONFIG, PRUNED, Chunk, Io

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.agent.script.bash.call import Call
    from cdk_pull.agent.script.bash.world import World
    from cdk_pull.agent.script.core import Flow

__all__ = ["run"]

# They may name ecs.config and leave it as it is.
_HARMLESS = frozenset(
    {
        "cat",
        "head",
        "tail",
        "less",
        "more",
        "ls",
        "stat",
        "file",
        "wc",
        "grep",
        "egrep",
        "fgrep",
    }
    | {"cut", "awk", "sort", "uniq", "diff", "cmp", "md5sum", "sha256sum", "chcon"}
    | {"restorecon", "source", ".", "logger", "docker", "find", "sync"}
)
# What they run stands in an argument.
_LANGUAGES = ("awk", "node", "perl", "python", "ruby")
# They print nothing and leave files as they are.
_SILENT = frozenset(
    {":", "true", "false", "test", "[", "touch", "mkdir", "chmod", "chown", "chgrp", "sleep", "wait"}
)
# Wrappers that run the rest of their words, and how many words of their own they have.
_WRAPPERS = {
    "sudo": 0,
    "env": 0,
    "nohup": 0,
    "time": 0,
    "command": 0,
    "builtin": 0,
    "nice": 0,
    "timeout": 1,
    "cloud-init-per": 2,
}
_TAKE_A_VALUE = frozenset({"-u", "-g", "-h", "-p", "-C", "-n", "-k", "-s", "--user", "--group"})
_FLOWS: dict[str, Flow] = {"return": "return", "break": "break", "continue": "continue"}
_WRITERS: dict[str, Callable[[Call], None]] = {
    "echo": files.echo,
    "printf": files.printf,
    "cat": files.cat,
    "tee": files.tee,
    "cp": files.copy,
    "install": files.copy,
    "mv": files.move,
    "rm": files.remove,
    "truncate": files.truncate,
}


def run(call: Call) -> list[World]:
    """Return the worlds after a simple command."""
    name = posixpath.basename(call.words[0])
    if name in _WRITERS:
        _WRITERS[name](call)
        return [call.world]
    if name in _WRAPPERS:
        return _wrapped(call, _WRAPPERS[name])
    if name in _FLOWS:
        # Outside of functions bash complains of a return, and goes on.
        call.world.flow = _FLOWS[name] if name != "return" or call.shell.calls else ""
        return [call.world]
    return _RUNNERS.get(name, _other)(call)


def _other(call: Call) -> list[World]:
    """Run a command that nothing is known of."""
    name = posixpath.basename(call.words[0])
    if name in _SILENT:
        return [call.world]
    if name == "docker" and call.waits and {"prune", "rmi", "rm"} & set(call.arguments[:2]):
        call.world.append(PRUNED, (Chunk("", call.line),))
    harmless = name in _HARMLESS or (
        name == "sed" and not any(each.startswith(("-i", "--in-place")) for each in call.arguments)
    )
    if not harmless and any(
        ECS_CONFIG in {call.world.path(each), each.partition("=")[2]}
        or (ECS_CONFIG in each and name.startswith(_LANGUAGES))
        for each in call.arguments
    ):
        call.shell.blur(call.world, f"{name} changes {ECS_CONFIG} in its own way", call.line)
    call.put_chunks(call.unknown(f"the output of {name} is not known"))
    return [call.world]


def _cd(call: Call) -> list[World]:
    world = call.world
    target = call.operands[0] if call.operands else "/root"
    before = world.directory
    world.directory = world.variables.get("OLDPWD", "/") if target == "-" else world.path(target)
    world.variables["OLDPWD"] = before
    return [world]


def _pushd(call: Call) -> list[World]:
    call.world.left += (call.world.directory,)
    return _cd(call)


def _popd(call: Call) -> list[World]:
    *left, back = call.world.left or (call.world.directory,)
    call.world.left, call.world.directory = tuple(left), back
    return [call.world]


def _exit(call: Call) -> list[World]:
    call.world.flow = "exit" if call.arguments in ([], ["0"]) else "fail"
    return [call.world]


def _exec(call: Call) -> list[World]:
    if not call.arguments:
        return [call.world]
    ended = run(replace(call, words=call.arguments))
    for each in ended:
        each.flow = "exit"
        each.on_exit = ""  # exec replaces the shell, and its traps with it
    return ended


def _trap(call: Call) -> list[World]:
    words = [each for each in call.arguments if each != "--"]
    if any(each in {"EXIT", "0"} for each in words[1:]):
        call.world.on_exit = "" if words[0] == "-" else words[0]
    return [call.world]


def _eval(call: Call) -> list[World]:
    return call.shell.nested(" ".join(call.arguments), call.world, call.io, lambda _: call.line)


def _shell(call: Call) -> list[World]:
    """Run ``bash -c '...'``, ``bash <<EOF`` and ``bash file`` where the text is known."""
    stdin = None
    if any(re.fullmatch(r"-[a-z]*c", each) for each in call.arguments):
        chunks, stdin = tuple(Chunk(each, call.line) for each in call.operands[:1]) or None, call.io.stdin
    else:
        chunks = call.world.files.get(call.world.path(call.operands[0])) if call.operands else call.io.stdin
    if chunks is None:
        return _other(call)
    text = "".join(each.text for each in chunks)
    numbers = [each.line for each in chunks for _ in range(each.text.count("\n") or 1)] or [call.line]
    io = Io(stdin, call.io.stdout)
    ended = call.shell.nested(text, call.world.fork(), io, lambda line: numbers[min(line, len(numbers)) - 1])
    return [call.world.after_subshell(each) for each in ended]


def _su(call: Call) -> list[World]:
    words = call.arguments
    script = words[words.index("-c") + 1 :][:1] if "-c" in words else []
    return _shell(replace(call, words=["su", "-c", *script] if script else ["su"]))


def _wrapped(call: Call, own: int) -> list[World]:
    """Run what ``sudo``, ``env`` and their like run."""
    rest = call.arguments
    while rest and (rest[0].startswith("-") or re.match(r"[A-Za-z_][A-Za-z0-9_]*=", rest[0])):
        if rest.pop(0) in _TAKE_A_VALUE and rest:
            rest.pop(0)
    rest = rest[own:]
    if rest:
        # A time-out ends the wait, and what was asked for is done all the same.
        return run(replace(call, words=rest, waits=call.waits and call.words[0] != "timeout"))
    # `sudo -s <<EOF` reads a script.
    return _shell(replace(call, words=["sh"])) if call.io.stdin is not None else [call.world]


def _systemctl(call: Call) -> list[World]:
    """Run ``systemctl``, and ``service``, which is another name for it on the systems with an ecs unit."""
    words = set(call.arguments)
    starts = "--now" in words or words & {"start", "restart", "reload-or-restart", "try-restart"}
    if starts and call.waits and "--no-block" not in words and words & {"ecs", "ecs.service"}:
        call.shell.warn(
            WarningCode.STARTS_AGENT,
            "the ecs service starts only after the user data has ended, so this command waits forever",
            call.line,
        )
    return [call.world]


_RUNNERS: dict[str, Callable[[Call], list[World]]] = {
    "cd": _cd,
    "pushd": _pushd,
    "popd": _popd,
    "exit": _exit,
    "exec": _exec,
    "trap": _trap,
    "eval": _eval,
    "sh": _shell,
    "bash": _shell,
    "dash": _shell,
    "su": _su,
    "service": _systemctl,
    "systemctl": _systemctl,
}
