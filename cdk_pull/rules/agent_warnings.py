"""Turns what the user-data readers warn of into problems of a capacity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cdk_pull.rules.finding import Problem
from cdk_pull.template.ecs.capacity import BEHAVIOR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cdk_pull.agent.codes import WarningCode
    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.rules.finding import Severity
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["problems_of"]

_LINES: Final = {
    "linux": f"echo {BEHAVIOR}={{}} >> /etc/ecs/ecs.config",
    "windows": f'[Environment]::SetEnvironmentVariable("{BEHAVIOR}", "{{}}", "Machine")',
    "bottlerocket": 'image-pull-behavior = "{}"',
}
# The value in whatever form somebody has written it.
_VALUE: Final = re.compile(
    rf"(?:{BEHAVIOR}|image-pull-behaviou?r)[\"'\s]*[=,][\"'\s\\]*([A-Za-z_-]+)", re.IGNORECASE
)
# How the shell reader marks a part that nobody knows, as such or escaped.
_HOLE: Final = re.compile(r"(?:\\ufdd0|\ufdd0).*?(?:\\ufdd1|\ufdd1)")


def problems_of(
    capacity: Capacity,
    codes: Collection[WarningCode],
    *,
    severity: Severity | None = None,
    exact: bool = True,
    before: str = "",
) -> Iterator[Problem]:
    """Yield a problem for each warning with one of the codes, with the line of the user data.

    Args:
        capacity: whose user data to read.
        codes: the warnings to take.
        severity: another one than the rule's.
        exact: whether the fix is the line as it should be, rather than the rule's.
        before: what the fix says before the exact line, such as ``Before Initialize-ECSAgent: ``.
    """
    lines: list[str] | None = None
    for warning in capacity.reading.warnings:
        if warning.code in codes:
            if lines is None:
                lines = str(capacity.user_data).split("\n")
            quote = lines[warning.line - 1].strip() if 0 < warning.line <= len(lines) else ""
            line = _exact_line(quote, capacity.reading.os) if exact else ""
            yield Problem(
                message=_HOLE.sub("${…}", warning.message),
                fix=f"{before}{line}" if line else "",
                path=capacity.path,
                line_in_text=warning.line,
                quote=quote,
                severity=severity,
            )


def _exact_line(quote: str, os: OperatingSystem | None) -> str:
    """Return the line that sets what the quoted one meant to; empty where that is not certain."""
    match = _VALUE.search(quote)
    value = match.group(1).lower().replace("_", "-") if match else ""
    from cdk_pull.agent.settings import PullBehavior  # noqa: PLC0415 - slow to import, and only asked of what is wrong

    return _LINES[os or "linux"].format(value) if value in frozenset(PullBehavior) else ""
