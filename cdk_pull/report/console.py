"""The console that every table is printed to: colours where a person reads, room where a log does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType

__all__ = ["make_console", "print_all"]

# A log has no width of its own; rich would fall back to 80 columns.
_LOG_WIDTH: Final = 140


def make_console() -> Console:
    """Return a console on standard output: FORCE_COLOR and NO_COLOR count, and COLUMNS where there is no terminal."""
    import os  # noqa: PLC0415 - with rich
    import sys  # noqa: PLC0415 - the same

    from rich.console import Console  # noqa: PLC0415 - `--json` does without it

    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal() else _LOG_WIDTH
    return Console(highlight=False, emoji=False, width=width)


def print_all(parts: Iterable[RenderableType]) -> None:
    """Print one part after another; text is not read as markup."""
    console = make_console()
    for part in parts:
        console.print(part, markup=False, soft_wrap=False)
