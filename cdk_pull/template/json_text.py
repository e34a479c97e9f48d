"""JSON that a template holds as a text, of which the deployment may give a part."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from cdk_pull.template.values import Unknown, concat

__all__ = ["read_json"]

# What stands in for a part that is not known: JSON as a number, and as part of a text.
_MARK: Final = "86753090"
_HOLE: Final = re.compile(rf"{_MARK}([0-9]{{6}})")


def read_json(text: str | Unknown) -> Any:
    """Return what a text says in JSON, with an unknown in place of a number or a text that is not known in whole.

    Raises:
        ValueError: when it is not JSON, or its structure is not known.
    """
    if isinstance(text, str):
        return json.loads(text)
    unknown: list[Unknown] = []
    parts = []
    for piece in text.pieces:
        if isinstance(piece, Unknown):
            parts.append(f"{_MARK}{len(unknown):06}")
            unknown.append(piece)
        elif _MARK in piece:
            raise ValueError(f"the text holds {_MARK}, which stands for what is not known")
        else:
            parts.append(piece)
    return _filled(json.loads("".join(parts)), unknown)


def _filled(value: Any, unknown: list[Unknown]) -> Any:
    match value:
        case dict():
            return {key: _filled(member, unknown) for key, member in value.items()}
        case list():
            return [_filled(member, unknown) for member in value]
        case str():
            parts = _HOLE.split(value)
            return concat(unknown[int(part)] if index % 2 else part for index, part in enumerate(parts))
        case int() if not isinstance(value, bool) and _HOLE.search(str(value)):
            return _filled(str(value), unknown)
    return value
