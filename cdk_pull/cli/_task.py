"""What the commands on one task's start share: the options that describe the task, its images and the goal."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cdk_pull.cli._look_up import RegistryOptions, in_words, look_up, registry_options
from cdk_pull.cli._region import region_option
from cdk_pull.errors import CdkPullError, ConflictError, InvalidValueError
from cdk_pull.fargate.estimate.calibration import calibrate
from cdk_pull.fargate.estimate.measured import load_measured
from cdk_pull.fargate.goal import Goal, Hold
from cdk_pull.fargate.money import HOURS_PER_MONTH
from cdk_pull.fargate.sizes import check_architecture, least
from cdk_pull.image.context import ContextFile, facts_from_context
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import Compression, ImageProfile
from cdk_pull.image.reference import ImageReference
from cdk_pull.units import parse_bytes, parse_seconds
from cdk_pull.windows.base import cached_base

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cdk_pull.fargate.estimate.start import Architecture
    from cdk_pull.fargate.estimate.start_model import StartModel
    from cdk_pull.fargate.sizes import FargateSize, Os

__all__ = ["ImageOptions", "TaskImages", "TaskOptions", "seconds", "task_options", "typed_profile"]

_ARCHITECTURES: Final[dict[Architecture, str]] = {"x86_64": "amd64", "arm64": "arm64"}


def seconds(text: str | None) -> float | None:
    """Return the seconds of a ``--target``, or None where it was left out.

    Raises:
        InvalidValueError: for what is not a duration.
    """
    return None if text is None else parse_seconds(text, "--target")


def typed_profile(compressed: str, uncompressed: str | None, compression: str) -> ImageProfile:
    """Return the image of ``--compressed``, ``--uncompressed`` and ``--compression``.

    Raises:
        InvalidValueError: for what is not a size.
    """
    return ImageProfile.of_size(
        compressed_bytes=parse_bytes(compressed, "--compressed"),
        uncompressed_bytes=None if uncompressed is None else parse_bytes(uncompressed, "--uncompressed"),
        compression=Compression(compression),
    )


@dataclass(frozen=True, slots=True)
class TaskImages:
    """A task's images.

    Attributes:
        name: for a heading.
        profile: all as one; on Windows without the layers that the hosts have cached.
        notes: what is less sure of them, a sentence each.
    """

    name: str
    profile: ImageProfile
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageOptions:
    """The task's images as typed: either names, or the size of all."""

    images: tuple[str, ...]
    compressed: str | None
    uncompressed: str | None
    compression: str | None
    registry: RegistryOptions

    def resolve(self, *, architecture: Architecture, os: Os) -> TaskImages:
        """Return the images.

        What ``cdk.context.json`` in this folder knows is taken from there, so that the answer is that of the synth;
        the registries are asked for the others.

        Raises:
            InvalidValueError: for options that contradict one another, what is no size and no image reference.
            CdkPullError: for an image that cannot be looked up.
        """
        names = " ".join(self.images)
        if self.compressed is not None:
            if self.images:
                raise InvalidValueError(
                    "--compressed is given beside an image", names, allowed="one of the two"
                )
            profile = typed_profile(self.compressed, self.uncompressed, self.compression or "gzip")
            return TaskImages("The task's images", profile)
        if self.uncompressed is not None or self.compression is not None:
            raise InvalidValueError(
                "--uncompressed and --compression belong to --compressed, which is missing",
                names,
                allowed="IMAGE alone, or --compressed with them",
            )
        if not self.images:
            raise InvalidValueError("no image", names, allowed="IMAGE, or --compressed with a size")
        return _looked_up(
            self.images, Platform(os=os, architecture=_ARCHITECTURES[architecture]), self.registry
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskOptions:
    """One task and what is asked of its start, as typed and resolved.

    Attributes:
        images: of the task.
        floor: the smallest size wanted.
        goal: a start, a price, or neither.
        architecture: of the task.
        os: of the task.
        region: of the prices; None where neither the command line nor the environment names one.
        working_bytes: what the containers write to ephemeral storage.
        model: of the user's own starts; None for the one of this package.
    """

    images: TaskImages
    floor: FargateSize
    goal: Goal
    architecture: Architecture
    os: Os
    region: str | None
    working_bytes: int
    model: StartModel | None


def task_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add IMAGE and every option on a task and its goal; the command gets them as ``task``, a TaskOptions."""

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
    def with_task(
        *,
        cpu: str | None,
        memory: str | None,
        target: str | None,
        hold: Hold | None,
        max_usd_per_hour: float | None,
        max_usd_per_month: float | None,
        working_data: str,
        region: str | None,
        architecture: Architecture,
        os: Os,
        measured: Path | None,
        **options: Any,
    ) -> Any:
        image = ImageOptions(**{field.name: options.pop(field.name) for field in fields(ImageOptions)})
        check_architecture(architecture, os)
        floor = least(cpu, memory, os)
        goal = Goal(
            start_seconds=seconds(target),
            usd_per_hour=_price_limit(max_usd_per_hour, max_usd_per_month),
            hold=hold or "expected",
        )
        working = parse_bytes(working_data, "--working-data")
        if measured is not None and region is None:
            raise InvalidValueError(
                "--measured needs the Region of the task",
                region,
                allowed="--region eu-west-1, or AWS_REGION in the environment",
            )
        images, model = image.resolve(architecture=architecture, os=os), None
        if measured is not None and region is not None:
            images, model = _calibrated(images, image.images, measured, region, os)
        task = TaskOptions(
            images=images,
            floor=floor,
            goal=goal,
            architecture=architecture,
            os=os,
            region=region,
            working_bytes=working,
            model=model,
        )
        return command(task=task, **options)

    return with_task


def _price_limit(per_hour: float | None, per_month: float | None) -> float | None:
    if per_hour is not None and per_month is not None:
        raise ConflictError("--max-usd-per-hour and --max-usd-per-month are both given: keep one of them")
    return per_hour if per_month is None else per_month / HOURS_PER_MONTH


def _calibrated(
    images: TaskImages, names: Sequence[str], measured: Path, region: str, os: Os
) -> tuple[TaskImages, StartModel]:
    calibrated = calibrate(load_measured(measured), images.profile, images=names, region=region, os=os)
    return replace(images, notes=(*images.notes, *calibrated.notes)), calibrated.model


def _looked_up(names: Sequence[str], platform: Platform, registry: RegistryOptions) -> TaskImages:
    references = [ImageReference.parse(name) for name in dict.fromkeys(names)]
    context = ContextFile(Path("cdk.context.json")).content
    facts = {
        reference: found.facts
        for reference in references
        if (found := facts_from_context(context, reference, platform))
    }
    missing = [(reference, platform) for reference in references if reference not in facts]
    results = look_up(missing, registry) if missing else []
    if failed := [in_words(result) for result in results if result.error]:
        raise CdkPullError("; ".join(failed))
    facts |= {result.reference: result.facts for result in results if result.facts}
    notes: list[str] = []
    profiles: list[ImageProfile] = []
    for reference in references:
        profile = facts[reference].profile
        notes += facts[reference].notes
        if profile.os == "windows":
            base = cached_base(profile, datetime.now().astimezone().date())
            profile = base.uncached(profile)
            notes.append(f"{reference}: {base.reason}")
        profiles.append(profile)
    return TaskImages(", ".join(map(str, references)), ImageProfile.together(profiles), tuple(notes))
