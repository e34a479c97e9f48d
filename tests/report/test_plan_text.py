from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from cdk_pull.fargate.goal import Goal
from cdk_pull.fargate.sizes import check
from cdk_pull.image.profile import ImageProfile
from cdk_pull.report.plan import Task, make_plan
from cdk_pull.report.plan_text import plan_text


def _lines(width: int, *, target: float | None = 60, compressed: int = 800_000_000) -> list[str]:
    profile = ImageProfile.of_size(compressed_bytes=compressed, uncompressed_bytes=3 * compressed)
    task = Task(
        name="app:1",
        profile=profile,
        floor=check(512, 1024),
        goal=Goal(start_seconds=target),
        region="us-east-1",
    )
    console = Console(width=width, file=StringIO(), highlight=False)
    for part in plan_text(make_plan(task), width):
        console.print(part)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_each_size_has_a_row_with_its_interval_drawn_to_one_scale() -> None:
    """The longest interval ends where the axis does, the chosen size's dot stands before the target."""
    lines = _lines(140)
    rows = {line.split(",")[0]: line for line in lines if " vCPU," in line and "$" in line and "●" in line}
    assert list(rows) == [f"{vcpu} vCPU" for vcpu in ("0.5", "1", "2", "4", "8", "16", "32")]
    axis = next(line for line in lines if line.endswith(" s") and line.lstrip().startswith("0 "))
    assert rows["0.5 vCPU"].index("┤") == len(axis) - 1
    target = next(line for line in lines if line.endswith("target") and "┊" in line).index("┊")
    assert rows["4 vCPU"].index("●") < target < rows["2 vCPU"].index("●")
    assert rows["4 vCPU"][target] == "┼"
    assert rows["4 vCPU"].endswith("chosen")


def test_each_way_is_a_row_with_its_start_its_price_and_what_it_needs() -> None:
    """The ways stand below the picture, the best first, with the images as they are among them."""
    lines = _lines(140)
    ways = lines[lines.index("Ways, the best first") + 1 :]
    assert [line.split("  ")[-1].strip() for line in ways if " vCPU, " in line] == [
        "an image of half the size",
        "a SOCI index",
        "the image in zstd",
        "the image as it is",
    ]
    assert any("needs a smaller base image" in line for line in ways)


@pytest.mark.parametrize("width", [80, 100, 140, 250])
@pytest.mark.parametrize("compressed", [0, 1_000_000, 800_000_000, 20_000_000_000])
def test_no_line_is_wider_than_the_terminal_nor_cut(width: int, compressed: int) -> None:
    """The picture shrinks before a figure is cut."""
    lines = _lines(width, compressed=compressed)
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)


def test_without_a_target_none_is_drawn() -> None:
    """No line and no legend for what was not asked."""
    text = "\n".join(_lines(140, target=None))
    assert "┊" not in text
    assert "target," not in text
