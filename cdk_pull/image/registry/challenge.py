"""``WWW-Authenticate``: how a registry says what it wants to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Challenge", "parse_challenges"]

# RFC 9110 §11: a list of challenges, each a scheme and a list of parameters, all joined by commas. The grammar is
# read token by token, because a comma alone does not say whether a parameter or a challenge follows.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - the grammar's name for a word
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_PARAMETER = lazy_pattern(rf"\s*({_TOKEN})\s*=\s*({_QUOTED}|[^\s,\"]*)\s*(?:,|$)")
_SCHEME = lazy_pattern(rf"[\s,]*({_TOKEN})(?:\s+|,|$)")
_ESCAPE = lazy_pattern(r"\\(.)")
# Real challenges have a few hundred characters.
_MAX_CHARACTERS = 8192


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in.

    Attributes:
        scheme: in lower case, such as ``bearer`` or ``basic``.
        parameters: by their names in lower case, such as ``realm``, ``service`` and ``scope``.
    """

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Return the challenges of the values of ``WWW-Authenticate``; what cannot be read ends the list."""
    return tuple(challenge for header in headers for challenge in _parse(header[:_MAX_CHARACTERS]))


def _parse(header: str) -> Iterable[Challenge]:
    position = 0
    while position < len(header):
        scheme = _SCHEME.match(header, position)
        if scheme is None:
            return
        position = scheme.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(header, position):
            name, value = parameter.groups()
            if value.startswith('"'):
                value = _ESCAPE.sub(r"\1", value[1:-1])
            parameters.setdefault(name.lower(), value)
            position = parameter.end()
        yield Challenge(scheme[1].lower(), parameters)
