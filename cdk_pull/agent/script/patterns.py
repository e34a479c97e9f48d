"""Regular expressions of grep, sed and PowerShell, as far as they mean the same in Python and cost little."""

from __future__ import annotations

import re
from typing import Final

from cdk_pull.patterns import lazy_pattern

__all__ = ["pattern"]

_LONGEST: Final = 200
_MOST_REPEATS: Final = 4
# What backtracks for ever, or means something else elsewhere.
_RISKY: Final = lazy_pattern(r"\)[*+?{]|[*+}][*+{]|\\[1-9]|\(\?|\\[kKpPAzZGQE]")
_TOKEN: Final = lazy_pattern(r"\[\^?\]?(?:\[:[a-z]+:\]|[^\]])*\]|\\.|.", re.DOTALL)
_CLASSES: Final = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
}
_SWAPPED: Final = frozenset("(){}+?|")
_WORD_ENDS: Final = frozenset({r"\<", r"\>"})


def pattern(text: str, *, basic: bool = False, posix: bool = True, flags: int = 0) -> re.Pattern[str] | None:
    r"""Return a regular expression; None where it is not followed.

    Args:
        text: the expression.
        basic: whether ``\(`` groups and ``(`` is a letter, as in sed and grep without ``-E``.
        posix: whether brackets follow POSIX.
        flags: those of Python.
    """
    text = "".join(_translated(each[0], basic=basic) for each in _TOKEN.finditer(text)) if posix else text
    if (
        len(text) > _LONGEST
        or "\0" in text
        or _RISKY.search(text)
        or len(re.findall(r"[*+{]", text)) > _MOST_REPEATS
    ):
        return None
    try:
        return re.compile(text, flags)
    except re.error:
        return None


def _translated(token: str, *, basic: bool) -> str:
    if token.startswith("[") and len(token) > 1:
        inside = re.sub(
            r"\[:([a-z]+):\]", lambda found: _CLASSES.get(found[1], "\0"), token[1:-1].replace("\\", "\\\\")
        )
        inside = re.sub(r"\[", r"\\[", inside)
        return f"[{inside}]"
    if token in _WORD_ENDS:
        return r"\b"
    if basic and token[-1] in _SWAPPED:
        return token[-1] if len(token) > 1 else f"\\{token}"
    return token
