"""Findings as a code quality report of GitLab, which a merge request shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.printing import json_safe
from cdk_pull.report.paths import in_repository

if TYPE_CHECKING:
    from cdk_pull.rules.engine.finding import Finding
    from cdk_pull.rules.engine.runner import Result

__all__ = ["render"]

_SEVERITIES: Final = {"error": "critical", "warning": "major", "info": "info"}


def render(result: Result, *, colour: bool = False, show_suppressed: bool = False) -> str:  # noqa: ARG001 - one signature for all forms
    """Return the list of findings that count; GitLab has no place for what was suppressed or not evaluated."""
    seen: dict[str, int] = {}
    return json_safe(json.dumps([_entry(finding, seen) for finding in result.findings], indent=1))


def _entry(finding: Finding, seen: dict[str, int]) -> dict[str, Any]:
    file, line = finding.source_file or finding.file, finding.source_line or finding.line or 1
    # GitLab takes entries with one fingerprint for one.
    number = seen[finding.fingerprint] = seen.get(finding.fingerprint, 0) + 1
    return {
        "description": f"{finding.message}. Fix: {finding.fix}",
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint if number == 1 else f"{finding.fingerprint}-{number}",
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": in_repository(file).as_posix() if file else finding.stack,
            "lines": {"begin": line},
        },
    }
