"""Turns what the user-data readers warn of into problems of a capacity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_pull.rules.finding import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cdk_pull.agent.codes import WarningCode
    from cdk_pull.rules.finding import Severity
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["problems_of"]

# How the shell reader marks a part that nobody knows, as such or escaped.
_HOLE: Final = re.compile(r"(?:\\ufdd0|\ufdd0).*?(?:\\ufdd1|\ufdd1)")


def problems_of(
    capacity: Capacity, codes: Collection[WarningCode], *, severity: Severity | None = None
) -> Iterator[Problem]:
    """Yield a problem for each warning with one of the codes, with the line of the user data.

    Args:
        capacity: whose user data to read.
        codes: the warnings to take.
        severity: another one than the rule's.
    """
    lines: list[str] | None = None
    for warning in capacity.reading.warnings:
        if warning.code in codes:
            if lines is None:
                lines = str(capacity.user_data).split("\n")
            advice = capacity.advice(warning)
            yield Problem(
                message=_HOLE.sub("${…}", warning.message),
                fix=_HOLE.sub("${…}", advice.text),
                path=capacity.path,
                line_in_text=warning.line,
                quote=lines[warning.line - 1].strip() if 0 < warning.line <= len(lines) else "",
                severity=severity,
                mends=advice.mends,
            )
