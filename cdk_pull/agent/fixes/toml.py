"""Edits of Bottlerocket's TOML."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import tomlkit

from cdk_pull.agent.fixes import shared
from cdk_pull.agent.fixes.shared import intended, leave_out
from cdk_pull.agent.go_values import format_duration, parse_duration
from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.readers.toml_tokens import stand_in
from cdk_pull.agent.variables import BottlerocketKey, Variable, bottlerocket_spelling, variables
from cdk_pull.agent.writers.toml_insert import inserted
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.fixes.case import Case, Edit

__all__ = [
    "bound",
    "from_shell",
    "leave_out",
    "one_table",
    "quoted",
    "right_key",
    "right_table",
    "right_value",
    "value",
]

_HEADER = lazy_pattern(r"[ \t]*\[[ \t]*([^\[\]]+?)[ \t]*\][ \t]*(?:#.*)?\r?")
_LIST_HEADER = lazy_pattern(r"[ \t]*\[\[")
_BARE = lazy_pattern(
    r"([ \t]*)([A-Za-z0-9_.-]+)[ \t]*[=:][ \t]*[\"']?([A-Za-z0-9_-]+|\$\{[A-Za-z0-9:.]+\})[\"']?([ \t]*(?:#.*)?\r?)"
)
_PAIR = lazy_pattern(r"([ \t]*)([\"']?)([A-Za-z0-9_-]+)(\2[ \t]*=[ \t]*)(.*?)([ \t]*(?:#[^\"']*)?\r?)")


def _place(case: Case) -> BottlerocketKey | None:
    variable = variables().get(case.name)
    return variable.bottlerocket if variable is not None else None


def value(case: Case) -> Iterator[Edit]:
    """Yield the line with the value that was meant."""
    place = _place(case)
    yield from shared.value(case, place.key) if place is not None else ()


def bound(case: Case) -> Iterator[Edit]:
    """Yield the line with the nearest value within the agent's bounds."""
    place = _place(case)
    yield from shared.bound(case, place.key) if place is not None else ()


def quoted(case: Case) -> Iterator[Edit]:
    """Yield the line with its value in quotes, after a sign of equality."""
    bare = _BARE.fullmatch(case.line)
    if bare is not None:
        line = f'{bare[1]}{bare[2]} = "{bare[3]}"{bare[4]}'
        yield case.edit(case.instead(line), what="the value stands in quotes")
    yield from one_table(case)


def one_table(case: Case) -> Iterator[Edit]:
    """Yield the text with the keys of a table that is declared twice under its first header; then without shell."""
    first: list[str] = []
    bodies: dict[str, list[str]] = {"": first}
    body = first
    for line in case.lines:
        header = _HEADER.fullmatch(line)
        if _LIST_HEADER.match(line):
            # Each is a table of its own.
            body = bodies[f"{len(bodies)} {line}"] = [line]
        elif header is None:
            body.append(line)
        elif (name := re.sub(r"[ \t\"']", "", header[1])) in bodies:
            body = bodies[name]
        else:
            body = bodies[name] = [line]
    text = "\n".join(line for lines in bodies.values() for line in _ended(lines))
    text = f"{text}\n" if case.text.endswith("\n") else text
    if _is_toml(text):
        yield case.rewritten(text, what="each table has one header")
    what = "the shell commands are left out; what they wrote to ecs.config for Bottlerocket is TOML"
    for without in (from_shell(case.text), from_shell(text)):
        if _is_toml(without):
            yield case.rewritten(without, what=what, safe=False)


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(stand_in(text).text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _ended(lines: list[str]) -> list[str]:
    """Return lines without the empty ones at their end."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[:end]


def right_table(case: Case) -> Iterator[Edit]:
    """Yield the text with the key in its own table."""
    place = _place(case)
    pair = _PAIR.fullmatch(case.line)
    if place is None or pair is None:
        return
    what = f"it stands in [{place.table}]"
    headers = [
        (index, found[1]) for index, line in enumerate(case.lines) if (found := _HEADER.fullmatch(line))
    ]
    above = next((each for each in reversed(headers) if each[0] < case.index), None)
    own = next((index for index, name in headers if name == place.table), None)
    if own is None and above is not None and f"settings.{above[1]}" == place.table:
        lines = case.lines
        lines[above[0]] = lines[above[0]].replace(above[1], place.table, 1)
        yield case.rewritten("\n".join(lines), what=f"[{above[1]}] is [{place.table}]")
    if own is not None:
        lines = case.lines
        line = lines.pop(case.index)
        lines.insert(own + 1 if own < case.index else own, line.lstrip())
        yield case.rewritten("\n".join(lines), what=what)
        return
    holes = Holes()
    document = stand_in(case.edit(case.without(), what="").text, holes)
    try:
        found = tomllib.loads(stand_in(case.line, holes).text)[pair[3]]
    except (tomllib.TOMLDecodeError, KeyError):
        return
    text = inserted(document.text, {place.table: {place.key: found}})
    if text is not None:
        yield case.rewritten(document.restore(text), what=what)


def right_key(case: Case) -> Iterator[Edit]:
    """Yield the line with the key as Bottlerocket spells it; where it has none, the text without the line."""
    pair = _PAIR.fullmatch(case.line)
    if pair is None:
        return
    spelled = bottlerocket_spelling(pair[3])
    if spelled:
        line = f"{pair[1]}{pair[2]}{spelled}{''.join(pair.groups()[3:])}"
        yield case.edit(case.instead(line), what=f"the key is {spelled}")
    yield case.edit(case.without(), what="it is left out: Bottlerocket has no such setting", safe=False)


def right_value(case: Case) -> Iterator[Edit]:
    """Yield the line with the value in the form that Bottlerocket takes."""
    variable = variables().get(case.name)
    pair = _PAIR.fullmatch(case.line)
    if variable is None or variable.bottlerocket is None or pair is None:
        return
    try:
        given = tomllib.loads(f"value = {pair[5]}")["value"]
    except tomllib.TOMLDecodeError:
        return
    taken = _taken(variable, given)
    if taken is not None:
        shown = tomlkit.item(taken).as_string()
        line = f"{''.join(pair.groups()[:4])}{shown}{pair[6]}"
        yield case.edit(case.instead(line), what=f"the value is {shown}")


def _taken(variable: Variable, given: object) -> str | int | bool | None:
    if not isinstance(given, str | int | float) or (isinstance(given, float) and not given.is_integer()):
        return None
    text = intended(variable.name, str(given if isinstance(given, str) else int(given)))
    match variable.kind:
        case "behavior":
            return text or None
        case "duration":
            length = parse_duration(text)
            return format_duration(length).replace("\u00b5", "u") if length else None
        case "integer":
            return int(text) if text.isdecimal() else None
        case "boolean":
            return variable.parse(text) is True if text else None
        case _:
            return None


# What CDK writes for Amazon Linux, and people with it: commands of one line each.
_COMMAND = lazy_pattern(
    r"[ \t]*(?:#!.*|(?:sudo[ \t]+)?(?:echo|cat|export|mkdir|yum|dnf|systemctl|service|iptables|printf)\b.*|[^\[=]*>>.*)"
)
_WRITES = lazy_pattern(
    r"[ \t]*(?:sudo[ \t]+)?echo[ \t]+[\"']?([A-Z_]+)=(.*?)[\"']?[ \t]*>>?[ \t]*/etc/ecs/ecs\.config[ \t]*\r?"
)
_CLUSTER = ("ECS_CLUSTER", "settings.ecs", "cluster")


def from_shell(text: str) -> str:
    """Return the document without shell commands, with the settings that they wrote and Bottlerocket knows.

    It is the text itself where that gives no TOML.
    """
    kept: list[str] = []
    holes = Holes()
    wanted: dict[str, dict[str, object]] = {}
    for line in text.split("\n"):
        written = _WRITES.fullmatch(line)
        if written is not None:
            table, key, value = _toml_key(written[1], holes.hide_tokens(written[2].strip("\"'")))
            if key:
                wanted.setdefault(table, {})[key] = value
        elif not _COMMAND.fullmatch(line):
            kept.append(line)
    document = stand_in("\n".join(kept), holes)
    merged = inserted(document.text, wanted)
    return text if merged is None else document.restore(merged)


def _toml_key(name: str, value: str) -> tuple[str, str, object]:
    """Return the table, the key and the value for a variable; no key where Bottlerocket has none."""
    if name == _CLUSTER[0]:
        return _CLUSTER[1], _CLUSTER[2], value
    variable = variables().get(name)
    place = variable.bottlerocket if variable is not None else None
    given = intended(name, value) if variable is not None else ""
    if variable is None or place is None or not given:
        return "", "", ""
    parsed: object = given if variable.kind in {"behavior", "duration"} else variable.parse(given)
    return place.table, place.key, (not parsed) if place.inverted else parsed
