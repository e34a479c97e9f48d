"""The decisions of an app for a terminal: a headline, then a line for each resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.report.decision_lines import line_of, place_of, totals_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from cdk_pull.report.decision_lines import DecisionLine
    from cdk_pull.report.decisions import StackDecisions

__all__ = ["decisions_text"]


def decisions_text(
    stacks: Sequence[StackDecisions], width: int, *, verbose: bool = False
) -> Iterator[RenderableType]:
    """Yield what a rich console prints.

    Args:
        stacks: of the app.
        width: of the console; a line that does not fit it is laid out in two.
        verbose: with the reasons, and with decisions that only state that something is as it should be.
    """
    from rich.text import Text  # noqa: PLC0415 - only who prints pays for importing rich

    totals = totals_of(stacks)
    yield Text(str(totals), "bold")
    shown: list[tuple[StackDecisions, list[DecisionLine]]] = []
    for stack in stacks:
        lines = [line for each in stack.decisions if not (line := line_of(each)).general or verbose]
        if lines:
            shown.append((stack, lines))
    for stack, lines in shown:
        yield Text()
        yield Text.assemble((stack.stack, "bold cyan"), (f"  {place_of(stack.environment)}", "dim"))
        column = max(len(line.resource) for line in lines)
        for line in lines:
            yield from _line(line, min(column, width // 3), width, verbose=verbose)
    yield from _rest(stacks, shown, totals.general, verbose=verbose)


def _rest(
    stacks: Sequence[StackDecisions],
    shown: Sequence[tuple[StackDecisions, list[DecisionLine]]],
    general: int,
    *,
    verbose: bool,
) -> Iterator[RenderableType]:
    from rich.text import Text  # noqa: PLC0415

    with_lines = {id(stack) for stack, _ in shown}
    without = [stack.stack for stack in stacks if id(stack) not in with_lines]
    parts = [f"Nothing to decide in: {', '.join(without)}."] if without else []
    if general and not verbose:
        parts.append(f"{general} more state that all is well.")
    if not verbose and shown:
        parts.append("Reasons: --verbose.")
    if parts:
        yield Text()
        yield Text(" ".join(parts), "dim")


def _line(line: DecisionLine, column: int, width: int, *, verbose: bool) -> Iterator[RenderableType]:
    """Yield a decision in one line where it fits, the better way and, if wanted, the reasons below it.

    Args:
        line: the decision.
        column: characters that the stack's resources take.
        width: of the console.
        verbose: with the reasons.
    """
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    what = Text(line.what, "yellow" if line.missed else "green")
    if line.missed:
        what.append("  target missed", "bold yellow")
    for fact in (line.start, f"{line.month} a month" if line.month else ""):
        if fact:
            what.append(f"  {fact}", "default")
    in_one = f"  {line.resource:<{column}}  "
    if len(in_one) + len(what.plain) <= width:
        yield Text(in_one).append_text(what)
    else:
        yield Text(f"  {line.resource}")
        yield Padding(what, (0, 0, 0, 4))
    if line.better:
        yield Padding(Text(f"better: {line.better}", "cyan"), (0, 0, 0, 4))
    if verbose:
        for reason in (f"about: {line.topic}", *line.reasons):
            yield Padding(Text(reason, "dim"), (0, 0, 0, 4))
