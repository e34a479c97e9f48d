"""Why the pull of a task failed, in words: what the reasons of ECS mean and what to do.

Source: data/ecs_stop_reasons.json, whose rows name their own.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from cdk_pull.data import facts_of
from cdk_pull.patterns import lazy_pattern

__all__ = ["StopReason", "explain_stop", "is_start_failure"]

# What ECS calls a task that failed before its containers ran, wherever the agent, Fargate or a service event says it.
_FAILED: Final = lazy_pattern(
    r"CannotPull\w*|ResourceInitializationError|unable to pull secrets or registry auth"
    r"|The task cannot (?:pull|retrieve|find|download)|failed to (?:resolve ref|pull image)",
    re.IGNORECASE,
)
_LONGEST: Final = 8192
_PREAMBLE: Final = "unable to pull secrets or registry auth"
_GENERAL: Final = "secrets-or-auth"
_UNKNOWN_WHAT: Final = "The task failed before its containers ran, for a reason that is in no known form."
_UNKNOWN_DO: Final = (
    "Read the reason below, then the route of the subnet, the execution role and the image's name."
)


class StopReason(NamedTuple):
    """What a stop reason means.

    Attributes:
        id: of the kind, such as ``not-found``; ``unknown`` for a form that is not in the table.
        what: what happened, a sentence.
        do: what to do, a sentence or two.
        source: where the form is documented.
    """

    id: str
    what: str
    do: str
    source: str


def is_start_failure(reason: str) -> bool:
    """Tell whether a stop reason is of a task that failed while its images, secrets or network were made ready."""
    return _FAILED.search(reason[:_LONGEST]) is not None


def explain_stop(reason: str) -> StopReason | None:
    """Return what a stop reason means; None for a task that did not fail at its start."""
    text = reason[:_LONGEST]
    if not is_start_failure(text):
        return None
    # It begins reasons of many kinds, and names secrets in all of them.
    rest = text.replace(_PREAMBLE, "")
    for pattern, meaning in _table():
        if pattern.search(rest) or (meaning.id == _GENERAL and _PREAMBLE in text):
            return meaning
    return StopReason("unknown", _UNKNOWN_WHAT, _UNKNOWN_DO, "")


@cache
def _table() -> tuple[tuple[re.Pattern[str], StopReason], ...]:
    return tuple(
        (
            re.compile(row["pattern"], re.IGNORECASE | re.DOTALL),
            StopReason(row["id"], row["what"], row["do"], row["source"]),
        )
        for row in facts_of("ecs_stop_reasons")["reasons"]
    )
