"""Keys put into the tables of a TOML document, with its comments and its order kept."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["inserted"]


def inserted(text: str, wanted: Mapping[str, Mapping[str, object]]) -> str | None:
    """Return the document with the keys in their tables, where a strict parser finds them and all else as before.

    Args:
        text: the document.
        wanted: the keys with their values, by the dotted name of their table.

    Returns:
        None when the document is not TOML, or has something else in a table's place.
    """
    for table, keys in wanted.items():
        expected = _loads(text)
        inner: Any = expected
        for part in table.split("."):
            inner = inner.setdefault(part, {}) if isinstance(inner, dict) else None
        if not isinstance(inner, dict):
            return None
        inner.update(keys)
        ways = (_below_header, _at_top, _by_tomlkit, _at_end)
        found = next((each for way in ways if _loads(each := way(text, table, keys)) == expected), None)
        if found is None:
            return None
        text = found
    return text


def _below_header(text: str, table: str, keys: Mapping[str, object]) -> str:
    """Put the keys right below their table's header, before anything that may begin another table."""
    name = r"[ \t]*\.[ \t]*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in table.split("."))
    header = re.search(rf"^[ \t]*\[[ \t]*{name}[ \t]*\][^\n]*(?:\n|\Z)", text, re.MULTILINE)
    if header is None:
        return text
    above = header[0] if header[0].endswith("\n") else f"{header[0]}{_newline(text)}"
    return f"{text[: header.start()]}{above}{_lines(keys, '', _newline(text))}{text[header.end() :]}"


def _at_top(text: str, table: str, keys: Mapping[str, object]) -> str:
    """Put the keys as dotted ones before all else, which is right where the others are dotted, too."""
    if not re.search(rf"^[ \t]*{re.escape(table.partition('.')[0])}[ \t]*\.", text, re.MULTILINE):
        return text
    return _lines(keys, f"{table}.", _newline(text)) + text


def _by_tomlkit(text: str, table: str, keys: Mapping[str, object]) -> str:
    """Put the keys into a table that is spelled in another way: inline, or dotted below a header."""
    try:
        document = tomlkit.parse(text)
        inner: Any = document
        for part in table.split("."):
            if part not in inner:
                if inner is document:
                    return text
                inner[part] = tomlkit.inline_table() if isinstance(inner, InlineTable) else tomlkit.table()
            inner = inner[part]
        inner.update(keys)
        return tomlkit.dumps(document)
    except (TOMLKitError, RecursionError, ValueError, TypeError, AttributeError):
        return text


def _at_end(text: str, table: str, keys: Mapping[str, object]) -> str:
    newline = _newline(text)
    ended = text if not text or text.endswith("\n") else f"{text}{newline}"
    return f"{ended}{newline if ended else ''}[{table}]{newline}{_lines(keys, '', newline)}"


def _lines(keys: Mapping[str, object], prefix: str, newline: str) -> str:
    return "".join(
        f"{prefix}{key} = {tomlkit.item(value).as_string()}{newline}" for key, value in keys.items()
    )


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _loads(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
