"""The phases of a start, one after another, as bars on one axis of seconds, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from cdk_pull.fargate.estimate.start_model import Interval

__all__ = ["waterfall"]

_COLOURS: Final = ("blue", "cyan", "magenta", "green")
_LEAST: Final = 10


def waterfall(phases: Sequence[tuple[str, Interval]], total: Interval, width: int) -> Table:
    """Return a table with a row for each phase: its bar begins where the one before it ends.

    Args:
        phases: in the order in which they begin; of each its median and its bounds.
        total: of the whole start, which is no sum of medians.
        width: of the console, in characters.
    """
    from rich.table import Table  # noqa: PLC0415 - only who prints pays for importing rich
    from rich.text import Text  # noqa: PLC0415

    room = max(_LEAST, min(60, width - 40))
    whole = sum(interval.expected for _, interval in phases) or 1.0
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Phase", no_wrap=True)
    table.add_column("Median", justify="right", no_wrap=True)
    table.add_column("10-90 %", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    passed = 0.0
    for index, (name, interval) in enumerate(phases):
        first = round(passed / whole * room)
        passed += interval.expected
        last = max(first + 1, round(passed / whole * room))
        bar = Text(" " * first + "█" * (last - first), _COLOURS[index % len(_COLOURS)])
        table.add_row(name, f"{interval.expected:.0f} s", _bounds(interval), bar)
    table.add_row(Text("total", "bold"), Text(f"{total.expected:.0f} s", "bold"), _bounds(total), "")
    return table


def _bounds(interval: Interval) -> str:
    return f"{interval.low:.0f}-{interval.high:.0f} s"
