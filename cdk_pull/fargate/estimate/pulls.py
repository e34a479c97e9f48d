"""Real starts of ECS tasks, as DescribeTasks and the event "ECS Task State Change" record them.

Both have the same fields. The pull of a task covers all its containers, download and unpacking together.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from statistics import quantiles
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.fargate.estimate.start_model import Interval
from cdk_pull.records import dataclass
from cdk_pull.shapes import objects_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "CACHED_SECONDS",
    "PHASES",
    "Pull",
    "PullGroup",
    "TaskImage",
    "group_pulls",
    "is_cached",
    "spread_of",
]

PHASES: Final = ("pre_pull", "pull", "post_pull", "total")
"""The phases of a start: created to pull started, the pull, pull stopped to started, and all of it."""

CACHED_SECONDS: Final = 2.0
"""A pull on EC2 below this downloaded nothing: the agent asked the registry at most, or not even that."""

_DECILES: Final = 10


@dataclass(frozen=True, slots=True, order=True)
class TaskImage:
    """An image of a task.

    Attributes:
        name: as the task definition names it.
        digest: of what was pulled; empty where ECS does not say.
    """

    name: str
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """One start of one task.

    Attributes:
        task: its ARN.
        created: when the task was created, in UTC.
        pre_pull: seconds from there to the start of the pull.
        pull: seconds of the pull.
        post_pull: seconds from its end to the start of the task; None for a task that never started.
        launch_type: ``FARGATE``, ``EC2``, ``EXTERNAL`` or ``MANAGED_INSTANCES``.
        cpu: CPU units of the task; 0 where it has none.
        memory_mib: of the task; 0 where it has none.
        os: ``windows`` or ``linux``.
        region: of the task.
        images: of its containers, sorted.
    """

    task: str
    created: datetime
    pre_pull: float
    pull: float
    post_pull: float | None
    launch_type: str
    cpu: int
    memory_mib: int
    os: str
    region: str
    images: tuple[TaskImage, ...]

    @property
    def total(self) -> float | None:
        """Seconds from creation to start; None for a task that never started."""
        return None if self.post_pull is None else self.pre_pull + self.pull + self.post_pull

    @classmethod
    def of_task(cls, task: Mapping[str, Any]) -> Pull | None:
        """Return the start of a task, or None where its pull is not over, or the record is of something else.

        Args:
            task: of DescribeTasks, or the ``detail`` of an event.
        """
        moments = [
            _moment(task.get(name)) for name in ("createdAt", "pullStartedAt", "pullStoppedAt", "startedAt")
        ]
        created, pull_started, pull_stopped, started = moments
        arn = task.get("taskArn")
        if created is None or pull_started is None or pull_stopped is None or not isinstance(arn, str):
            return None
        pre_pull, pull = (
            (pull_started - created).total_seconds(),
            (pull_stopped - pull_started).total_seconds(),
        )
        post_pull = (started - pull_stopped).total_seconds() if started else None
        # Clocks of the agent and of the service differ by fractions of a second, not by more.
        if pull < 0 or pre_pull < -1:
            return None
        return cls(
            task=arn,
            created=created,
            pre_pull=max(0.0, pre_pull),
            pull=pull,
            post_pull=None if post_pull is None else max(0.0, post_pull),
            launch_type=_launch_type(task),
            cpu=_number(task.get("cpu")),
            memory_mib=_number(task.get("memory")),
            os="windows" if str(task.get("platformFamily", "")).lower().startswith("windows") else "linux",
            region=_region(arn),
            images=_images(task.get("containers")),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PullGroup:
    """The starts of the same images on the same size.

    Attributes:
        pulls: in order of their creation; at least one.
    """

    pulls: tuple[Pull, ...]

    @property
    def first(self) -> Pull:
        """The oldest, which has what all have in common."""
        return self.pulls[0]

    def seconds(self, phase: str) -> list[float]:
        """Return what a phase took, for the starts that have it."""
        values = (getattr(pull, phase) for pull in self.pulls)
        return [value for value in values if value is not None]

    @property
    def quantiles(self) -> dict[str, dict[str, float]]:
        """The first decile, the median and the last decile of each phase that was measured, to a tenth of a second."""
        measured = {phase: values for phase in PHASES if (values := self.seconds(phase))}
        spreads = {phase: spread_of(values) for phase, values in measured.items()}
        return {
            phase: {
                "p10": round(spread.low, 1),
                "p50": round(spread.expected, 1),
                "p90": round(spread.high, 1),
            }
            for phase, spread in spreads.items()
        }


def group_pulls(pulls: Iterable[Pull]) -> list[PullGroup]:
    """Put starts together by launch type, Region, images and size; of one task the record that tells most counts."""
    best: dict[str, Pull] = {}
    for pull in pulls:
        if pull.task not in best or best[pull.task].total is None:
            best[pull.task] = pull
    ordered = sorted(best.values(), key=lambda pull: (*_key(pull), pull.created, pull.task))
    return [PullGroup(pulls=tuple(members)) for _, members in groupby(ordered, _key)]


def is_cached(pull: Pull) -> bool:
    """Tell whether a pull found its images on the instance; Fargate never does."""
    return pull.launch_type != "FARGATE" and pull.pull < CACHED_SECONDS


def spread_of(values: list[float]) -> Interval:
    """Return the first decile, the median and the last decile."""
    if len(values) == 1:
        return Interval(values[0], values[0], values[0])
    cuts = quantiles(values, n=_DECILES, method="inclusive")
    return Interval(cuts[0], cuts[4], cuts[-1])


def _key(pull: Pull) -> tuple[object, ...]:
    return pull.launch_type, pull.region, pull.os, pull.images, pull.cpu, pull.memory_mib


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:  # of the years 1 and 9999
        return None


def _launch_type(task: Mapping[str, Any]) -> str:
    # A task of a capacity provider has no launch type in older records.
    provider = str(task.get("capacityProviderName", ""))
    stated = task.get("launchType")
    return stated if isinstance(stated, str) else "FARGATE" if provider.startswith("FARGATE") else "EC2"


def _number(value: object) -> int:
    text = str(value)
    return int(text[:9]) if text.isascii() and text.isdigit() else 0


def _region(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else ""  # noqa: PLR2004 - arn:partition:service:region


def _images(containers: object) -> tuple[TaskImage, ...]:
    found = {
        TaskImage(str(each.get("image", "")), str(each.get("imageDigest", "")))
        for each in objects_in(containers)
        if each.get("image")
    }
    return tuple(sorted(found))
