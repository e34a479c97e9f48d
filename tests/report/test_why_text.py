from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from cdk_pull.fargate.estimate.describe import Described
from cdk_pull.fargate.estimate.start_model import Interval
from cdk_pull.fargate.goal import Goal
from cdk_pull.fargate.why import explain_starts, ranked_by_own_starts
from cdk_pull.image.profile import ImageProfile
from cdk_pull.report.waterfall import waterfall
from cdk_pull.report.why_text import why_text
from tests.fargate.task_records import task

_GONE = "CannotPullContainerError: failed to resolve ref app:1: not found"


def _lines(width: int) -> list[str]:
    tasks = [task(n, pull=20.0 + n) for n in range(5)]
    tasks += [task(9, post=None, stoppedReason=_GONE)]
    described = Described(
        kind="service",
        name="web",
        cluster="prod",
        region="eu-west-1",
        tasks=tasks,
        events=[f"failed: {_GONE}"],
    )
    why = explain_starts(described)
    profile = ImageProfile.of_size(compressed_bytes=800_000_000, uncompressed_bytes=2_400_000_000)
    ranked = ranked_by_own_starts(why, profile, Goal(start_seconds=30))
    assert ranked is not None
    console = Console(width=width, file=StringIO(), highlight=False)
    for part in why_text(why, *ranked, width):
        console.print(part)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_answer_counts_draws_explains_and_ranks() -> None:
    """One headline, the phases of the starts, each kind of failure with what to do, the events and the ways."""
    lines = _lines(140)
    assert lines[0] == "service web in cluster prod, eu-west-1: 5 starts with a pull, 1 failed at the start"
    assert lines[2] == "0.5 vCPU, 1 GB on Fargate, n=5: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1"
    assert [line.split()[0] for line in lines[4:8]] == ["pre-pull", "pull", "post-pull", "total"]
    assert lines[7].split()[1:3] == ["38", "s"]
    assert any(
        line.startswith("1 failed: The image, its tag or its repository is not in the registry")
        for line in lines
    )
    assert any(line.startswith("  Do: Push it, or correct the name") for line in lines)
    assert f"  Said: {_GONE}" in lines
    assert "Events of the service" in lines
    assert "Ways, the best first" in lines
    assert any("the pull rests on 5 measured pulls of this image in eu-west-1" in line for line in lines)


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_line_is_wider_than_the_terminal_nor_cut(width: int) -> None:
    """The bars shrink before a figure is cut."""
    lines = _lines(width)
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)


def test_each_bar_begins_where_the_one_before_it_ends() -> None:
    """A phase of a quarter of the time takes a quarter of the room; the shortest is still to be seen."""
    console = Console(width=90, file=StringIO(), highlight=False)
    phases = [("a", Interval(0, 25, 30)), ("b", Interval(0, 74.9, 80)), ("c", Interval(0, 0.1, 1))]
    console.print(waterfall(phases, Interval(90, 100, 110), 90))
    assert isinstance(console.file, StringIO)
    lines = console.file.getvalue().splitlines()[1:4]
    spans = [(line.index("█"), line.rindex("█") + 1) for line in lines]
    assert spans[1][0] == spans[0][1]
    assert spans[2][0] == spans[1][1]
    lengths = [last - first for first, last in spans]
    assert lengths[0] * 3 == pytest.approx(lengths[1], abs=2)
    assert lengths[2] == 1
