"""Keyword arguments that a construct hands on: refused where nothing takes them, as Python itself would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.did_you_mean import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["refuse_unknown"]


def refuse_unknown(name: str, given: Mapping[str, Any], kind: type) -> None:
    """Refuse a keyword argument that a callable with such keyword arguments does not take.

    Args:
        name: of the callable.
        given: the keyword arguments.
        kind: a TypedDict of those that it takes.

    Raises:
        TypeError: for the first that it does not take, with the nearest that it does.
    """
    for each in given:
        if each not in kind.__annotations__:
            near = did_you_mean(each, kind.__annotations__)
            raise TypeError(
                f"{name}() got an unexpected keyword argument {each!r}{f'. {near}' if near else ''}"
            )
