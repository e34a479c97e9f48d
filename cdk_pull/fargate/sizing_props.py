"""What users say beside a goal for a task's size: in a construct's and in a mixin's arguments alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.measured import MeasuredGroup, load_measured
from cdk_pull.fargate.goal import Goal, Hold, Usage
from cdk_pull.fargate.sizing import SizingRequest
from cdk_pull.fargate.ways.changes import without_sidecars
from cdk_pull.image.declared_sizes import ImageSizes, listed, profile_of
from cdk_pull.units import DurationLike, SizeLike, bytes_of, to_timedelta

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_pull.fargate.prices import PriceBook
    from cdk_pull.fargate.ways.changes import ImageChange
    from cdk_pull.image.declared_sizes import Profiles

__all__ = ["SizingProps", "sizing_request"]


class SizingProps(ImageSizes, total=False):
    """What is known of a task's images, and what else the choice of its size goes by.

    Attributes:
        hold: what of the estimate is held to a start: ``expected``, the median, by default; or ``high``, which nine
            starts of ten stay below.
        starts_per_day: how often the task starts: the decision then says what the starts alone cost.
        runs_for: with ``starts_per_day``, how long each run takes once started, such as ``cdk.Duration.minutes(5)``: the
            choice then goes by what all runs cost, as for a batch job.
        working_data: what the containers write outside volumes, such as ``"5GB"`` or ``cdk.Size.gibibytes(5)``; nothing
            by default.
        working_data_bytes: the same as a number of bytes.
        prices: in place of the snapshot in this package.
        measured: the file in which ``cdk-pull measure --save`` keeps one's own starts: those of this image in the
            stack's Region narrow the estimate. For an ``image_profile``, as it is known by its digest.
    """

    hold: Hold
    starts_per_day: float | None
    runs_for: DurationLike | None
    working_data: SizeLike | None
    working_data_bytes: int | None
    prices: PriceBook | None
    measured: str | Path


def sizing_request(
    props: Mapping[str, Any], *, start_within: DurationLike | None = None, usd_per_hour: float | None = None
) -> SizingRequest:
    """Return what a user asks for; properties that are not of the sizing are passed over.

    Raises:
        ConflictError: for a start and a price together, or sizes of the images beside a profile.
        InvalidValueError: for an invalid value.
    """
    seconds = None if start_within is None else to_timedelta("start_within", start_within).total_seconds()
    images = {name: props[name] for name in ImageSizes.__annotations__ if name in props}
    return SizingRequest(
        goal=Goal(
            start_seconds=seconds,
            usd_per_hour=usd_per_hour,
            hold=props.get("hold", "expected"),
            usage=_usage(props.get("starts_per_day"), props.get("runs_for")),
        ),
        profile=profile_of(cast("ImageSizes", images)),
        working_bytes=bytes_of(props, "working_data", "working_data_bytes") or 0,
        prices=props.get("prices"),
        measured=_measured(props.get("measured")),
        changes=_changes(props.get("image_profile")),
    )


def _changes(profiles: Profiles) -> tuple[ImageChange, ...]:
    """Return the task without its sidecars, where a profile is given for each of several images."""
    known = {f"image_profile[{at}]": each for at, each in enumerate(listed(profiles)) if each is not None}
    alone = without_sidecars(known) if len(known) == len(listed(profiles)) else None
    return (alone,) if alone else ()


def _usage(starts_per_day: float | None, runs_for: DurationLike | None) -> Usage | None:
    length = None if runs_for is None else to_timedelta("runs_for", runs_for).total_seconds()
    if starts_per_day is None:
        if runs_for is not None:
            raise InvalidValueError(
                "runs_for is given without starts_per_day", runs_for, allowed="starts_per_day beside it"
            )
        return None
    return Usage(starts_per_day=starts_per_day, runs_for_seconds=length)


def _measured(path: str | Path | None) -> tuple[MeasuredGroup, ...]:
    if path is None:
        return ()
    if not Path(path).is_file():
        raise InvalidValueError(
            "file of measured starts does not exist", str(path), allowed="what cdk-pull measure --save wrote"
        )
    return tuple(load_measured(Path(path)))
