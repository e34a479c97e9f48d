"""What the commands on one task's start share: the options that describe the task, its images and the goal."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cdk_pull.cli._look_up import registry_options
from cdk_pull.cli._region import region_option
from cdk_pull.cli._task_images import ImageOptions, TaskImages
from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.fargate.estimate.calibration import calibrate
from cdk_pull.fargate.estimate.measured import load_measured
from cdk_pull.fargate.goal import Goal, Usage
from cdk_pull.fargate.prices import HOURS_PER_MONTH
from cdk_pull.fargate.sizes import check_architecture, least
from cdk_pull.image.profile import Compression
from cdk_pull.records import fields, replace
from cdk_pull.report.plan import Task
from cdk_pull.units import parse_bytes, parse_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cdk_pull.fargate.estimate.start_model import StartModel
    from cdk_pull.fargate.sizes import Os

__all__ = ["seconds", "task_options"]


def seconds(text: str | None, option: str = "--target") -> float | None:
    """Return the seconds of a duration, or None where it was left out.

    Raises:
        InvalidValueError: for what is not a duration.
    """
    return None if text is None else parse_seconds(text, option)


def task_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add IMAGE and every option on a task and its goal; the command gets them as ``task``."""

    @click.argument("images", metavar="[IMAGE]...", nargs=-1)
    @click.option("--compressed", help="In place of IMAGE: the images' size in the registry: 800MB, 1GiB.")
    @click.option("--uncompressed", help="With --compressed: the size unpacked; estimated when left out.")
    @click.option(
        "--compression",
        type=click.Choice([str(item) for item in Compression]),
        help="With --compressed: gzip when left out.",
    )
    @click.option(
        "--cpu", help="The smallest size to choose: 1024, '1 vCPU'.  [default: the smallest there is]"
    )
    @click.option("--memory", help="Its memory: 2048, '2GB'.  [default: the least for --cpu]")
    @click.option("--target", help="Start within this: 60s, 2m. Without it, the smallest size.")
    @click.option(
        "--hold",
        type=click.Choice(["expected", "high"]),
        help="With --target: hold the expected start to it (default), or the upper bound.",
    )
    @click.option(
        "--max-usd-per-hour", type=float, help="Instead of --target: the best start within this price."
    )
    @click.option(
        "--max-usd-per-month", type=float, help="The same, for a task that runs all month (730 hours)."
    )
    @click.option(
        "--starts-per-day", type=float, help="How often the task starts, to price the starts alone."
    )
    @click.option("--runs-for", help="With --starts-per-day: how long each run takes once started: 90s, 10m.")
    @click.option(
        "--working-data",
        default="0B",
        show_default=True,
        help="What the containers write to ephemeral storage.",
    )
    @region_option
    @click.option(
        "--arch",
        "architecture",
        type=click.Choice(["x86_64", "arm64"]),
        default="x86_64",
        show_default=True,
        help="CPU architecture of the task.",
    )
    @click.option(
        "--os",
        type=click.Choice(["linux", "windows"]),
        default="linux",
        show_default=True,
        help="Operating system of the task.",
    )
    @click.option(
        "--measured",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Your own starts, as cdk-pull measure --save keeps them, to narrow the estimate; needs a Region.",
    )
    @registry_options
    @wraps(command)
    def with_task(**options: Any) -> Any:
        def take(name: str) -> Any:
            return options.pop(name)

        image = ImageOptions(**{field.name: take(field.name) for field in fields(ImageOptions)})
        architecture, os, region = take("architecture"), take("os"), take("region")
        check_architecture(architecture, os)
        floor = least(take("cpu"), take("memory"), os)
        goal = Goal(
            start_seconds=seconds(take("target")),
            usd_per_hour=_price_limit(take("max_usd_per_hour"), take("max_usd_per_month")),
            hold=take("hold") or "expected",
            usage=_usage(take("starts_per_day"), take("runs_for")),
        )
        working, measured = parse_bytes(take("working_data"), "--working-data"), take("measured")
        if measured is not None and region is None:
            raise InvalidValueError(
                "--measured needs the Region of the task",
                region,
                allowed="--region eu-west-1, or AWS_REGION in the environment",
            )
        images, model = image.resolve(architecture=architecture, os=os), None
        if measured is not None:
            images, model = _calibrated(images, image.images, measured, region, os)
        task = Task(
            name=images.name,
            profile=images.profile,
            floor=floor,
            goal=goal,
            architecture=architecture,
            os=os,
            region=region,
            working_bytes=working,
            notes=images.notes,
            changes=images.changes,
            model=model,
        )
        return command(task=task, **options)

    return with_task


def _usage(starts_per_day: float | None, runs_for: str | None) -> Usage | None:
    if starts_per_day is None:
        if runs_for is not None:
            raise InvalidValueError(
                "--runs-for needs to know how often", runs_for, allowed="--starts-per-day beside it"
            )
        return None
    return Usage(starts_per_day=starts_per_day, runs_for_seconds=seconds(runs_for, "--runs-for"))


def _price_limit(per_hour: float | None, per_month: float | None) -> float | None:
    if per_hour is not None and per_month is not None:
        raise ConflictError("--max-usd-per-hour and --max-usd-per-month are both given: keep one of them")
    return per_hour if per_month is None else per_month / HOURS_PER_MONTH


def _calibrated(
    images: TaskImages, names: Sequence[str], measured: Path, region: str, os: Os
) -> tuple[TaskImages, StartModel]:
    calibrated = calibrate(load_measured(measured), images.profile, images=names, region=region, os=os)
    return replace(images, notes=(*images.notes, *calibrated.notes)), calibrated.model
