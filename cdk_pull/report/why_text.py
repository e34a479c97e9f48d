"""Why tasks start slowly or not at all, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.fargate.estimate.pulls import PHASES, spread_of
from cdk_pull.fargate.sizes import FargateSize
from cdk_pull.report.size_text import ways_text
from cdk_pull.report.waterfall import waterfall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from cdk_pull.fargate.choose import Choice
    from cdk_pull.fargate.estimate.pulls import PullGroup
    from cdk_pull.fargate.why import Failure, Why

__all__ = ["why_text"]

_NAMES: Final = {"pre_pull": "pre-pull", "pull": "pull", "post_pull": "post-pull"}
_MOST_TASKS: Final = 3
_MOST_EVENTS: Final = 3


def why_text(why: Why, choice: Choice | None, notes: Sequence[str], width: int) -> Iterator[RenderableType]:
    """Yield what a rich console of this width prints.

    Args:
        why: the starts and the failures.
        choice: the ways to a start, where the images are known.
        notes: what the figures rest on and what is not known, a sentence each.
        width: of the console.
    """
    from rich.text import Text  # noqa: PLC0415 - only who prints pays for importing rich

    yield Text.assemble(
        (f"{why.described.kind} {why.described.name}", "bold"),
        f" in cluster {why.described.cluster}, {why.described.region}: {_counts(why)}",
    )
    for group in why.groups:
        yield Text()
        yield from _starts(group, width)
    for failure in why.failures:
        yield Text()
        yield from _failure(failure)
    if why.events:
        yield Text()
        yield Text("Events of the service", "bold")
        for event in why.events[:_MOST_EVENTS]:
            yield Text(f"  {event}", "dim")
    if choice is not None:
        yield from ways_text(choice)
    if notes:
        yield Text()
    for note in notes:
        yield Text(f"Note: {note}", "dim")


def _counts(why: Why) -> str:
    failed = sum(len(failure.tasks) for failure in why.failures)
    started = sum(len(group.pulls) for group in why.groups)
    parts = [f"{started} start{'' if started == 1 else 's'} with a pull"]
    parts += [f"{why.cached} from cached images"] if why.cached else []
    parts += [f"{failed} failed at the start"] if failed else []
    parts += [f"{why.other} without a start so far, or ended before it"] if why.other else []
    return ", ".join(parts)


def _starts(group: PullGroup, width: int) -> Iterator[RenderableType]:
    from rich.text import Text  # noqa: PLC0415

    first = group.first
    fargate = first.launch_type == "FARGATE"
    size = f"{FargateSize(first.cpu, first.memory_mib)} on Fargate" if fargate else first.launch_type
    yield Text.assemble((size, "bold"), f", n={len(group.pulls)}: ", ", ".join(i.name for i in first.images))
    spreads = [(_NAMES[phase], spread_of(group.seconds(phase))) for phase in PHASES if phase in _NAMES]
    yield waterfall(spreads, spread_of(group.seconds("total")), width)


def _failure(failure: Failure) -> Iterator[RenderableType]:
    from rich.text import Text  # noqa: PLC0415

    number = len(failure.tasks)
    tasks = ", ".join(failure.tasks[:_MOST_TASKS]) + (", …" if number > _MOST_TASKS else "")
    yield Text.assemble((f"{number} failed: ", "bold red"), (failure.meaning.what, "bold"))
    yield Text(f"  Do: {failure.meaning.do}")
    yield Text(f"  Said: {failure.reason}", "dim")
    yield Text(f"  Task{'s' if number > 1 else ''}: {tasks}", "dim")
