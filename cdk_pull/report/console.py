"""The console that every table is printed to: colours where a person reads, room where a log does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Console, RenderableType
    from rich.table import Table

__all__ = ["fact_table", "make_console", "print_all"]

# A log has no width of its own; rich would fall back to 80 columns.
_LOG_WIDTH: Final = 140


def make_console() -> Console:
    """Return a console on standard output: FORCE_COLOR and NO_COLOR count, and COLUMNS where there is no terminal."""
    import os  # noqa: PLC0415 - with rich
    import sys  # noqa: PLC0415 - the same

    from rich.console import Console  # noqa: PLC0415 - `--json` does without it

    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal() else _LOG_WIDTH
    return Console(highlight=False, emoji=False, width=width)


def fact_table(facts: Mapping[str, str]) -> Table:
    """Return names and values, one to a line; a value that is longer than the line goes on below itself."""
    from rich.table import Table  # noqa: PLC0415 - only who prints pays for importing rich
    from rich.text import Text  # noqa: PLC0415 - the same

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(Text(name, "dim"), Text(value))
    return table


def print_all(parts: Iterable[RenderableType]) -> None:
    """Print one part after another; text is not read as markup, and no line of a log ends in blanks."""
    console = make_console()
    if console.is_terminal:
        for part in parts:
            console.print(part, markup=False)
        return
    with console.capture() as capture:
        for part in parts:
            console.print(part, markup=False)
    console.file.write("\n".join(line.rstrip() for line in capture.get().split("\n")))
