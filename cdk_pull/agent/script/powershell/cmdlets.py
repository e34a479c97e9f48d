"""The commands that filter a pipe, parse text and write files, where what they read is known."""

from __future__ import annotations

import json
import ntpath
from typing import TYPE_CHECKING, Final

from cdk_pull.agent.script.powershell.functions import statements
from cdk_pull.agent.script.powershell.world import Block, Value, World, items, text
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.agent.script.powershell.commands import Call

__all__ = ["FILTERS", "forget", "script_of", "write_file"]

_PATHS: Final = ("path", "filepath", "literalpath")
_TARGETS: Final = ("outfile", "destination", "file", "localfile", *_PATHS)
_PAIR: Final = lazy_pattern(r"[ \t]*([^=\s]+)[ \t]*=[ \t]*(.*?)[ \t]*")


def _given(call: Call) -> list[Value] | None:
    """Return what the pipe gives, or ``-InputObject``; None where nobody knows it."""
    own = call.named("inputobject")
    found = [*items(own)] if own is not None else [one for each in call.given or () for one in items(each)]
    if not found and call.given is None:
        found = [each for each in call.values if not text(each).startswith("-")][:1]
    return None if any(isinstance(each, str) and call.shell.is_open(each) for each in found) else found


def _where(call: Call) -> list[Value] | None:
    """Run ``Where-Object { … }``, of one expression."""
    block = next((each for each in call.values if isinstance(each, Block)), None)
    given = _given(call)
    body = [*statements(block.node)] if block is not None else []
    if given is None or len(body) != 1:
        return None
    kept: list[Value] = []
    for each in given:
        inside = call.world.fork()
        inside.variables["_"] = inside.variables["psitem"] = each
        answer = call.shell.values(inside).truth(call.shell.value(body[0], inside))
        if answer is None:
            return None
        kept += [each] if answer else []
    return kept


def _select(call: Call) -> list[Value] | None:
    given, first, last = _given(call), call.named("first"), call.named("last")
    name = call.named("expandproperty")
    if given is None or len(call.values) != 2:  # noqa: PLR2004 - one parameter and its value
        return None
    if isinstance(first, int):
        return given[:first]
    if isinstance(last, int):
        return given[-last:] if last else []
    if name is not None and all(isinstance(each, dict) and text(name) in each for each in given):
        return [each[text(name)] for each in given if isinstance(each, dict)]
    return None


def _pairs(call: Call) -> list[Value] | None:
    """Run ``ConvertFrom-StringData``."""
    given = _given(call)
    lines = "\n".join(map(text, given or ())).split("\n")
    pairs = [_PAIR.fullmatch(each) for each in lines if each.strip() and not each.lstrip().startswith("#")]
    if given is None or any("\\" in each for each in lines):
        return None
    return [{pair[1]: pair[2] for pair in pairs if pair is not None}]


def _json(call: Call) -> list[Value] | None:
    given = _given(call)
    try:
        found = (
            None
            if given is None
            else json.loads("\n".join(map(text, given)), parse_float=lambda _: _refuse())
        )
    except (ValueError, RecursionError):
        return None
    return None if given is None else [*items(found)]


def _refuse() -> None:
    raise ValueError


def _content(call: Call) -> list[Value] | None:
    """Run ``Get-Content`` of a file that the script has written."""
    found = call.world.files.get(_path(call, _PATHS))
    if found is None or call.shell.is_open(found):
        return None
    return [found] if "-raw" in map(str.lower, call.words) else [*found.split("\n")]


def _variable(call: Call) -> list[Value] | None:
    """Run ``Get-Variable name -ValueOnly``."""
    name = call.named("name")
    operands = [each for each in call.words if not each.startswith("-")]
    name = text(name) if name is not None else operands[0] if operands else ""
    known = call.world.variables.get(name.lower())
    return [known] if "-valueonly" in map(str.lower, call.words) and known is not None else None


FILTERS: Final[dict[str, Callable[[Call], list[Value] | None]]] = {
    **dict.fromkeys(("where-object", "where", "?"), _where),
    **dict.fromkeys(("select-object", "select"), _select),
    "convertfrom-stringdata": _pairs,
    "convertfrom-json": _json,
    **dict.fromkeys(("get-content", "gc", "cat", "type"), _content),
    **dict.fromkeys(("get-variable", "gv"), _variable),
}
"""What a command puts out, by name in lower case; None where nobody knows it."""


def write_file(call: Call) -> list[World]:
    """Run ``Set-Content``, ``Add-Content`` and ``Out-File``."""
    operands = [each for each in call.values if not text(each).startswith("-")]
    path, value = _path(call, _PATHS), call.named("value", "inputobject")
    if value is None and call.given is not None:
        value = [one for each in call.given for one in items(each)]
    elif value is None:
        value = operands[-1] if len(operands) > 1 else None
    before = call.world.files.get(path)
    adds = call.name == "add-content" or "-append" in map(str.lower, call.words)
    if path and value is not None and not (adds and before is None):
        lines = "\n".join(map(text, items(value)))
        call.world.files[path] = f"{before}\n{lines}" if adds else lines
    return [call.world]


def script_of(call: Call, name: str) -> str | None:
    """Return the script that the user data has written to the only file of a name; None for another one."""
    found = [
        text
        for path, text in call.world.files.items()
        if ntpath.basename(path) == ntpath.basename(name.lower())
    ]
    return found[0] if len(found) == 1 and not call.shell.is_open(found[0]) else None


def forget(call: Call) -> None:
    """Make the content unknown of the file that a command may write."""
    call.world.files.pop(_path(call, _TARGETS), None)


def _path(call: Call, names: tuple[str, ...]) -> str:
    named = call.named(*names)
    operands = [each for each in call.values if not text(each).startswith("-")]
    found = text(named) if named is not None else text(operands[0]) if operands else ""
    return "" if call.shell.is_open(found) else found.lower()
