"""Changes of a template's values, as plain data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Change", "NewItem", "NewString", "NewValue", "Path", "Removed", "as_written", "changed"]

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class NewString:
    """Other characters in a part of a string of the template.

    Attributes:
        path: of the string, from the top of the template.
        start: the first character to replace.
        end: behind the last one.
        text: what stands there then.
    """

    path: Path
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class NewValue:
    """Another value for a property, which need not exist.

    Attributes:
        path: of the property, from the top of the template.
        value: in CloudFormation's long form.
    """

    path: Path
    value: Any


@dataclass(frozen=True, slots=True)
class Removed:
    """An item that is left out of a list.

    Attributes:
        path: of the item, from the top of the template.
    """

    path: Path


@dataclass(frozen=True, slots=True)
class NewItem:
    """A string that is a new item of a list.

    Attributes:
        path: of the item that it stands beside, from the top of the template.
        text: the string.
        after: whether it follows that item, and does not come before it.
    """

    path: Path
    text: str
    after: bool = False


Change: TypeAlias = NewString | NewValue | NewItem | Removed


def changed(value: Any, changes: Iterable[Change]) -> Any:
    """Return a value with changes in it; what is around them is copied, all else shared.

    The places of all changes are those in the value as it is given.
    """
    # From the end, so that no change moves the place of another; what a list gets or loses goes last.
    for change in sorted(changes, key=_order, reverse=True):
        value = _changed(value, change)
    return value


def _order(change: Change) -> tuple[bool, Path, int]:
    match change:
        case NewString():
            return True, change.path, change.start
        case NewItem():
            return False, change.path, 2 if change.after else 0
        case Removed():
            return False, change.path, 1
    return True, change.path, 0


def _changed(value: Any, change: Change, depth: int = 0) -> Any:
    if depth == len(change.path) and isinstance(change, NewValue):
        return as_written(value, change.value)
    if depth == len(change.path) and isinstance(change, NewString):
        return f"{value[: change.start]}{change.text}{value[change.end :]}"
    step: Any = change.path[depth]
    copied = value.copy()
    if isinstance(change, NewItem | Removed) and depth == len(change.path) - 1:
        place = step + 1 if isinstance(change, NewItem) and change.after else step
        copied[place : place + isinstance(change, Removed)] = (
            [change.text] if isinstance(change, NewItem) else []
        )
        return copied
    below = value.get(step) if isinstance(value, dict) else value[step]
    copied[step] = _changed(below, change, depth + 1)
    return copied


def as_written(old: Any, new: Any) -> Any:
    """Return a value as it is written in the place of another: a number stays a number, as in ``Cpu: 256``."""
    if isinstance(new, str) and type(old) is int and re.fullmatch("0|[1-9][0-9]{0,8}", new):
        return int(new)
    return new
