"""What PowerShell's operators make of two values."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cdk_pull.agent.script.powershell.world import Value, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["COMPARES", "ORDERS", "added", "plus"]


def _like(one: str, other: str) -> bool:
    return fnmatchcase(one.lower(), other.lower())


COMPARES: Mapping[str, Callable[[str, str], bool]] = {
    "eq": lambda one, other: one.lower() == other.lower(),
    "ne": lambda one, other: one.lower() != other.lower(),
    "ceq": lambda one, other: one == other,
    "cne": lambda one, other: one != other,
    "like": _like,
    "notlike": lambda one, other: not _like(one, other),
}
"""What compares two strings, by the name of the operator."""
ORDERS: Mapping[str, Callable[[int, int], bool]] = {
    "eq": int.__eq__,
    "ne": int.__ne__,
    "ceq": int.__eq__,
    "cne": int.__ne__,
    "lt": int.__lt__,
    "le": int.__le__,
    "gt": int.__gt__,
    "ge": int.__ge__,
}
"""What compares two numbers."""


def added(before: Value, value: Value) -> Value:
    """Return the value of ``a += b``."""
    if isinstance(before, list):
        return [*before, *(value if isinstance(value, list) else [value])]
    if isinstance(before, dict) and isinstance(value, dict):
        return before | value
    return plus(before, value)


def plus(one: Value, other: Value) -> Value:
    """Return the sum of two numbers, or the text of one after the other: the left side says which."""
    if one is None:
        return other
    if isinstance(one, int) and re.fullmatch("-?[0-9]+", text(other)):
        return int(one) + int(text(other))
    return text(one) + text(other)
