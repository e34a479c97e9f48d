"""The choice of a task size for a terminal: the answer, every size weighed, and the ways by other images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.fargate.ephemeral import INCLUDED_GIB
from cdk_pull.fargate.prices import UnknownPrice, dollars

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from cdk_pull.fargate.candidates import Candidate
    from cdk_pull.fargate.choose import Choice
    from cdk_pull.fargate.ways.rank import Way

__all__ = ["answer_text", "month", "size_text", "sizes_table", "ways_table", "ways_text"]


def size_text(choice: Choice, notes: Iterable[str]) -> Iterator[RenderableType]:
    """Yield what a rich console prints of a choice.

    Args:
        choice: of a size.
        notes: on the images, a sentence each.
    """
    from rich.text import Text  # noqa: PLC0415 - only who prints pays for importing rich

    yield from answer_text(choice)
    yield Text()
    yield sizes_table(choice)
    coverage = choice.candidate.start.coverage
    share = "coverage unknown" if coverage is None else f"{coverage:.0%} of the starts"
    yield Text(f"In brackets the interval: {share}.", "dim")
    yield from ways_text(choice)
    for note in (*notes, *choice.candidate.start.notes):
        yield Text(f"Note: {note}", "dim")


def answer_text(choice: Choice) -> Iterator[RenderableType]:
    """Yield the size, the reason, the cost and the storage."""
    from rich.text import Text  # noqa: PLC0415

    style = "bold yellow" if choice.target_met is False else "bold green"
    yield Text.assemble((f"{choice.size}", style), f"  ({choice.size.cpu}/{choice.size.memory_mib})")
    yield Text.assemble(("Why:  ", "bold"), choice.why)
    yield Text.assemble(("Cost: ", "bold"), choice.cost)
    if choice.better is not None:
        yield Text.assemble(("Better: ", "bold"), (f"{choice.better}", "cyan"), ", see below")
    if choice.ephemeral_gib > INCLUDED_GIB:
        yield Text(f"Ephemeral storage: {choice.ephemeral_gib} GiB")


def sizes_table(choice: Choice) -> Table:
    """Return a row for each size weighed: start, dollars per month and what that adds, dollars per hour."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Size", no_wrap=True)
    for name in ("Start", "Per month", "Difference", "Per hour"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for candidate in choice.candidates:
        chosen = candidate is choice.candidate
        price = candidate.price
        more = candidate.more_than(choice.floor)
        difference = f"{'+' if more.endswith('more') else '-'}{more.partition(' ')[0]}" if more else ""
        table.add_row(
            *(
                Text(cell, "bold green" if chosen else "")
                for cell in (
                    str(candidate.size),
                    str(candidate.start.total),
                    month(candidate),
                    difference,
                    "" if isinstance(price, UnknownPrice) else f"${price:.4f}",
                    "chosen" if chosen else "near miss" if candidate is choice.near_miss else "",
                )
            )
        )
    return table


def ways_text(choice: Choice) -> Iterator[RenderableType]:
    """Yield the ways by size and images together, the best first, and what EC2 would do; nothing where none helps."""
    from rich.text import Text  # noqa: PLC0415

    if len(choice.ways) > 1:
        yield Text()
        yield Text("Ways, the best first", "bold")
        yield ways_table(choice.ways)
    if choice.ec2:
        yield Text()
        yield Text(f"Or {choice.ec2}.")


def ways_table(ways: Iterable[Way]) -> Table:
    """Return one row for each way: size and images, start, dollars per month; below it what it needs."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    table.add_column("Size", no_wrap=True)
    table.add_column("Start", justify="right", no_wrap=True)
    table.add_column("Per month", justify="right", no_wrap=True)
    table.add_column("Image, and what it needs", overflow="fold")
    for way in ways:
        change = way.change
        detail = [f"needs {change.needs}"] if change.needs else []
        detail += [f"rules out {change.rules_out}"] if change.rules_out else []
        detail += [change.sure] if change.needs else []
        table.add_row(
            Text(str(way.candidate.size)),
            Text(f"{way.candidate.start.total.expected:.0f} s"),
            Text(month(way.candidate)),
            Text.assemble(
                (change.what, "bold" if way.is_today else "bold cyan"),
                *([("\n" + "; ".join(detail), "dim")] if detail else []),
            ),
        )
    return table


def month(candidate: Candidate) -> str:
    """Return a candidate's price per month, or ``unknown``."""
    usd = candidate.usd_per_month
    return "unknown" if isinstance(usd, UnknownPrice) else dollars(usd)
