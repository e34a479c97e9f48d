"""How the verdicts on single elements make one of a way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.network.model import Verdict
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["REACHABLE", "along", "best", "unknown", "unless"]

REACHABLE: Final = Verdict(status="reachable")
_RANK: Final = {"reachable": 2, "unknown": 1, "closed": 0}


def unknown(verdict: Verdict, **changes: Any) -> Verdict:
    """Return a verdict as one that is not known, with other words where they are given."""
    return replace(verdict, status="unknown", **changes)


def along(steps: Iterable[Verdict]) -> Verdict:
    """Return the verdict on several elements one after the other: the first that is closed, or else not known."""
    unknown = None
    for step in steps:
        if step.status == "closed":
            return step
        if step.status == "unknown" and unknown is None:
            unknown = step
    return unknown or REACHABLE


def best(ways: Iterable[Verdict]) -> Verdict:
    """Return the verdict on several ways of which one is enough; of equal ones the first."""
    found = list(ways)
    return max(found, key=lambda way: _RANK[way.status])


def unless(answer: bool | None, closed: Verdict) -> Verdict:  # noqa: FBT001 - the third answer has no name
    """Return the verdict on one element by whether it lets through."""
    if answer:
        return REACHABLE
    return closed if answer is False else unknown(closed, reason=f"{closed.reason}, as far as is known")
