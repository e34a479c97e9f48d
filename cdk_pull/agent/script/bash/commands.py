"""Which command does what; those that run other commands or end the script."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.script.bash import files, reads
from cdk_pull.agent.script.bash.filters import FILTERS, filtered, operands
from cdk_pull.agent.script.bash.shell import asks_agent
from cdk_pull.agent.script.bash.world import ECS_CONFIG, PRUNED, PULLED, USED, Chunk, Io
from cdk_pull.agent.script.core import pulled
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_pull.agent.script.bash.call import Call
    from cdk_pull.agent.script.bash.world import World
    from cdk_pull.agent.script.core import Flow

__all__ = ["run"]

# They may name ecs.config and leave it as it is.
_HARMLESS = frozenset(
    {"cat", "head", "tail", "less", "more", "ls", "stat", "file", "wc", "grep", "egrep", "fgrep"}
    | {"cut", "awk", "sort", "uniq", "diff", "cmp", "md5sum", "sha256sum", "chcon"}
    | {"restorecon", "logger", "docker", "find", "sync"}
)
# What they run stands in an argument.
_LANGUAGES = ("awk", "node", "perl", "python", "ruby")
# A command for another shell in an argument.
_REDIRECTS = lazy_pattern(r">|\btee\b")
# They print nothing and leave files as they are.
_SILENT = frozenset({":", "true", "false", "test", "[", "touch", "mkdir", "chmod", "chown", "chgrp", "sleep"})
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
    "setsid": 0,
    "stdbuf": 0,
    "runuser": 0,
    "flock": 1,
}
_TAKE_A_VALUE = frozenset({"-u", "-g", "-h", "-p", "-C", "-n", "-k", "-s", "--user", "--group"})
_FLOWS: dict[str, Flow] = {"return": "return", "break": "break", "continue": "continue"}
# Options of filters whose value is a word of its own.
_TAKE_A_WORD = {"head": ("-n",), "tail": ("-n",), "cut": ("-d", "-f"), "sed": ("-e",), "grep": ("-e",)}
# They print nothing where they read nothing.
_FILTERS = frozenset({"cut", "egrep", "fgrep", "grep", "head", "jq", "sed", "sort", "tail", "tr", "uniq"})
# What follows a file or a log for ever, and what else never ends.
_FOREVER = (
    (frozenset({"tail"}), lazy_pattern(r"-[a-zA-Z0-9]*[fF][a-zA-Z0-9]*|--follow(?:=.*)?|--retry")),
    (frozenset({"journalctl", "docker"}), lazy_pattern(r"-[a-zA-Z0-9]*f[a-zA-Z0-9]*|--follow")),
    (frozenset({"sleep"}), lazy_pattern(r"inf(?:inity)?")),
    (frozenset({"watch", "yes", "top"}), lazy_pattern(r"")),
)
_RESTARTS = frozenset({"reboot", "halt", "poweroff"})
# Folders of the AMI, whose scripts leave ecs.config as it is.
_SYSTEM = lazy_pattern(r"/(?:etc|usr|bin|sbin|lib|lib64|opt/aws|opt/amazon)/|.*/\.bash|.*/\.profile")
_WRITERS: dict[str, Callable[[Call], None]] = {
    "echo": files.echo,
    "printf": files.printf,
    "cat": files.cat,
    "tee": files.tee,
    "cp": files.copy,
    "dd": files.convert,
    "install": files.copy,
    "mv": files.move,
    "rm": files.remove,
    "truncate": files.truncate,
}


def run(call: Call) -> list[World]:
    """Return the worlds after a simple command."""
    name = posixpath.basename(call.words[0])
    if "/" in call.words[0] and call.world.path(call.words[0]) in call.world.files:
        return _file(call, call.world.path(call.words[0]))
    if _goes_on(call, name):
        call.shell.stick(call.world, call.line, call.text)
        return [call.world]
    if name in _WRITERS:
        _WRITERS[name](call)
        return [call.world]
    if name in _WRAPPERS:
        return _wrapped(call, _WRAPPERS[name])
    if name in _FLOWS:
        # Outside of functions and loops bash complains of these, and goes on.
        inside = call.shell.calls if name == "return" else call.shell.loops
        call.world.flow = _FLOWS[name] if inside else ""
        number = call.arguments[0] if call.arguments and name != "return" else "1"
        call.world.outer = min(int(number), inside) - 1 if number.isdigit() and int(number) and inside else 0
        if name == "return":
            call.world.status = call.arguments == ["0"] if call.arguments else None
        return [call.world]
    return _RUNNERS.get(name, _other)(call)


def _other(call: Call) -> list[World]:
    """Run a command that nothing is known of."""
    name = posixpath.basename(call.words[0])
    if name in _SILENT:
        return [call.world]
    if name == "cfn-init":
        call.shell.blur(call.world, "what cfn-init does is not in the user data", call.line)
    if name == "docker" and call.waits and {"prune", "rmi", "rm"} & set(call.arguments[:2]):
        call.world.append(PRUNED, (Chunk("", call.line),))
    if name == "docker":
        image = pulled(call.arguments)
        text = image or " ".join(call.arguments)
        call.world.append(PULLED if image else USED, (Chunk(f"{text}\n", call.line),))
    harmless = name in _HARMLESS or (
        name == "sed" and not any(each.startswith(("-i", "--in-place")) for each in call.arguments)
    )
    if not harmless and any(
        ECS_CONFIG in {call.world.path(each), each.partition("=")[2]}
        or (ECS_CONFIG in each and (name.startswith(_LANGUAGES) or _REDIRECTS.search(each)))
        for each in call.arguments
    ):
        call.shell.blur(call.world, f"{name} changes {ECS_CONFIG} in its own way", call.line)
    elif name.startswith(_LANGUAGES):
        script = next((each for each in call.operands if each != "-"), "")
        content = call.world.files.get(call.world.path(script), ()) if script else call.io.stdin or ()
        if any("ecs.config" in each.text or call.shell.is_elsewhere(each.text) for each in content):
            call.shell.blur(call.world, f"what {script or name} does is not followed", call.line)
    for path in [each for each in _downloads(call, name) if each != ECS_CONFIG]:
        call.world.files[path] = call.unknown(f"the content of {path} is not in the user data")
    silent = name in _FILTERS and call.io.stdin == () and len(call.operands) < 2  # noqa: PLR2004 - and no file
    if not silent and not (call.waits and asks_agent(call.text)):
        call.put_chunks(call.unknown(f"the output of {name} is not known"))
    return [call.world]


def _filter(call: Call) -> list[World]:
    """Run a filter, whose output is known where its lines are."""
    name = posixpath.basename(call.words[0])
    words: list[str] = []
    options: list[str] = []
    waiting = iter(call.arguments)
    for each in waiting:
        (options if each.startswith("-") and each != "-" else words).append(each)
        if each in _TAKE_A_WORD.get(name, ()):
            options.append(next(waiting, ""))
    own = operands(name, options)
    files, arguments = words[own:], [*options, *words[:own]]
    in_place = name == "sed" and any(each.startswith(("-i", "--in-place")) for each in options)
    paths = [call.world.path(each) for each in files]
    known = call.io.stdin if not paths else call.world.files.get(paths[0])
    if (
        known is None
        or len(paths) > 1
        or not all(map(call.is_known, [*arguments, *(each.text for each in known)]))
    ):
        return _other(call)
    result = filtered(name, arguments, known)
    if result is None:
        return _other(call)
    if in_place and paths:
        call.world.files[paths[0]] = result
    else:
        call.put_chunks(result)
    return [call.world]


def _downloads(call: Call, name: str) -> Iterator[str]:
    """Yield the files that a command downloads to."""
    words = call.arguments
    if name in {"curl", "wget"}:
        url = next((each for each in call.operands if "://" in each), "")
        short = "-o" if name == "curl" else "-O"
        for number, each in enumerate(words):
            attached = re.fullmatch(rf"-[a-zA-Z]*{short[1]}(.*)|--output(?:-document)?=(.*)", each)
            follows = attached is not None and not (attached[1] or attached[2])
            if each in {"--output", "--output-document"} or follows:
                yield from (call.world.path(one) for one in words[number + 1 : number + 2] if one != "-")
            elif attached is not None:
                yield call.world.path(attached[1] or attached[2])
        if url and (
            name == "wget" or any(re.fullmatch(r"-[a-zA-Z]*O[a-zA-Z]*|--remote-name", one) for one in words)
        ):
            yield call.world.path(posixpath.basename(url.partition("?")[0]))
    elif name == "aws" and call.operands[:2] == ["s3", "cp"] and len(call.operands) > 3:  # noqa: PLR2004 - from and to
        source, target = call.operands[2:4]
        if source.startswith("s3://") and target != "-":
            path = call.world.path(target)
            yield posixpath.join(path, posixpath.basename(source)) if target.endswith(("/", ".")) else path


def _goes_on(call: Call, name: str) -> bool:
    """Return whether a command never ends; one that another reads from ends with that."""
    piped = call.io.stdout is not None and call.io.stdout.startswith("pipe:")
    for names, options in _FOREVER:
        if name in names and not piped and not any(each.startswith("--pid") for each in call.arguments):
            words = call.arguments if options.pattern else [""]
            if name == "docker":
                words = words[1:] if words[:1] == ["logs"] else []
            return any(options.fullmatch(each) for each in words)
    return False


def _shift(call: Call) -> list[World]:
    number = int(call.arguments[0]) if call.arguments and call.arguments[0].isdigit() else 1
    call.world.arguments = call.world.arguments[number:]
    return [call.world]


def _set(call: Call) -> list[World]:
    """Run ``set -e``, ``set +e`` and ``set -- words``."""
    words = call.arguments
    for number, each in enumerate(words):
        if each in {"--", "-"} or not each.startswith(("-", "+")):
            call.world.arguments = tuple(words[number + (each in {"--", "-"}) :])
            break
        if "e" in each[1:] or (each[1:2] == "o" and words[number + 1 : number + 2] == ["errexit"]):
            call.world.errexit = each.startswith("-")
        if each.endswith("o"):
            break
    return [call.world]


def _read(call: Call) -> list[World]:
    reads.read(call)
    return [call.world]


def _map_file(call: Call) -> list[World]:
    reads.map_file(call)
    return [call.world]


def _wait(call: Call) -> list[World]:
    call.world.jobs = ()
    return [call.world]


def _restart(call: Call) -> list[World]:
    """Run ``reboot``, ``shutdown now`` and their kin; what a later time is given for leaves the script alone."""
    name, words = posixpath.basename(call.words[0]), call.arguments
    now = name in _RESTARTS and not {"--help", "-w", "--wtmp-only"} & set(words)
    now |= name == "shutdown" and "-c" not in words and any(each in {"now", "0", "+0"} for each in words)
    now |= name in {"init", "telinit"} and words[:1] in (["0"], ["6"])
    if now and call.waits:
        call.world.flow, call.world.on_exit = "restart", ""
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
        each.flow = each.flow if each.flow in {"stuck", "restart"} else "exit"
        each.on_exit = ""  # exec replaces the shell, and its traps with it
    return ended


def _trap(call: Call) -> list[World]:
    words = [each for each in call.arguments if each != "--"]
    if any(each in {"EXIT", "0"} for each in words[1:]):
        call.world.on_exit = "" if words[0] == "-" else words[0]
    return [call.world]


def _eval(call: Call) -> list[World]:
    text = " ".join(call.arguments)
    if call.shell.is_elsewhere(text):
        return _elsewhere(call, "a script that is not in the user data runs")
    return call.shell.nested(text, call.world, call.io, lambda _: call.line, own=False)


def _elsewhere(call: Call, reason: str) -> list[World]:
    """Run what nobody knows: it may write to ecs.config as well as the user data does."""
    call.put_chunks(call.unknown(reason))
    return [call.shell.blur(call.world, reason, call.line)]


def _source(call: Call) -> list[World]:
    """Run ``source file``, in the script's own shell."""
    path = call.world.path(call.operands[0]) if call.operands else ""
    content = call.world.files.get(path)
    if content is not None:
        return _script(call, content, call.io, own=False)
    if _SYSTEM.match(path) or not call.operands:
        return [call.world]
    return _elsewhere(call, f"what {call.operands[0]} does is not in the user data")


def _file(call: Call, path: str) -> list[World]:
    """Run a file that the script has written or downloaded, as a program."""
    content = call.world.files[path]
    first = content[0].text if content else ""
    if first.startswith("#!") and re.search(r"\b(?:ba|da|k|z|a)?sh\b", first) is None:
        known = "".join(each.text for each in content)
        if "ecs.config" in known:
            return _elsewhere(call, f"what {path} does is not followed")
        return [call.world]
    return _script(call, content, call.io)


def _shell(call: Call) -> list[World]:
    """Run ``bash -c '...'``, ``bash <<EOF`` and ``bash file`` where the text is known."""
    stdin, operands = call.io.stdin, [each for each in call.operands if each != "-"]
    if any(re.fullmatch(r"-[a-z]*c", each) for each in call.arguments):
        return _script(
            call, tuple(Chunk(each, call.line) for each in operands[:1]), Io(stdin, call.io.stdout)
        )
    if operands and not any(re.fullmatch(r"-[a-z]*s", each) for each in call.arguments):
        path = call.world.path(operands[0])
        content = call.world.files.get(path)
        if content is None and not _SYSTEM.match(path):
            return _elsewhere(call, f"what {operands[0]} does is not in the user data")
        return [call.world] if content is None else _script(call, content, Io(stdin, call.io.stdout))
    return [call.world] if stdin is None else _script(call, stdin, Io(None, call.io.stdout))


def _script(call: Call, content: tuple[Chunk, ...], io: Io, *, own: bool = True) -> list[World]:
    """Run a script whose text is known as far as its lines stand in the user data."""
    text = "".join(each.text for each in content)
    if any(call.shell.is_elsewhere(each.text) for each in content):
        return _elsewhere(call, "a script runs that is not in the user data")
    numbers = [each.line for each in content for _ in range(each.text.count("\n") or 1)] or [call.line]

    def lines(line: int) -> int:
        return numbers[min(line, len(numbers)) - 1]

    if not own:
        ended = call.shell.nested(text, call.world, io, lines, own=False)
        for each in ended:
            each.flow = "" if each.flow == "return" else each.flow
        return ended
    ended = call.shell.nested(text, call.world.fork(), io, lines)
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
    if rest[:1] == ["-c"]:
        rest = ["sh", *rest]
    if rest:
        if posixpath.basename(call.words[0]) != "timeout":
            return run(replace(call, words=rest))
        # A time-out ends the wait, and what was asked for is done all the same.
        call.shell.effort.background += 1
        ended = run(replace(call, words=rest))
        call.shell.effort.background -= 1
        for each in ended:
            each.flow, each.jobs = "", call.world.jobs
        return ended
    if call.words[0] == "env":
        call.put_chunks(call.unknown("the environment is not known"))
        return [call.world]
    # `sudo -s <<EOF` reads a script.
    return _shell(replace(call, words=["sh"])) if call.io.stdin is not None else [call.world]


def _systemctl(call: Call) -> list[World]:
    """Run ``systemctl``, and ``service``, which is another name for it on the systems with an ecs unit."""
    words = set(call.arguments)
    if words & {"reboot", "poweroff", "halt"} and call.waits:
        call.world.flow, call.world.on_exit = "restart", ""
        return [call.world]
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
    "source": _source,
    ".": _source,
    "wait": _wait,
    **dict.fromkeys(FILTERS, _filter),
    "read": _read,
    **dict.fromkeys(("mapfile", "readarray"), _map_file),
    "set": _set,
    "shift": _shift,
    **dict.fromkeys((*sorted(_RESTARTS), "shutdown", "init", "telinit"), _restart),
}
