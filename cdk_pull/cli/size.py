"""``cdk-pull size``: the cheapest Fargate task size that starts in time, and what it costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from cdk_pull.cli._task import TaskOptions, task_options
from cdk_pull.fargate.choose import choose
from cdk_pull.fargate.ephemeral import INCLUDED_GIB
from cdk_pull.fargate.money import dollars, per_month
from cdk_pull.fargate.prices import UnknownPrice

if TYPE_CHECKING:
    from cdk_pull.fargate.choose import Candidate, Choice

__all__ = ["command"]


@click.command(name="size")
@task_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, task: TaskOptions, as_json: bool) -> int:
    """Choose the cheapest Fargate size that starts in time.

    IMAGE is every image of the task, by name: as cdk.context.json knows it, or else as its registry says. --cpu and
    --memory are a size that Fargate runs, which the choice never goes below. Exit status 1: no size meets the target,
    or the price that is asked for is not known.
    """
    choice = choose(
        task.images.profile,
        cpu=task.floor.cpu,
        memory_mib=task.floor.memory_mib,
        goal=task.goal,
        architecture=task.architecture,
        os=task.os,
        region=task.region,
        working_bytes=task.working_bytes,
        model=task.model,
    )
    if as_json:
        click.echo(json.dumps(choice.to_json(), indent=2))
        if choice.target_met is False:
            click.echo(f"cdk-pull: {choice.why}", err=True)
    else:
        click.echo(_text(choice, task.images.notes))
    return 1 if choice.target_met is False else 0


def _text(choice: Choice, notes: tuple[str, ...]) -> str:
    lines = [
        f"{choice.size}  ({choice.size.cpu}/{choice.size.memory_mib})",
        f"why: {choice.why}",
        f"cost: {choice.cost}",
    ]
    if choice.ephemeral_gib > INCLUDED_GIB:
        lines.append(f"ephemeral storage: {choice.ephemeral_gib} GiB")
    lines += ["", f"{'size':<20}{'start, expected (interval)':<30}{'per month':>10}{'per hour':>11}"]
    lines += [_row(candidate, chosen=candidate is choice.candidate) for candidate in choice.candidates]
    coverage = choice.candidate.start.coverage
    lines.append(f"interval: {'coverage unknown' if coverage is None else f'{coverage:.0%} of the starts'}")
    lines += [f"note: {note}" for note in (*notes, *choice.candidate.start.notes)]
    if choice.would_help:
        lines += ["", "what would help more:", *(f"  {change}; {change.how}" for change in choice.would_help)]
    return "\n".join(lines)


def _row(candidate: Candidate, *, chosen: bool) -> str:
    price = candidate.price
    month, hour = (
        ("unknown", "") if isinstance(price, UnknownPrice) else (dollars(per_month(price)), f"${price:.4f}")
    )
    mark = "  <-" if chosen else ""
    return f"{candidate.size!s:<20}{candidate.start.total!s:<30}{month:>10}{hour:>11}{mark}"
