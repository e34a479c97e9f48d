"""Progress on standard error, for a person who waits; nothing where nobody sits before it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["working"]


@contextmanager
def working(what: str) -> Iterator[Callable[[int], None]]:
    """Show that something is going on, and how many have come; yield what counts them.

    Args:
        what: such as ``reading tasks``.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - only a person pays for importing rich

    console, count = Console(stderr=True), 0
    with console.status(f"{what} …") as status:

        def more(number: int) -> None:
            nonlocal count
            count += number
            status.update(f"{what}: {count} …")

        yield more
