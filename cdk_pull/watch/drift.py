"""Compares measured starts with the start that a task's size was chosen for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.fargate.estimate.pulls import spread_of
from cdk_pull.fargate.estimate.start import NOISE_SECONDS
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_pull.fargate.estimate.measured import MeasuredGroup
    from cdk_pull.fargate.estimate.start_model import Interval

__all__ = ["ChosenStart", "Drift", "find_drift"]

# A host has a dot, a port or a piece that the deployment fills in; the account may be one of those.
_HOST: Final = lazy_pattern(r"[^/]*[.:}][^/]*/")
_TAG: Final = lazy_pattern(r"(?:@.*|:[^/]*)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChosenStart:
    """What the size of a task definition was chosen for.

    Attributes:
        task: the construct's path, or the logical id.
        images: the names of its containers' images, as far as they are known.
        cpu: CPU units.
        memory_mib: of the task.
        region: of its stack; empty where it is not known.
        start: the estimate, in seconds, from creation to RUNNING.
    """

    task: str
    images: tuple[str, ...]
    cpu: int
    memory_mib: int
    region: str
    start: Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """The measured starts of one task definition beside its estimate.

    Attributes:
        chosen: what the size was chosen for.
        measured: first decile, median and last decile, in seconds.
        starts: their number.
    """

    chosen: ChosenStart
    measured: Interval
    starts: int

    @property
    def seconds(self) -> float:
        """How much later the median start is than the estimate; negative for a sooner one."""
        return self.measured.expected - self.chosen.start.expected

    @property
    def drifted(self) -> bool:
        """Whether the difference exceeds the noise between starts of one task."""
        return abs(self.seconds) > NOISE_SECONDS

    def __str__(self) -> str:
        """Return the line that the report prints."""
        median, expected = self.measured.expected, self.chosen.start.expected
        count = f"{self.starts} start{'' if self.starts == 1 else 's'}"
        if not self.drifted:
            return f"{self.chosen.task} starts in {median:.0f} s (median of {count}), as chosen: {expected:.0f} s"
        later = "later" if self.seconds > 0 else "sooner"
        return (
            f"{self.chosen.task} now starts in {median:.0f} s (median of {count}); its size was chosen for "
            f"{expected:.0f} s: {abs(self.seconds):.0f} s {later}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return it in JSON's types."""
        return {
            "task": self.chosen.task,
            "drifted": self.drifted,
            "starts": self.starts,
            "measured_seconds": _rounded(self.measured),
            "chosen_for_seconds": _rounded(self.chosen.start),
        }


def find_drift(groups: Iterable[MeasuredGroup], chosen: Sequence[ChosenStart]) -> list[Drift]:
    """Return each task definition with measured starts of its images on its size, the largest difference first.

    Images are compared by repository: a release changes their tags, and a template may leave the account open.
    """
    starts: dict[tuple[object, ...], list[float]] = {}
    for group in groups:
        key = (group.region, group.cpu, group.memory_mib, _names(image.name for image in group.images))
        starts.setdefault(key, []).extend(each.pre_pull + each.pull + each.post_pull for each in group.starts)
    found = []
    for each in chosen:
        values = [
            value
            for (region, cpu, memory, names), seconds in starts.items()
            if (cpu, memory) == (each.cpu, each.memory_mib)
            and (not each.region or region == each.region)
            and names == _names(each.images)
            for value in seconds
        ]
        if values:
            found.append(Drift(chosen=each, measured=spread_of(values), starts=len(values)))
    return sorted(found, key=lambda drift: -abs(drift.seconds))


def _names(images: Iterable[str]) -> frozenset[str]:
    return frozenset(
        _TAG.sub("", image[found.end() :] if (found := _HOST.match(image)) else image) for image in images
    )


def _rounded(interval: Interval) -> dict[str, float]:
    return {
        "low": round(interval.low, 1),
        "expected": round(interval.expected, 1),
        "high": round(interval.high, 1),
    }
