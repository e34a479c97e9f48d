"""``cdk-pull size``: the cheapest Fargate task size that starts in time, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cdk_pull.cli._streams import echo_json
from cdk_pull.cli._task import task_options
from cdk_pull.report.console import print_all
from cdk_pull.report.size_text import size_text

if TYPE_CHECKING:
    from cdk_pull.report.plan import Task

__all__ = ["command"]


@click.command(name="size")
@task_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, task: Task, as_json: bool) -> int:
    """Choose the cheapest Fargate size that starts in time.

    IMAGE is every image of the task, by name: as cdk.context.json knows it, or else as its registry says. --cpu and
    --memory are a size that Fargate runs, which the choice never goes below. Exit status 1: no size meets the target,
    or the price that is asked for is not known.
    """
    choice = task.choose()
    if as_json:
        echo_json(choice.to_json())
        if choice.target_met is False:
            click.echo(f"cdk-pull: {choice.why}", err=True)
    else:
        print_all(size_text(choice, task.notes))
    return 1 if choice.target_met is False else 0
