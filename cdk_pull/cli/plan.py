"""``cdk-pull plan``: the whole picture of one task's start, in the terminal, as JSON or as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdk_pull.cli._task import TaskOptions, task_options
from cdk_pull.data.writing import write_whole
from cdk_pull.report.plan import Task, make_plan

if TYPE_CHECKING:
    from cdk_pull.report.plan import Plan

__all__ = ["command"]

# A log has no width of its own; rich would fall back to 80 columns, too few for the picture.
_LOG_WIDTH = 140


@click.command(name="plan")
@task_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the picture as one page that needs no network.",
)
def command(*, task: TaskOptions, as_json: bool, page: Path | None) -> int:
    """Compare the start time and the price of a task at every Fargate size, and show which size to choose.

    IMAGE is every image of the task, by name: as cdk.context.json knows it, or else as its registry says. --cpu and
    --memory are a size that Fargate runs, which the choice never goes below. Exit status 1: no size meets the target,
    or the price that is asked for is not known.
    """
    plan = make_plan(
        Task(
            name=task.images.name,
            profile=task.images.profile,
            floor=task.floor,
            goal=task.goal,
            architecture=task.architecture,
            os=task.os,
            region=task.region,
            working_bytes=task.working_bytes,
            notes=task.images.notes,
            changes=task.images.changes,
        ),
        model=task.model,
    )
    if page is not None:
        from cdk_pull.report.plan_page import plan_page  # noqa: PLC0415 - only the page needs the plotting library

        write_whole(page, plan_page(plan))
    if as_json:
        click.echo(json.dumps(plan.to_json(), indent=2))
        if plan.choice.target_met is False:
            click.echo(f"cdk-pull: {plan.choice.why}", err=True)
    else:
        _print(plan)
    return 1 if plan.choice.target_met is False else 0


def _print(plan: Plan) -> None:
    from rich.console import Console  # noqa: PLC0415 - `--json` does without it

    from cdk_pull.report.plan_text import plan_text  # noqa: PLC0415 - the same

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(width=_LOG_WIDTH, highlight=False)
    for part in plan_text(plan, console.width):
        console.print(part)
