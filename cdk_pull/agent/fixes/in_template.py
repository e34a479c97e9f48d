"""Fixes user data as CloudFormation holds it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cdk_pull.agent.cfn import LIMIT_BYTES, branches, from_text, read_value, size_bytes, to_text
from cdk_pull.agent.fixes.apply import fix_user_data
from cdk_pull.agent.pieces import Marked
from cdk_pull.agent.readers.cloud_init.parts import is_mime
from cdk_pull.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cdk_pull.agent.fixes.apply import Change
    from cdk_pull.agent.readers.codes import WarningCode
    from cdk_pull.agent.readers.reading import Reading
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["fix_value", "texts_of"]


def fix_value(
    value: object, os: OperatingSystem, codes: Mapping[WarningCode, bool]
) -> tuple[object, tuple[Change, ...]]:
    """Return the value under ``UserData`` fixed, and what was changed; the same value where nothing was.

    Args:
        value: what the template has there.
        os: the operating system.
        codes: the warnings to fix, and for each whether also by an edit that is not safe.
    """
    if (found := branches(value)) is not None:
        condition, *both = found
        fixed = [fix_value(each, os, codes) for each in both]
        changes = tuple(change for _, made in fixed for change in made)
        return ({"Fn::If": [condition, *(each for each, _ in fixed)]} if changes else value), changes
    try:
        marked = to_text(value)
    except UnsupportedError:
        return value, ()
    result = fix_user_data(marked.text, os, codes)
    changes = result.changes
    if size_bytes(result.text) > max(LIMIT_BYTES, size_bytes(marked.text)):
        changes = ()
    value = from_text(result.text, marked) if changes else value
    if is_mime(marked.text):
        value, more = _fix_parts(value, os, codes)
        changes += more
    return value, changes


def _fix_parts(
    value: object, os: OperatingSystem, codes: Mapping[WarningCode, bool]
) -> tuple[object, tuple[Change, ...]]:
    """Fix the parts of a MIME archive that CloudFormation encodes, each by itself, where that helps the whole."""
    parts = to_text(value).parts()
    made: tuple[Change, ...] = ()
    for number, piece in enumerate(parts):
        if not (isinstance(piece, dict) and "Fn::Base64" in piece):
            continue
        fixed, changes = fix_value(piece, os, codes)
        tried = Marked.of([*parts[:number], fixed, *parts[number + 1 :]])
        before, other = read_value(value, os), from_text(tried.text, tried)
        after = read_value(other, os)
        if changes and _kinds(after) < _kinds(before) and len(after.unknown) <= len(before.unknown):
            value, parts[number], made = other, fixed, (*made, *changes)
    return value, made


def texts_of(
    value: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Yield what stands in each Fn::Base64 of a value under ``UserData``, with its path below the value.

    One behind a condition has several, and so has a MIME archive whose parts CloudFormation encodes.
    """
    match value:
        case {"Fn::If": [str(), *both]}:
            for number, each in enumerate(both, 1):
                yield from texts_of(each, (*path, "Fn::If", number))
        case {"Fn::Base64": {"Fn::If": [str(), *both]}}:
            for number, each in enumerate(both, 1):
                yield (*path, "Fn::Base64", "Fn::If", number), each
        case {"Fn::Base64": inner}:
            yield (*path, "Fn::Base64"), inner
            yield from _parts_of(inner, (*path, "Fn::Base64"))


def _parts_of(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], object]]:
    match value:
        case {"Fn::Join": [str(), list() as parts]}:
            for number, each in enumerate(parts):
                yield from texts_of(each, (*path, "Fn::Join", 1, number))
        case {"Fn::Sub": [str(), dict() as named]}:
            for key, each in named.items():
                yield from texts_of(each, (*path, "Fn::Sub", 1, key))


def _kinds(reading: Reading) -> Counter[tuple[str, str | None]]:
    return Counter((each.code, each.variable) for each in reading.warnings)
