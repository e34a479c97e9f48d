"""JSON that a template holds as a text, of which the deployment may give a part."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from cdk_pull.agent.pieces import Marked
from cdk_pull.patterns import lazy_pattern
from cdk_pull.template.values import Unknown, concat

__all__ = ["read_document", "read_json"]

# Strings are passed over; what is left finds the unknown parts outside them, such as a number or a part of one.
_PIECE: Final = lazy_pattern(
    r'"(?:\\.|[^"\\])*"|(?P<bare>[0-9.+-]*(?:\ufdd0[0-9]+\ufdd1[0-9.+-]*)+)', re.DOTALL
)


def read_json(text: str | Unknown) -> Any:
    """Return what a text says in JSON, with an unknown in place of a number or a text that is not known in whole.

    Raises:
        ValueError: when it is not JSON, or its structure is not known.
    """
    if isinstance(text, str):
        return json.loads(text)
    marked = Marked[Unknown].of(text.pieces)
    quoted = _PIECE.sub(lambda match: f'"{match[0]}"' if match["bare"] else match[0], marked.text)
    return _filled(json.loads(quoted), marked)


def read_document(value: Any) -> Any:
    """Return a JSON document that a template has as an object or as a text; None for a text that cannot be read."""
    try:
        return read_json(value) if isinstance(value, str | Unknown) else value
    except (ValueError, RecursionError):
        return None


def _filled(value: Any, marked: Marked[Unknown]) -> Any:
    match value:
        case dict():
            return {str(_filled(key, marked)): _filled(member, marked) for key, member in value.items()}
        case list():
            return [_filled(member, marked) for member in value]
        case str():
            return concat(marked.parts(value)) if value else value
    return value
