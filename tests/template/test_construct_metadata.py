"""What CDK's validation report says of acknowledgements, and a report that is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.template.construct_metadata import acknowledged_in_report

if TYPE_CHECKING:
    from pathlib import Path

KEPT: dict[str, Any] = {"acknowledgedId": "cdk-pull::PULL101", "reason": "a test"}


def _report(*kept: Any) -> dict[str, Any]:
    return {"pluginReports": [{"pluginName": "cdk-pull", "suppressedViolations": list(kept)}]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (_report(KEPT), {"": {"cdk-pull::PULL101": "a test"}}),
        (
            _report(
                {**KEPT, "acknowledgedAt": "Prod"}, {**KEPT, "acknowledgedAt": "Dev", "reason": "another"}
            ),
            {"Prod": {"cdk-pull::PULL101": "a test"}, "Dev": {"cdk-pull::PULL101": "another"}},
        ),
        (_report({"acknowledgedId": "x"}, {"reason": "x"}, 1, None), {}),
        ({"pluginReports": [{}, {"suppressedViolations": None}, 3]}, {}),
        ({"pluginReports": {}}, {}),
        ([], {}),
    ],
)
def test_what_the_report_keeps(tmp_path: Path, document: Any, expected: dict[str, Any]) -> None:
    """Each reason stands under its construct, or under the app; anything else is passed over."""
    (tmp_path / "validation-report.json").write_text(json.dumps(document), encoding="utf-8")
    assert acknowledged_in_report(tmp_path) == expected


def test_no_report(tmp_path: Path) -> None:
    """An assembly without a report has nothing in it."""
    assert acknowledged_in_report(tmp_path) == {}
