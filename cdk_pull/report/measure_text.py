"""Measured starts, and what they do to the estimate, for a terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from cdk_pull.fargate.estimate.pulls import PHASES, spread_of
from cdk_pull.fargate.estimate.start_model import Interval
from cdk_pull.fargate.sizes import FargateSize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from cdk_pull.fargate.estimate.pulls import PullGroup

__all__ = ["measure_text"]


def measure_text(
    groups: Sequence[PullGroup], effects: Sequence[Mapping[str, Any]], notes: Sequence[str]
) -> Iterator[RenderableType]:
    """Yield what a rich console prints.

    Args:
        groups: the starts, by images and size.
        effects: of saving them on each estimate, as the JSON has them.
        notes: a sentence each.
    """
    from rich.text import Text  # noqa: PLC0415 - only who prints pays for importing rich

    for images, members in groupby(groups, lambda group: [image.name for image in group.first.images]):
        yield Text(", ".join(images), "bold")
        yield _table(list(members))
        yield Text()
    if groups:
        yield Text("The median, and in brackets the first and the last decile.", "dim")
    for effect in effects:
        yield Text()
        yield from _effect(effect)
    for note in notes:
        yield Text(f"Note: {note}", "dim")


def _table(groups: Sequence[PullGroup]) -> Table:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Size", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for phase in PHASES:
        table.add_column(phase.replace("_", "-"), justify="right", min_width=8)
    for group in groups:
        first = group.first
        size = (
            str(FargateSize(first.cpu, first.memory_mib))
            if first.launch_type == "FARGATE"
            else first.launch_type
        )
        cells = [Text(_cell(group.seconds(phase)), "bold" if phase == "total" else "") for phase in PHASES]
        table.add_row(size, str(len(group.pulls)), *cells)
    return table


def _cell(values: list[float]) -> str:
    return str(spread_of(values)) if values else "-"


def _effect(effect: Mapping[str, Any]) -> Iterator[RenderableType]:
    from rich.text import Text  # noqa: PLC0415

    yield Text(f"Estimate of {', '.join(effect['images'])}", "bold")
    yield Text(f"  on {effect['size']} in {effect['region']}")
    for when in ("before", "after"):
        interval = effect[when]
        text = "unknown" if interval is None else str(Interval(**interval))
        yield Text.assemble(f"  {when:<7}", (text, "bold green" if when == "after" and interval else ""))
    for note in effect["notes"]:
        yield Text(f"  {note}", "dim")
