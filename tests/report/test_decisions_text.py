from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cdk_pull.decision import Decision, Topic
from cdk_pull.report.decision_lines import line_of, place_of, totals_of
from cdk_pull.report.decisions import RecordedDecision, StackDecisions
from cdk_pull.report.decisions_page import decisions_page
from cdk_pull.report.decisions_text import decisions_text

_SIZE: dict[str, Any] = {
    "from": "0.25 vCPU, 0.5 GB",
    "start_seconds": {"low": 25.3, "expected": 45.4, "high": 107.7},
    "phases": {"pre-pull": 12.0, "download": 7.0, "unpack": 22.0, "post-pull": 4.0},
    "usd_per_month": 144.16,
    "usd_per_month_before": 9.01,
    "better": "0.25 vCPU, 0.5 GB with an image of half the size: 52 s, $9.01 a month",
    "ways": ["a way; needs work"],
    "target_met": True,
}


def _recorded(
    resource: str, topic: Topic, decided: Any, *, why: str = "a reason", **details: Any
) -> RecordedDecision:
    decision = Decision(
        topic=topic, decided=decided, why=why, cost="a cost", confidence="sure", details=details
    )
    return RecordedDecision(resource=resource, decision=decision)


_STACKS = [
    StackDecisions(
        stack="Shop",
        environment="aws://123456789012/us-east-1",
        decisions=(
            _recorded("Api/Task/Resource", "fargate-size", "4 vCPU, 8 GB", **_SIZE),
            _recorded(
                "Late",
                "fargate-size",
                "0.25 vCPU, 0.5 GB",
                **_SIZE | {"usd_per_month": 9.01, "better": "", "target_met": False},
            ),
            _recorded("Group/LaunchTemplate/Resource", "image-pull-behavior", "once", usd_per_month=2.4),
            _recorded(
                "Api/Task/Resource", "region", "images in us-east-1", images={"a:1": "same", "b:1": "allowed"}
            ),
            _recorded(
                "Image",
                "fargate-image",
                "gzip layers",
                start_seconds=_SIZE["start_seconds"],
                target_met=False,
            ),
            _recorded("Big", "ephemeral-storage", "33 GiB"),
            _recorded("Odd", "fix", {"Ref": "Behavior"}, why="[b]not markup[/b]"),
        ),
    ),
    StackDecisions(stack="Quiet", environment="", decisions=()),
]


def _lines(width: int, *, verbose: bool = False) -> list[str]:
    console = Console(width=width, file=StringIO(), highlight=False)
    for part in decisions_text(_STACKS, width, verbose=verbose):
        console.print(part, markup=False)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_each_decision_is_a_line_under_a_headline_with_the_totals() -> None:
    """What, from and to, the start with its interval, dollars a month, and the better way; reasons are left out."""
    assert _lines(160) == [
        (
            "6 decisions in 2 stacks; 2 Fargate tasks at $153 a month, $135 more than as given; 2 targets missed; "
            "1 better way"
        ),
        "",
        "Shop  123456789012 us-east-1",
        "  Api/Task              0.25 vCPU, 0.5 GB → 4 vCPU, 8 GB  45 s (25-108 s)  $144 (+$135) a month",
        "    better: 0.25 vCPU, 0.5 GB with an image of half the size: 52 s, $9.01 a month",
        "  Late                  0.25 vCPU, 0.5 GB  target missed  45 s (25-108 s)  $9.01 a month",
        "  Group/LaunchTemplate  once  $2.40 an instance a month",
        "  Image                 gzip layers  target missed  45 s (25-108 s)",
        "  Big                   33 GiB of ephemeral storage",
        '  Odd                   {"Ref": "Behavior"}',
        "",
        "Nothing to decide in: Quiet. 1 more state that all is well. Reasons: --verbose.",
    ]


def test_verbose_gives_the_reasons_and_what_is_as_it_should_be() -> None:
    """Why, how sure, what it costs and the ways stand below each line; nothing is read as markup."""
    lines = _lines(160, verbose=True)
    assert "  Api/Task              2 images in the Region or allowed from elsewhere" in lines
    for reason in (
        "about: fargate-size",
        "a reason",
        "sure",
        "a cost",
        "way: a way; needs work",
        "[b]not markup[/b]",
    ):
        assert f"    {reason}" in lines


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_broken_inside_a_name(width: int) -> None:
    """What does not fit one line is laid out in two, and no line is wider than the terminal."""
    lines = _lines(width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for name in ("Group/LaunchTemplate", "Api/Task", "ephemeral", "target missed"):
        assert name in text


def test_a_decision_of_an_older_release_is_a_line_too() -> None:
    """Without the figures that later releases record, a size is what was decided and nothing else."""
    line = line_of(_recorded("Task", "fargate-size", "1 vCPU, 2 GB"))
    assert (line.what, line.start, line.month, line.better, line.missed) == (
        "1 vCPU, 2 GB",
        "",
        "",
        "",
        False,
    )
    assert str(totals_of([])) == "0 decisions in 0 stacks"


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ("aws://123456789012/eu-west-1", "123456789012 eu-west-1"),
        ("aws://unknown-account/eu-west-1", "eu-west-1"),
        ("aws://unknown-account/unknown-region", "any account and Region"),
        ("", "any account and Region"),
    ],
)
def test_a_place_is_named_as_far_as_the_app_does(environment: str, place: str) -> None:
    """Account and Region as far as the app gives them."""
    assert place_of(environment) == place


def test_the_page_has_the_whole_app() -> None:
    """Totals, each decision with the phases of its start, the better way and the reasons; names are no markup."""
    text = decisions_page(_STACKS)
    assert "6 decisions in 2 stacks" in text
    assert text.count('<div class="fall">') == 2
    assert '<dd class="missed">2 missed</dd>' in text
    assert "Better: 0.25 vCPU, 0.5 GB with an image of half the size: 52 s, $9.01 a month." in text
    assert "<script" not in text
    evil = StackDecisions(
        stack="<script>", environment="", decisions=(_recorded("<img>", "fix", "<b>", why="<i>"),)
    )
    page = decisions_page([evil])
    assert "<script>" not in page
    assert "<img>" not in page


def test_a_fix_shows_its_diff_among_the_reasons() -> None:
    """What PullFixes changed stands below its decision, a line each; what is no list is passed over."""
    lines = ["-Cpu: 256", "+Cpu: 1024"]
    made = _recorded("Td", "fix", "PULL201: Cpu is 1024 in place of 256", rule="PULL201", diff=lines)
    assert line_of(made).reasons == ("a reason", "sure", "a cost", *lines)
    assert line_of(_recorded("Td", "fix", "x", diff="y")).reasons == ("a reason", "sure", "a cost")
