"""The errors that cdk_pull raises.

Every message says four things in one line: what is wrong, the value given, the values allowed, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CannotWriteError",
    "CdkPullError",
    "ConflictError",
    "InvalidValueError",
    "MissingDependencyError",
    "UnsupportedError",
]


class CdkPullError(Exception):
    """The base of every error that cdk_pull raises on purpose."""


class InvalidValueError(CdkPullError, ValueError):
    """A value that cannot be right.

    Args:
        what: what is wrong, such as ``cpu is not a Fargate size``.
        value: the value as given.
        allowed: the values, or a sentence on the values, that would be right.
        fix: what to do instead, when that does not follow from ``allowed``.
    """

    def __init__(self, what: str, value: object, *, allowed: str | Iterable[object], fix: str = "") -> None:
        self.value = value
        choices = allowed if isinstance(allowed, str) else ", ".join(str(choice) for choice in allowed)
        message = f"{what}: {value!r}; allowed: {choices}"
        super().__init__(f"{message}. {fix}" if fix else message)


class ConflictError(CdkPullError):
    """Two settings that cannot both hold; the message names both places."""


class UnsupportedError(CdkPullError):
    """Something that cannot be done to this kind of resource; the message says what to do instead."""


class MissingDependencyError(CdkPullError, ImportError):
    """A package that an optional part needs is not installed, or too old.

    Args:
        what: what needs it, as the subject of a sentence.
        needs: the packages, with the oldest release that will do.
        found: what is installed, as a clause.
        run: the command that installs it.
        instead: what works without it, as a sentence.
    """

    def __init__(self, what: str, *, needs: str, found: str, run: str, instead: str = "") -> None:
        message = f"{what} requires {needs}: {found}. Run: {run}"
        super().__init__(f"{message}. {instead}" if instead else message)


class CannotWriteError(UnsupportedError):
    """A file that cannot be written; it is as it was."""
