"""The advice on an image for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from cdk_pull.image.dockerfile.steps import Advice

__all__ = ["advice_text"]


def advice_text(advice: Sequence[Advice], not_evaluated: Sequence[str]) -> Iterator[RenderableType]:
    """Yield what a rich console prints: each advice, what to do and what it saves, and what was not evaluated."""
    from rich.padding import Padding  # noqa: PLC0415 - only who prints pays for importing rich
    from rich.text import Text  # noqa: PLC0415

    yield Text("What would make it smaller" if advice else "Nothing found that would make it smaller", "bold")
    for each in advice:
        where = "" if each.line is None else f"line {each.line}  "
        yield Padding(Text(f"{where}{each.problem}"), (0, 0, 0, 2))
        if each.step:
            yield Padding(Text(each.step, "dim"), (0, 0, 0, 4))
        yield Padding(Text(f"{each.fix}.", "cyan"), (0, 0, 0, 4))
        yield Padding(
            Text(f"saves: {each.saves}", "dim" if each.saves_bytes is None else "green"), (0, 0, 0, 4)
        )
    for note in not_evaluated:
        yield Text(f"not evaluated: {note}", "yellow")
