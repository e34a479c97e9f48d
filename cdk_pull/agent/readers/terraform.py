"""Templates of Terraform that are read as they are: what Terraform fills in is unknown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.readers.reading import Unknown
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from cdk_pull.agent.pieces import Holes

__all__ = ["hidden"]

_DIRECTIVE = lazy_pattern(r"(?<!%)%\{~?\s*(?:if|else|endif|for|endfor)\b[^}\n]*\}")
_ESCAPED = lazy_pattern(r"\$\$\{")
_FILLED_IN = lazy_pattern(r"(?<!\$)\$\{[^}\n]*\}")


def hidden(text: str, holes: Holes) -> tuple[str, list[Unknown], dict[int, str]]:
    """Return a template with marks for what Terraform fills in, what else it leaves unknown, and its conditional lines.

    A text without ``%{ if … }``, ``%{ for … }`` and ``$${`` is no template, and stays as it is.
    """
    if not (_DIRECTIVE.search(text) or _ESCAPED.search(text)):
        return text, [], {}
    unknown: list[Unknown] = []
    inside: list[str] = []
    conditional: dict[int, str] = {}
    lines: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        directive = _DIRECTIVE.search(line)
        if directive is not None and not line.lstrip().startswith("#") and not unknown:
            reason = f"{directive[0]} is Terraform's, which renders the template before it is user data"
            unknown.append(Unknown(None, number, reason))
        conditional |= {number: inside[-1]} if inside else {}
        for found in _DIRECTIVE.finditer(line):
            if re.match(r"%\{~?\s*if\b", found[0]):
                inside.append(f"it depends on {found[0]}")
                conditional[number] = inside[-1]
            elif "endif" in found[0] and inside:
                inside.pop()
        plain = _DIRECTIVE.sub("", line)

        def mark(match: re.Match[str], number: int = number) -> str:
            return holes.mark(f"Terraform fills in {match[0]}", number, source=match[0])

        lines.append(_ESCAPED.sub("${", _FILLED_IN.sub(mark, plain)))
    return "\n".join(lines), unknown, conditional
