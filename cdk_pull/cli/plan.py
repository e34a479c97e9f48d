"""``cdk-pull plan``: the whole picture of one task's start, in the terminal, as JSON or as a page."""

from __future__ import annotations

from pathlib import Path

import click

from cdk_pull.cli._streams import echo_json
from cdk_pull.cli._task import task_options
from cdk_pull.data.writing import write_whole
from cdk_pull.report.console import make_console, print_all
from cdk_pull.report.plan import Task, make_plan
from cdk_pull.report.plan_page import plan_page
from cdk_pull.report.plan_text import plan_text

__all__ = ["command"]


@click.command(name="plan")
@task_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the picture as one page that needs no network.",
)
def command(*, task: Task, as_json: bool, page: Path | None) -> int:
    """Compare the start time and the price of a task at every Fargate size, and show which size to choose.

    IMAGE is every image of the task, by name: as cdk.context.json knows it, or else as its registry says. --cpu and
    --memory are a size that Fargate runs, which the choice never goes below. Exit status 1: no size meets the target,
    or the price that is asked for is not known.
    """
    plan = make_plan(task)
    if page is not None:
        write_whole(page, plan_page(plan))
    if as_json:
        echo_json(plan.to_json())
        if plan.choice.target_met is False:
            click.echo(f"cdk-pull: {plan.choice.why}", err=True)
    else:
        print_all(plan_text(plan, make_console().width))
    return 1 if plan.choice.target_met is False else 0
