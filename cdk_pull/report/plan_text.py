"""The picture of one task's start for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.fargate.estimate.start import NOISE_SECONDS
from cdk_pull.report.size_text import answer_text, month, ways_text
from cdk_pull.report.waterfall import waterfall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from cdk_pull.fargate.estimate.start_model import Interval
    from cdk_pull.report.plan import Plan

__all__ = ["plan_text"]

_PICTURE = "From created to started"
_LEAST_PICTURE = 16
_MOST_PICTURE = 72
_TABLE_COLUMNS = 64
"""What the columns beside the picture take."""
_STYLES = {"chosen": "bold green", "near miss": "bold", "in noise": "dim", "too late": "dim"}


def plan_text(plan: Plan, width: int) -> Iterator[RenderableType]:
    """Yield what a rich console of this width prints."""
    from rich.text import Text  # noqa: PLC0415 - only who prints pays for importing rich

    scale = _Scale(plan, min(_MOST_PICTURE, max(_LEAST_PICTURE, width - _TABLE_COLUMNS)))
    yield Text(plan.task.name, "bold")
    yield Text(plan.task.facts)
    yield Text()
    yield from answer_text(plan.choice)
    yield Text()
    start = plan.choice.candidate.start
    yield Text(f"Where the time goes at {plan.choice.size}", "bold")
    yield waterfall([(phase.name, phase.seconds) for phase in start.phases], start.total, width)
    yield Text()
    yield _picture(plan, scale)
    yield Text(_legend(plan), "dim")
    yield from ways_text(plan.choice)
    for note in plan.notes:
        yield Text(f"Note: {note}", "dim")


class _Scale:
    """Seconds as columns of characters."""

    def __init__(self, plan: Plan, width: int) -> None:
        self.plan = plan
        self.width = width
        self.longest = plan.horizon

    def column(self, seconds: float) -> int:
        return min(self.width - 1, int(seconds / self.longest * self.width))

    def background(self) -> Text:
        """Return an empty row with the target marked, or the noise shaded where there is no target."""
        from rich.text import Text  # noqa: PLC0415

        cells = [" "] * self.width
        if self.plan.task.target_seconds is None:
            low, high = (self.column(bound) for bound in self.plan.noise)
            cells[low : high + 1] = "░" * (high + 1 - low)
        if self.plan.drawn_target is not None:
            cells[self.column(self.plan.drawn_target)] = "┊"
        return Text("".join(cells), "dim")

    def interval(self, interval: Interval, style: str) -> Text:
        """Return a row with an interval and its expectation."""
        row = self.background()
        low, middle, high = map(self.column, (interval.low, interval.expected, interval.high))
        cells = [
            {"┊": "┼"}.get(cell, "─") if low <= index <= high else cell
            for index, cell in enumerate(row.plain)
        ]
        cells[low], cells[high], cells[middle] = "├", "┤", "●"
        row.plain = "".join(cells)
        row.stylize(style or "default not dim", low, high + 1)
        return row

    def axis(self) -> str:
        """Return the labels below the picture."""
        right = f"{self.longest:.0f} s"
        return f"0{right:>{self.width - 1}}"


def _picture(plan: Plan, scale: _Scale) -> Table:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=True)
    table.add_column("Size", no_wrap=True)
    table.add_column("Per month", justify="right", no_wrap=True)
    table.add_column("Start (interval)", justify="right", no_wrap=True)
    header = _PICTURE if scale.width >= len(_PICTURE) else ""
    table.add_column(header, footer=Text(scale.axis(), "dim"), no_wrap=True)
    table.add_column("", no_wrap=True)
    for candidate in plan.choice.candidates:
        verdict = plan.verdict(candidate)
        style = _STYLES.get(verdict, "")
        table.add_row(
            Text(str(candidate.size), style),
            Text(month(candidate), style),
            Text(str(candidate.start.total), style),
            scale.interval(candidate.start.total, style),
            Text(verdict, style),
        )
    name = "noise" if plan.task.target_seconds is None else "target" if plan.drawn_target else ""
    if name:
        table.add_row("", "", "", scale.background(), Text(name, "dim"))
    return table


def _legend(plan: Plan) -> str:
    parts = [f"├──●──┤ expected start and its interval: {plan.coverage}"]
    if plan.task.target_seconds is None:
        parts.append(f"░ within {NOISE_SECONDS:g} s of the smallest size: no reason for a larger one")
    if plan.drawn_target is not None:
        parts.append(f"┊ target, {plan.drawn_target:g} s")
    return "\n".join(parts)
