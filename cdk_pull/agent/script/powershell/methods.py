"""The methods and operators of PowerShell that work on strings, numbers and lists, as far as they are followed."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Final

from cdk_pull.agent.script.patterns import pattern
from cdk_pull.agent.script.powershell.world import Value, items, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["MATCHES", "METHODS", "STATICS", "calculated", "formatted", "matched"]

_LONGEST: Final = 2_000
_LARGEST: Final = 2**31

METHODS: Final[Mapping[str, Callable[..., Value]]] = {
    "tostring": lambda found: found,
    "tolower": str.lower,
    "tolowerinvariant": str.lower,
    "toupper": str.upper,
    "toupperinvariant": str.upper,
    "trim": lambda found, signs=None: found.strip(signs),
    "trimstart": lambda found, signs=None: found.lstrip(signs),
    "trimend": lambda found, signs=None: found.rstrip(signs),
    "replace": lambda found, one, other: found.replace(one, other),
    "startswith": lambda found, start: found.startswith(start),
    "endswith": lambda found, end: found.endswith(end),
    "contains": lambda found, part: part in found,
    "indexof": lambda found, part: found.find(part),
    "split": lambda found, signs: re.split(f"[{re.escape(signs)}]", found) if signs else [found],
    "substring": lambda found, start, size=None: found[int(start) :][: None if size is None else int(size)],
}
"""The methods of a string, by name in lower case; their arguments are strings."""


def formatted(form: str, values: Sequence[Value]) -> str | None:
    """Return what ``-f`` and ``[string]::Format`` make of a form; None where it is not computed."""
    if re.search(r"\{(?![0-9]+\})|\{\{", form):
        return None
    words = [*map(text, values), *[""] * 10]
    return re.sub(r"\{([0-9]+)\}", lambda match: words[min(int(match[1]), len(words) - 1)], form)


def _decoded(found: str) -> str:
    try:
        return b64decode(found, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError from error


STATICS: Final[Mapping[str, Callable[..., Value]]] = {
    "string.format": lambda form, *values: formatted(text(form), values),
    "string.join": lambda separator, *values: text(separator).join(
        text(one) for each in values for one in items(each)
    ),
    "string.isnullorempty": lambda found: not text(found),
    "string.isnullorwhitespace": lambda found: not text(found).strip(),
    "string.concat": lambda *values: "".join(map(text, values)),
    "convert.frombase64string": lambda found: _decoded(text(found)),
    "text.encoding.utf8.getstring": text,
    "text.encoding.ascii.getstring": text,
    "math.max": lambda one, other: max(int(text(one)), int(text(other))),
    "math.min": lambda one, other: min(int(text(one)), int(text(other))),
}
"""The static methods, by type and name in lower case; decoded bytes are taken for their text in UTF-8."""


def calculated(sign: str, one: Value, other: Value) -> Value:
    """Return the value of ``a - b``, ``a * b``, ``a / b`` and ``a % b``.

    Raises:
        ValueError: where it is not computed.
    """
    if (
        sign == "*"
        and isinstance(one, str)
        and isinstance(other, int)
        and len(one) * max(other, 0) <= _LONGEST
    ):
        return one * other
    left, right = int(text(one)), int(text(other))
    found: int | None = None
    if sign == "-":
        found = left - right
    elif sign == "*":
        found = left * right
    elif sign == "/" and right and not left % right:
        found = left // right
    elif sign == "%" and right:
        found = left - right * int(left / right)
    if found is None or abs(found) > _LARGEST:
        raise ValueError
    return found


def _found(expression: str, *, exact: bool) -> re.Pattern[str]:
    found = pattern(expression, posix=False, flags=0 if exact else re.IGNORECASE)
    if found is None:
        raise ValueError
    return found


def matched(name: str, one: Value, other: Value) -> Value:
    """Return the value of ``a -match b``, ``a -replace b, c`` and ``a -split b``.

    Raises:
        ValueError: where it is not computed.
    """
    exact = name.startswith("c")
    name = name[1:] if name[:1] in {"c", "i"} else name
    expression, *more = map(text, items(other))
    found = _found(expression, exact=exact)
    if isinstance(one, list):
        results = [matched(name, each, other) for each in one]
        if name == "match":
            return [each for each, holds in zip(one, results, strict=True) if holds]
        return [one for each in results for one in items(each)]
    subject = text(one)
    if len(subject) > _LONGEST:
        raise ValueError
    if name in {"match", "notmatch"}:
        return (found.search(subject) is not None) == (name == "match")
    if name == "split":
        most = int(more[0]) - 1 if more and int(more[0]) > 0 else 0
        return [*found.split(subject, most)] if not found.groups and most >= 0 else _lost()
    with_ = more[0] if more else ""
    if re.search(r"\$(?![0-9]|\{?[0-9])", with_):
        raise ValueError
    return found.sub(
        lambda match: re.sub(r"\$\{?([0-9])\}?", lambda number: match[int(number[1])] or "", with_), subject
    )


def _lost() -> Value:
    raise ValueError


MATCHES: Final = frozenset(
    f"{case}{name}" for case in ("", "c", "i") for name in ("match", "notmatch", "replace", "split")
)
"""The operators whose right side is a regular expression."""
