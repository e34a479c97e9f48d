"""The commands that write, copy and remove files."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from cdk_pull.agent.script.bash.parameters import store
from cdk_pull.agent.script.bash.redirects import empty
from cdk_pull.agent.script.bash.words import unescape
from cdk_pull.agent.script.bash.world import ECS_CONFIG, NOWHERE
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.script.bash.call import Call

__all__ = ["cat", "convert", "copy", "echo", "move", "printf", "remove", "tee", "truncate"]

_DIRECTIVE = lazy_pattern(r"(%%|%[-+ #0]*[0-9]*(?:\.[0-9]+)?[a-zA-Z])")


def echo(call: Call) -> None:
    """Run ``echo``, with -n, -e and -E as bash has them."""
    words = call.arguments
    end, escapes = "\n", False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        for option in words.pop(0)[1:]:
            end = "" if option == "n" else end
            escapes = escapes if option == "n" else option == "e"
    text = " ".join(words)
    if escapes:
        text, stop, _ = text.partition("\\c")
        text, end = unescape(text), "" if stop else end
    call.put(text + end)


def printf(call: Call) -> None:
    """Run ``printf``: the format again and again until the values are used up."""
    words = call.arguments
    if words[:1] == ["--"]:
        words = words[1:]
    variable = words[1:2] if words[:1] == ["-v"] else []
    words = words[2:] if variable else words
    pattern, values = (words[0], words[1:]) if words else ("", [])
    pieces = _DIRECTIVE.split(pattern)
    taken = sum(each != "%%" for each in pieces[1::2])
    text = ""
    while True:
        given = iter(values[:taken])
        # The odd pieces are directives; escapes belong to the even ones alone: a value's backslashes stay.
        text += "".join(
            _directive(call, each, given) if index % 2 else unescape(each)
            for index, each in enumerate(pieces)
        )
        values = values[taken:] if taken else []
        if not values:
            break
    if variable:
        store(variable[0], text, call.world)
    else:
        call.put(text)


def _directive(call: Call, directive: str, values: Iterator[str]) -> str:
    if directive == "%%":
        return "%"
    value = next(values, "")
    match directive:
        case "%s":
            return value
        case "%b":
            return unescape(value)
        case "%d" | "%i":
            return value or "0"
        case _:
            return call.shell.holes.mark(f"printf {directive} is not computed", call.line)


def cat(call: Call) -> None:
    """Run ``cat``."""
    for name in call.operands or ["-"]:
        given = call.content("/dev/stdin" if name == "-" else call.world.path(name))
        call.put_chunks(call.unknown(f"the content of {name} is not known") if given is None else given)


def tee(call: Call) -> None:
    """Run ``tee``, with -a."""
    append = any(re.fullmatch(r"-[a-z]*a[a-z]*|--append", each) for each in call.arguments)
    given = call.unknown("what tee reads is not known") if call.io.stdin is None else call.io.stdin
    for path in [call.world.path(each) for each in call.operands if call.is_known(each)]:
        if not append:
            empty(call.shell, call.world, path, call.line)
        call.world.append(path, given)
    call.put_chunks(given)


def copy(call: Call) -> None:
    """Run ``cp`` and ``install``, of one file."""
    if len(call.operands) < 2:  # noqa: PLR2004 - a source and a target
        return
    source, target = (call.world.path(each) for each in call.operands[-2:])
    if target == posixpath.dirname(ECS_CONFIG):
        target = posixpath.join(target, posixpath.basename(source))
    known = call.content(source)
    if target == ECS_CONFIG or known is not None:
        empty(call.shell, call.world, target, call.line)
        call.world.files[target] = (
            call.unknown(f"the content of {source} is not known") if known is None else known
        )


def move(call: Call) -> None:
    """Run ``mv``, of one file."""
    copy(call)
    for path in [call.world.path(each) for each in call.operands[:-1]]:
        if path in call.world.files:
            call.world.files[path] = ()


def remove(call: Call) -> None:
    """Run ``rm``."""
    for pattern in [call.world.path(each) for each in call.operands]:
        for path in sorted({*call.world.files, ECS_CONFIG}):
            # A file of that name, or one in a folder of that name.
            if any(
                fnmatchcase(each, pattern) for each in (path, *map(str, PurePosixPath(path).parents[:-1]))
            ):
                empty(call.shell, call.world, path, call.line)


def convert(call: Call) -> None:
    """Run ``dd``, as far as it copies."""
    given = dict(each.partition("=")[::2] for each in call.arguments)
    if "of" in given:
        known = set(given) <= {"of", "if", "status"}
        words = ["cp", given.get("if", "/dev/stdin") if known else NOWHERE, given["of"]]
        copy(replace(call, words=words))


def truncate(call: Call) -> None:
    """Run ``truncate``: to nothing, or to a size that leaves what nobody knows."""
    text = " ".join(call.arguments)
    to_nothing = re.search(r"(?:-s ?|--size[= ])0(?!\S)", text) is not None
    for path in [call.world.path(each) for each in call.operands]:
        if to_nothing and (path in call.world.files or path == ECS_CONFIG):
            empty(call.shell, call.world, path, call.line)
        elif path == ECS_CONFIG:
            call.shell.blur(call.world, f"truncate changes {ECS_CONFIG} in its own way", call.line)
