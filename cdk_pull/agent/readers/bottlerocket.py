"""Reads the user data of Bottlerocket instances.

Source: Bottlerocket core-kit, early-boot-config and the ECS settings model. The document is taken as a whole or not at
all: TOML that does not parse, an unknown key or a value of the wrong form, and nothing of it is set.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from cdk_pull.agent.explain import explained
from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.mentions import with_mentions
from cdk_pull.agent.readers.reading import (
    AgentUse,
    AgentWarning,
    Reading,
    Unknown,
    compute,
    far_too_large,
    in_own_terms,
    size_warnings,
)
from cdk_pull.agent.readers.toml_tokens import StandIns, stand_in
from cdk_pull.agent.variables import (
    Variable,
    bottlerocket_keys,
    bottlerocket_spelling,
    bottlerocket_tables,
    variables,
)
from cdk_pull.patterns import lazy_pattern
from cdk_pull.shapes import as_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["read"]

_DURATION = lazy_pattern(
    r"(?=.)([0-9.]*[0-9]h)?([0-9.]*[0-9]m)?([0-9.]*[0-9]s)?([0-9.]*[0-9]ms)?([0-9.]*[0-9][u\u00b5]s)?([0-9.]*[0-9]ns)?"
)
_BEHAVIORS = frozenset({"default", "always", "once", "prefer-cached"})
_SHELL = lazy_pattern(
    r"^[ \t]*(?:echo|cat|export|mkdir|yum|dnf|sudo|systemctl|printf)[ \t].*|^.*>>.*$|^#!.*$", re.MULTILINE
)
_HEADER = lazy_pattern(r"\s*\[([^\]]*)\]")
_ECS = "settings.ecs"
_REFUSED = frozenset({WarningCode.INVALID_VALUE, WarningCode.UNSUPPORTED_KEY, WarningCode.WRONG_TABLE})
_DEEPEST = 20  # no table of Bottlerocket is as deep


def read(user_data: str, names: Sequence[str] = ()) -> Reading:
    """Return the settings that the agent really has after this user data.

    Args:
        user_data: the text, with CDK tokens or marks where only the deployment knows a piece.
        names: what to call the marks, in the order of their numbers.
    """
    if (unread := far_too_large(user_data, "bottlerocket")) is not None:
        return unread
    document = stand_in(user_data, Holes(names))
    return in_own_terms(with_mentions(_read(user_data, document), user_data), document.holes, user_data)


def _read(user_data: str, document: StandIns) -> Reading:
    try:
        values = tomllib.loads(document.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return _refused(user_data, document, str(error))
    if not values:
        return _with_lone_tokens({}, {}, [], [], document)
    settings = values.get("settings")
    tables = as_object(settings)
    warnings = [*size_warnings(user_data), *_form(tables, values, user_data, document)]
    raw: dict[str, str] = {}
    unknown: list[Unknown] = []
    for variable in variables().values():
        found = _found(variable, tables)
        line = _line(variable, user_data)
        if found is None:
            continue
        if document.is_token(found):
            hole = document.holes.first(str(found))
            unknown.append(Unknown(variable.name, line, hole.reason if hole is not None else ""))
        else:
            text, complaint = _text(variable, found)
            raw[variable.name] = text
            if complaint:
                warnings.append(AgentWarning(WarningCode.INVALID_VALUE, complaint, line, variable.name))
    if any(each.code in _REFUSED for each in warnings):
        raw, unknown = {}, []
    lines = {name: _line(variables()[name], user_data) for name in raw}
    return _with_lone_tokens(raw, lines, unknown, warnings, document, _use(tables, document))


def _use(tables: dict[str, Any], document: StandIns) -> AgentUse:
    ecs = tables.get("ecs")
    if not isinstance(ecs, dict):
        return AgentUse()
    cluster = ecs.get("cluster")
    return AgentUse(
        evidence="it has [settings.ecs]",
        clusters=(document.shown(cluster),) if isinstance(cluster, str) else (),
        unknown="a line of it is known only at deployment" if document.lone and cluster is None else "",
    )


def _refused(user_data: str, document: StandIns, error: str) -> Reading:
    shell = [*_SHELL.finditer(user_data)]
    # Whatever the tokens are, a line of shell is none of TOML.
    use = AgentUse(evidence="it has [settings.ecs]") if _ECS in user_data else None
    if document.replaced and not shell:
        reason = f"what the deployment fills in decides whether it is TOML ({error})"
        return compute({}, "bottlerocket", unknown=[Unknown(None, 0, reason)], agent=use)
    found = re.search(r"at line ([0-9]+)", error)
    line = int(found[1]) if found is not None else 0
    warnings: list[AgentWarning] = []
    numbers = [user_data.count("\n", 0, match.start()) + 1 for match in shell]
    if shell:
        more = f" and {len(shell) - 1} more lines are" if len(shell) > 1 else " is"
        message = (
            f"{shell[0][0].strip()[:60]!r}{more} shell, so Bottlerocket rejects the document; set "
            "machine_image_type=BOTTLEROCKET where CDK adds it"
        )
        warnings.append(AgentWarning(WarningCode.SHELL_IN_TOML, message, numbers[0]))
    if line not in numbers:
        message = f"Bottlerocket rejects the document: {error}"
        warnings.insert(0, AgentWarning(WarningCode.NOT_TOML, message, line))
    return compute({}, "bottlerocket", warnings=warnings, agent=use)


def _with_lone_tokens(
    raw: dict[str, str],
    lines: dict[str, int],
    unknown: list[Unknown],
    warnings: list[AgentWarning],
    document: StandIns,
    use: AgentUse | None = None,
) -> Reading:
    unknown += [
        Unknown(None, line, "a line that only the deployment knows may be any setting")
        for line in document.lone[:1]
    ]
    return explained(raw, "bottlerocket", lines=lines, unknown=unknown, warnings=warnings, agent=use)


def _found(variable: Variable, tables: dict[str, Any]) -> object:
    key = variable.bottlerocket
    table = tables.get(key.table.removeprefix("settings.")) if key is not None else None
    return table.get(key.key) if key is not None and isinstance(table, dict) else None


def _text(variable: Variable, value: object) -> tuple[str, str]:
    """Return a TOML value as the agent gets it, and what is wrong with it, if anything is."""
    key = variable.bottlerocket
    name = f"{key.table}.{key.key}" if key is not None else variable.name
    refused = "Bottlerocket rejects the whole document"
    match variable.kind:
        case "behavior" if value not in _BEHAVIORS:
            return "", f"{name} is {value!r}; it accepts {', '.join(sorted(_BEHAVIORS))}, and {refused}"
        case "duration" if not isinstance(value, str) or not _DURATION.fullmatch(value):
            return (
                "",
                f"{name} is {value!r}; it accepts hours, minutes, seconds in that order, such as '1h30m', and {refused}",
            )
        case "integer" if not isinstance(value, int) or isinstance(value, bool):
            return "", f"{name} is {value!r}; it accepts a whole number, and {refused}"
        case "boolean":
            if not isinstance(value, bool):
                return "", f"{name} is {value!r}; it accepts true or false, and {refused}"
            return str(value != (key is not None and key.inverted)).lower(), ""
    return str(value), ""


def _form(
    tables: dict[str, Any], values: dict[str, Any], user_data: str, document: StandIns
) -> Iterator[AgentWarning]:
    """Yield what is wrong with the keys: unknown ones, and known ones in another table."""
    misplaced = [*_misplaced(values, user_data)]
    yield from misplaced
    if not tables and not misplaced:
        yield AgentWarning(WarningCode.WRONG_TABLE, "the document has no [settings]: nothing of it is set", 1)
    said = {each.message.partition(" ")[0] for each in misplaced}
    for name in sorted(tables.keys() - bottlerocket_tables() - said):
        if not document.is_token(name) and not any(f"[settings.{name}" in each.message for each in misplaced):
            yield AgentWarning(
                WarningCode.UNKNOWN_TABLE,
                f"settings.{name} is not a table of Bottlerocket's ECS variants, which reject the whole document "
                f"for an unknown key; allowed: {', '.join(sorted(bottlerocket_tables()))}",
                _table_line(name, user_data),
            )
    ecs = tables.get("ecs")
    for key, value in ecs.items() if isinstance(ecs, dict) else ():
        if (
            key in {*bottlerocket_keys(), *said}
            or document.is_token(key)
            or (isinstance(value, dict) and said & {*value})
        ):
            continue
        meant = bottlerocket_spelling(key)
        hint = f"; it is spelled {meant}" if meant else ""
        yield AgentWarning(
            WarningCode.UNSUPPORTED_KEY,
            f"{_ECS}.{key} is not a setting of Bottlerocket, which rejects the whole document{hint}",
            _key_line(key, user_data) or _table_line(f"ecs.{key}", user_data),
            next(
                (
                    each.name
                    for each in variables().values()
                    if each.name == key.upper() or _has_key(each, meant)
                ),
                None,
            ),
        )


def _has_key(variable: Variable, key: str) -> bool:
    return variable.bottlerocket is not None and variable.bottlerocket.key == key


def _misplaced(values: dict[str, Any], user_data: str) -> Iterator[AgentWarning]:
    """Yield the keys that stand in another table than their own."""
    known = {each.bottlerocket.key: each for each in variables().values() if each.bottlerocket is not None}
    for path, key in _keys(values, ""):
        variable = known.get(key)
        if variable is not None and variable.bottlerocket is not None and path != variable.bottlerocket.table:
            yield AgentWarning(
                WarningCode.WRONG_TABLE,
                f"{key} is in {f'[{path}]' if path else 'no table'} and sets nothing there; it belongs in "
                f"[{variable.bottlerocket.table}]",
                _key_line(key, user_data, path),
                variable.name,
            )


def _keys(table: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        yield path, key
        if isinstance(value, dict) and path.count(".") < _DEEPEST:
            yield from _keys(value, f"{path}.{key}".removeprefix("."))


def _line(variable: Variable, user_data: str) -> int:
    return _key_line(variable.bottlerocket.key, user_data) if variable.bottlerocket is not None else 0


def _table_line(name: str, user_data: str) -> int:
    """Return the line of the header of a table in ``settings``, or of one below it; 0 where it has none."""
    header = re.search(
        rf"^[ \t]*\[\[?[ \t]*settings[ \t]*\.[ \t]*{re.escape(name)}[ \t]*[.\]]", user_data, re.MULTILINE
    )
    return user_data.count("\n", 0, header.start()) + 1 if header is not None else 0


def _key_line(key: str, user_data: str, table: str | None = None) -> int:
    """Return the line of a key: the first, or the first below a table's header; 0 where there is none."""
    pattern = re.compile(rf"[^#]*?(?<![\w-])[\"']?{re.escape(key)}[\"']?\s*=")
    first, here = 0, ""
    for number, line in enumerate(user_data.split("\n"), 1):
        header = _HEADER.match(line)
        if header is not None:
            here = header[1].strip()
        elif key in line and pattern.match(line):
            if table is None or here == table:
                return number
            first = first or number
    return first
