"""The variables of a Dockerfile: ``$NAME``, ``${NAME}``, ``${NAME:-default}``, ``${NAME:+value}``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["expand"]

_VARIABLE: Final = re.compile(
    r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+])([^${}]*))?\})"
)
_MAX_CHARACTERS: Final = 2000


def expand(text: str, known: Mapping[str, str | None]) -> str | None:
    """Return a text with its variables filled in; None where one is not known, or the form is not.

    Args:
        text: as written.
        known: the value of each variable that is declared; None for one that only the build is given.
    """
    parts: list[str] = []
    position = length = 0
    for match in _VARIABLE.finditer(text):
        value = _value(match, known)
        if value is None:
            return None
        parts += [text[position : match.start()], value]
        position = match.end()
        length += len(value)
        # Values may hold the values before them; a few lines would double their way to gigabytes.
        if length > _MAX_CHARACTERS:
            return None
    whole = "".join([*parts, text[position:]])
    return None if "$" in _VARIABLE.sub("", text) else whole


def _value(match: re.Match[str], known: Mapping[str, str | None]) -> str | None:
    form, word = match[3] or "", match[4] or ""
    value = known.get(match[1] or match[2])
    if form.endswith("-"):
        return word if value is None or (form == ":-" and not value) else value
    if form.endswith("+"):
        return word if value or (form == "+" and value is not None) else ""
    return value
