"""What changed between the decisions of two assemblies."""

from __future__ import annotations

from typing import Any, Final

import pytest

from cdk_pull.decision import Decision, Topic
from cdk_pull.report.decisions import RecordedDecision, StackDecisions
from cdk_pull.report.decisions_diff import compare_decisions

SLOW: Final[dict[str, Any]] = {
    "start_seconds": {"low": 60.0, "expected": 75.2, "high": 90.0},
    "usd_per_month": 9.01,
    "usd_per_month_before": 9.01,
    "target_met": False,
}
FAST: Final[dict[str, Any]] = {
    "start_seconds": {"low": 30.0, "expected": 40.1, "high": 55.0},
    "usd_per_month": 40.04,
    "usd_per_month_before": 9.01,
    "target_met": True,
}


def _made(
    decided: str,
    topic: Topic = "fargate-size",
    *,
    at: str = "Api/Task/Resource",
    why: str = "so",
    **details: Any,
) -> RecordedDecision:
    return RecordedDecision(
        resource=at, decision=Decision(topic=topic, decided=decided, why=why, details=details)
    )


def _app(*decisions: RecordedDecision) -> list[StackDecisions]:
    return [StackDecisions(stack="Shop", environment="", decisions=decisions)]


@pytest.mark.parametrize(
    ("before", "after", "headline", "lines"),
    [
        ([_made("1 vCPU", **FAST)], [_made("1 vCPU", why="another", **FAST)], "No decision changed", []),
        (
            [_made("0.25 vCPU", **SLOW)],
            [_made("1 vCPU", **FAST)],
            "1 decision changed, start 75 → 40 s, +$31 a month",
            ["changed: Shop/Api/Task: 0.25 vCPU → 1 vCPU, start 75 → 40 s, $9.01 → $40 (+$31) a month"],
        ),
        (
            [_made("1 vCPU", **FAST)],
            [_made("1 vCPU", **FAST | {"start_seconds": SLOW["start_seconds"], "target_met": False})],
            "1 decision changed, start 40 → 75 s",
            ["changed: Shop/Api/Task: 1 vCPU, start 40 → 75 s, target missed"],
        ),
        (
            [_made("once", "image-pull-behavior", at="Group"), _made("a", "fix", at="Td", rule="PULL104")],
            [_made("PULL201: b", "fix", at="Td", rule="PULL201"), _made("1 vCPU", at="Shop", **FAST)],
            "2 decisions new, 2 decisions gone, +$40 a month",
            [
                "new: Shop/Td: PULL201: b",
                "new: Shop: 1 vCPU, start 40 s, $40 a month",
                "gone: Shop/Group: once",
                "gone: Shop/Td: a",
            ],
        ),
        (
            [_made("once", "image-pull-behavior"), _made("once", "image-pull-behavior")],
            [_made("once", "image-pull-behavior"), _made("always", "image-pull-behavior")],
            "1 decision changed",
            ["changed: Shop/Api/Task: once → always"],
        ),
    ],
)
def test_changes(
    before: list[RecordedDecision], after: list[RecordedDecision], headline: str, lines: list[str]
) -> None:
    """Each decision that is new, gone or another is a line; what only has other reasons is none."""
    diff = compare_decisions(_app(*before), _app(*after))
    assert (diff.headline, [str(each) for each in diff.changes]) == (headline, lines)


def test_markdown() -> None:
    """The table shows what templates hold as it is: nothing of it is markup, and no cell breaks."""
    before, after = _app(), _app(_made("<img>|`x`\n@you [a](b)", "fix"), _made("1 vCPU", **SLOW))
    assert compare_decisions(before, after).to_markdown().split("\n") == [
        "**2 decisions new, +\\$9.01 a month**",
        "",
        "| | resource | decision | start | a month |",
        "|---|---|---|---|---|",
        "| new | Shop/Api/Task | \\<img\\>\\|\\`x\\` \\@you \\[a\\](b) |  |  |",
        "| new | Shop/Api/Task | 1 vCPU (target missed) | 75 s | \\$9.01 |",
    ]
    assert compare_decisions(before, before).to_markdown() == "**No decision changed**"


def test_json() -> None:
    """The comparison has every field in JSON's types."""
    assert compare_decisions(_app(_made("a", **SLOW)), _app(_made("b", **FAST))).to_json() == {
        "headline": "1 decision changed, start 75 → 40 s, +$31 a month",
        "usd_per_month": 40.04,
        "usd_per_month_before": 9.01,
        "changes": [
            {
                "kind": "changed",
                "resource": "Shop/Api/Task",
                "topic": "fargate-size",
                "what": "a → b",
                "start": "75 → 40 s",
                "month": "$9.01 → $40 (+$31)",
                "missed": False,
            }
        ],
    }
