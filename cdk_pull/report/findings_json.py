"""Findings as JSON; the same document serves as a baseline for a later run."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from cdk_pull.printing import json_safe
from cdk_pull.rules.engine.not_evaluated import summarize

if TYPE_CHECKING:
    from cdk_pull.rules.engine.runner import Result

__all__ = ["render"]


def render(result: Result, *, colour: bool = False, show_suppressed: bool = False) -> str:  # noqa: ARG001 - one signature for all forms
    """Return the findings as JSON, suppressed ones with the reason in a list of their own."""
    document = {
        "version": 1,
        "summary": {
            **dict.fromkeys(("error", "warning", "info"), 0),
            **Counter(finding.severity.value for finding in result.findings),
            "suppressed": len(result.suppressed),
            "resources": result.resources,
            "not_evaluated": len(result.not_evaluated),
        },
        "findings": [finding.to_json() for finding in result.findings],
        "suppressed": [finding.to_json() for finding in result.suppressed],
        "not_evaluated": [gap.to_json() for gap in summarize(result.not_evaluated)],
        "errors": list(result.errors),
    }
    return json_safe(json.dumps(document, indent=1))
