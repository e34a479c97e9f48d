"""The picture of one task's start for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.fargate.ephemeral import INCLUDED_GIB
from cdk_pull.fargate.estimate.start import NOISE_SECONDS
from cdk_pull.fargate.prices import UnknownPrice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from cdk_pull.fargate.choose import Candidate
    from cdk_pull.fargate.estimate.start_model import Interval
    from cdk_pull.report.plan import Plan

__all__ = ["plan_text"]

_LEAST_PICTURE = 20
_MOST_PICTURE = 72
_TABLE_COLUMNS = 78
"""What the columns beside the picture take."""
_STYLES = {"chosen": "bold green", "near miss": "bold", "in noise": "dim", "too late": "dim"}


def plan_text(plan: Plan, width: int) -> Iterator[RenderableType]:
    """Yield what a rich console of this width prints."""
    from rich.text import Text  # noqa: PLC0415 - only who prints pays for importing rich

    choice = plan.choice
    scale = _Scale(plan, min(_MOST_PICTURE, max(_LEAST_PICTURE, width - _TABLE_COLUMNS)))
    yield Text(plan.task.name, "bold")
    yield Text(plan.task.facts)
    yield Text()
    yield Text.assemble(
        ("Choice: ", "bold"),
        (f"{choice.size}", "bold green"),
        f" ({choice.size.cpu}/{choice.size.memory_mib})",
    )
    yield Text(f"Why: {choice.why}")
    yield Text(f"Cost: {choice.cost}")
    if choice.ephemeral_gib > INCLUDED_GIB:
        yield Text(f"Ephemeral storage: {choice.ephemeral_gib} GiB")
    yield Text()
    yield _picture(plan, scale)
    yield Text(_legend(plan), "dim")
    yield Text()
    for change in plan.changes:
        yield Text.assemble((f"{change.what}: ", "bold"), change.how)
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
        """Return an empty row with the noise shaded and the target marked."""
        from rich.text import Text  # noqa: PLC0415

        cells = [" "] * self.width
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

    def span(self, low: float, high: float) -> Text:
        """Return a row with a range that has no middle."""
        row = self.background()
        first, last = self.column(low), self.column(high)
        cells = list(row.plain)
        cells[first : last + 1] = "━" * (last + 1 - first)
        row.plain = "".join(cells)
        row.stylize("cyan not dim", first, last + 1)
        return row

    def axis(self) -> str:
        """Return the labels below the picture."""
        right = f"{self.longest:.0f} s"
        return f"0{right:>{self.width - 1}}"


def _picture(plan: Plan, scale: _Scale) -> Table:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=True)
    table.add_column("Size", min_width=14)
    table.add_column("Per hour", justify="right", no_wrap=True)
    table.add_column("Start (interval)", justify="right", no_wrap=True)
    table.add_column("From created to started", footer=Text(scale.axis(), "dim"), no_wrap=True)
    table.add_column("", no_wrap=True)
    for candidate in plan.choice.candidates:
        verdict = plan.verdict(candidate)
        style = _STYLES.get(verdict, "")
        table.add_row(
            Text(str(candidate.size), style),
            Text(_price(candidate), style),
            Text(str(candidate.start.total), style),
            scale.interval(candidate.start.total, style),
            Text(verdict, style),
        )
    table.add_row(
        "", "", "", scale.background(), Text("noise, target" if plan.drawn_target else "noise", "dim")
    )
    table.add_row(Text(f"What would change {plan.choice.size}", "bold"))
    for change in plan.changes:
        seconds = Text(f"{change.low:.0f}-{change.high:.0f} s", "cyan")
        table.add_row(change.what, "", seconds, scale.span(change.low, change.high))
    return table


def _legend(plan: Plan) -> str:
    parts = [
        f"├──●──┤ expected start and its interval: {plan.coverage}",
        f"░ within {NOISE_SECONDS:g} s of the smallest size: no reason for a larger one",
    ]
    if plan.changes:
        parts.append("━━━━━ where the expected start would come to lie")
    if plan.drawn_target is not None:
        parts.append(f"┊ target, {plan.drawn_target:g} s")
    return "\n".join(parts)


def _changes(plan: Plan, scale: _Scale) -> Table:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    size = plan.choice.size
    table = Table(box=None, pad_edge=False, header_style="bold", show_footer=True)
    table.add_column(f"What would change the start at {size}", ratio=1)
    table.add_column("Expected", justify="right", no_wrap=True)
    table.add_column("", footer=Text(scale.axis(), "dim"), no_wrap=True)
    start = plan.choice.candidate.start.total
    table.add_row("the image as it is", f"{start.expected:.0f} s", scale.interval(start, "bold green"))
    for change in plan.changes:
        table.add_row(
            Text.assemble((change.what, "bold"), "\n", (change.how, "dim")),
            f"{change.low:.0f}-{change.high:.0f} s",
            scale.span(change.low, change.high),
        )
    return table


def _price(candidate: Candidate) -> str:
    return "unknown" if isinstance(candidate.price, UnknownPrice) else f"${candidate.price:.4f}"
