"""``cdk-pull plan``: the whole picture of one task's start, in the terminal, as JSON or as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cdk_pull.cli._task import ImageOptions, image_options, seconds, size_options
from cdk_pull.data.writing import write_whole
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.calibration import calibrate
from cdk_pull.fargate.estimate.measured import load_measured
from cdk_pull.fargate.sizes import check_architecture, least
from cdk_pull.report.plan import Task, make_plan

if TYPE_CHECKING:
    from cdk_pull.report.plan import Plan

__all__ = ["command"]

# A log has no width of its own; rich would fall back to 80 columns, too few for the picture.
_LOG_WIDTH = 140


@click.command(name="plan")
@image_options
@size_options
@click.option("--target", help="Start within this: 60s, 2m. Without it, the smallest size.")
@click.option("--region", help="For the price, such as eu-west-1.")
@click.option(
    "--arch", "architecture", type=click.Choice(["x86_64", "arm64"]), default="x86_64", show_default=True
)
@click.option("--os", "os", type=click.Choice(["linux", "windows"]), default="linux", show_default=True)
@click.option(
    "--measured",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="One's own starts, as cdk-pull measure --save keeps them, to narrow the interval; needs --region.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the picture as one page that needs no network.",
)
def command(
    *,
    image: ImageOptions,
    cpu: str | None,
    memory: str | None,
    target: str | None,
    region: str | None,
    architecture: Any,
    os: Any,
    measured: Path | None,
    as_json: bool,
    page: Path | None,
) -> int:
    """Show one Fargate task's start against its price at every size, the choice, and what would change it.

    IMAGE is every image of the task, by name: as cdk.context.json knows it, or else as its registry says. --cpu and
    --memory are a size that Fargate runs, which the choice never goes below. Exit status 1: no size meets the target.
    """
    check_architecture(architecture, os)
    floor, target_seconds = least(cpu, memory, os), seconds(target)
    if measured is not None and region is None:
        raise InvalidValueError(
            "--measured needs the Region of the task", region, allowed="--region eu-west-1"
        )
    images = image.resolve(architecture=architecture, os=os)
    notes, model = images.notes, None
    if measured is not None and region is not None:
        calibrated = calibrate(
            load_measured(measured), images.profile, images=image.images, region=region, os=os
        )
        notes, model = (*notes, *calibrated.notes), calibrated.model
    plan = make_plan(
        Task(
            name=images.name,
            profile=images.profile,
            floor=floor,
            target_seconds=target_seconds,
            architecture=architecture,
            os=os,
            region=region,
            notes=notes,
        ),
        model=model,
    )
    if page is not None:
        from cdk_pull.report.plan_page import plan_page  # noqa: PLC0415 - only the page needs the plotting library

        write_whole(page, plan_page(plan))
    if as_json:
        click.echo(json.dumps(plan.to_json(), indent=2))
    else:
        _print(plan)
    if plan.choice.target_met is False:
        click.echo(f"cdk-pull: {plan.choice.why}", err=True)
        return 1
    return 0


def _print(plan: Plan) -> None:
    from rich.console import Console  # noqa: PLC0415 - `--json` does without it

    from cdk_pull.report.plan_text import plan_text  # noqa: PLC0415 - the same

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(width=_LOG_WIDTH, highlight=False)
    for part in plan_text(plan, console.width):
        console.print(part)
