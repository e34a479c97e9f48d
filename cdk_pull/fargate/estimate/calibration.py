"""One's own measured pulls in place of the published ones: the estimate's interval narrows with their number.

What the published pulls give is the prior. The pull of an image is taken as the model's time for its bytes and the
task's size times a factor of the image, of its registry and Region, and of the day; the factors are log-normal. The
spread of the published factors is all three together; what tasks of one image differ by gives the last. So one measured pull settles most of the factor of its image, and other
images from the same registry in the same Region settle the part that they share.
"""

from __future__ import annotations

import math
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Final

from cdk_pull.fargate.estimate.pulls import spread_of
from cdk_pull.fargate.estimate.start import estimate_start
from cdk_pull.fargate.estimate.start_model import Interval, StartModel, load_start_model
from cdk_pull.image.reference import ImageReference
from cdk_pull.records import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cdk_pull.fargate.estimate.measured import MeasuredGroup
    from cdk_pull.fargate.estimate.pulls import TaskImage
    from cdk_pull.fargate.sizes import Os
    from cdk_pull.image.profile import ImageProfile

__all__ = ["Calibrated", "calibrate"]

# Standard deviation of the logarithm between tasks of one image on one size: 0.23 and 0.26 in the two series of
# fargate_pull_measurements.csv (ten and five starts after the pull; no series of pulls is published).
_DAILY_SPREAD: Final = 0.25
# What that is worth against one's own, in pulls.
_DAILY_WEIGHT: Final = 5.0
# How much of the factor images of one registry and Region share is unpublished: half.
_SHARED: Final = 0.5
# Published starts behind the first and the last phase (10 and 21), the number of one's own that weighs as much.
_PRIOR_STARTS: Final = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibrated:
    """A start-up model that knows measured pulls.

    Attributes:
        model: for `estimate_start` and `choose`, of this image in this Region only.
        own: measured pulls of this very image.
        near: measured pulls of other images from the same registry in the same Region.
        starts: measured starts in the Region behind the phases before and after the pull.
        notes: what of the estimate was measured and what is prior, a sentence each.
    """

    model: StartModel
    own: int
    near: int
    starts: int
    notes: tuple[str, ...]


def calibrate(
    groups: Iterable[MeasuredGroup],
    profile: ImageProfile,
    *,
    images: Sequence[str] = (),
    region: str,
    os: Os = "linux",
    model: StartModel | None = None,
) -> Calibrated:
    """Return the model for one task's images, as far as measured starts on Fargate tell.

    Args:
        groups: measured starts; others than those on Fargate, in the Region and on the operating system are left out.
        profile: of all the task's images, as given to `estimate_start`.
        images: their references; a group is of the same images if it has the same repositories.
        region: of the task.
        os: of the task.
        model: the prior, by default of the published pulls.
    """
    prior = model or load_start_model()
    fitting = [
        group for group in groups if (group.launch_type, group.region, group.os) == ("FARGATE", region, os)
    ]
    names = _names(images)
    own = [group for group in fitting if _is_same(group, profile, names)]
    registries = {name.partition("/")[0] for name in names}
    near = [group for group in fitting if group not in own and group.profile and _is_near(group, registries)]
    factor = _prior_factor(prior)
    for residuals in _by_images(near, prior, os):
        factor = factor.seen_elsewhere(residuals)
    for group in own:
        factor = factor.seen(_residuals(group, profile, prior, os))
    starts = sum(len(group.starts) for group in fitting)
    # What follows the pull is the application's own; what precedes it is not.
    before = [start.pre_pull for group in fitting for start in group.starts]
    after = [start.post_pull for group in (own or fitting) for start in group.starts]
    scale, spread = factor.predicted()
    calibrated = replace(
        prior,
        pre_pull=_blend(prior.pre_pull, before),
        post_pull=_blend(prior.post_pull, after),
        pull_scale=scale,
        pull_factor=spread,
    )
    counts = _pulls(own), _pulls(near)
    return Calibrated(
        model=calibrated, own=counts[0], near=counts[1], starts=starts, notes=_notes(*counts, starts, region)
    )


@dataclass(frozen=True, slots=True)
class _Factor:
    """What is known of the logarithm of an image's factor.

    Attributes:
        mean: of what the registry and Region share.
        shared: variance of that mean.
        own: variance of images around it.
        daily: estimate of the variance between the pulls of one image.
        weight: of that estimate, in pulls.
        reach: standard deviations from the median to the bounds of the interval.
        own_mean: of the image's own residuals.
        own_count: their number.
    """

    mean: float
    shared: float
    own: float
    daily: float
    weight: float
    reach: float
    own_mean: float = 0.0
    own_count: int = 0

    def seen_elsewhere(self, residuals: list[float]) -> _Factor:
        """Learn from another image, which tells of the shared part alone."""
        noise = self.own + self.daily / len(residuals)
        shared = 1 / (1 / self.shared + 1 / noise)
        mean = shared * (self.mean / self.shared + fmean(residuals) / noise)
        return replace(self, mean=mean, shared=shared)

    def seen(self, residuals: list[float]) -> _Factor:
        """Learn from the image itself."""
        count = len(residuals)
        own_mean = fmean(residuals)
        squares = math.fsum((residual - own_mean) ** 2 for residual in residuals)
        daily = (self.weight * self.daily + squares) / (self.weight + max(0, count - 1))
        together = self.own_count + count
        mean = (self.own_count * self.own_mean + count * own_mean) / together
        return replace(
            self, daily=daily, weight=self.weight + max(0, count - 1), own_mean=mean, own_count=together
        )

    def predicted(self) -> tuple[float, float]:
        """Return the factor's median for the next pull, and what it is divided and multiplied by."""
        before = self.shared + self.own
        if self.own_count:
            noise = self.daily / self.own_count
            variance = 1 / (1 / before + 1 / noise)
            mean = variance * (self.mean / before + self.own_mean / noise)
        else:
            variance, mean = before, self.mean
        return math.exp(mean), math.exp(self.reach * math.sqrt(variance + self.daily))


def _prior_factor(prior: StartModel) -> _Factor:
    reach = NormalDist().inv_cdf((1 + prior.coverage) / 2)
    daily = _DAILY_SPREAD**2
    between = max((math.log(prior.pull_factor) / reach) ** 2 - daily, daily)
    return _Factor(
        mean=math.log(prior.pull_scale),
        shared=between * _SHARED,
        own=between * (1 - _SHARED),
        daily=daily,
        weight=_DAILY_WEIGHT,
        reach=reach,
    )


def _residuals(group: MeasuredGroup, profile: ImageProfile | None, prior: StartModel, os: Os) -> list[float]:
    """Return the logarithms of the measured pulls over what the model's parts alone give for their bytes."""
    if profile is None:
        raise AssertionError(group)  # pragma: no cover - only groups with a profile are asked
    parts = replace(prior, pull_scale=1.0)
    expected = estimate_start(profile, cpu=group.cpu, os=os, model=parts).pull.expected
    return [math.log(max(start.pull, 0.1) / max(expected, 0.1)) for start in group.starts]


def _blend(prior: Interval, values: list[float]) -> Interval:
    """Return the bounds of the prior drawn towards those of the measured values, by their numbers."""
    if not values:
        return prior
    seen = spread_of(values)
    weight = len(values) / (len(values) + _PRIOR_STARTS)
    low, expected, high = (
        (1 - weight) * before + weight * now
        for before, now in ((prior.low, seen.low), (prior.expected, seen.expected), (prior.high, seen.high))
    )
    return Interval(low, expected, high)


def _is_same(group: MeasuredGroup, profile: ImageProfile, names: set[str]) -> bool:
    # ECS records the digest of the index that was pulled, a profile has the one of its platform's manifest.
    digests = {image.digest for image in group.images} | ({group.profile.digest} if group.profile else set())
    if profile.digest and profile.digest in digests:
        return True
    return bool(names) and names == _names(image.name for image in group.images)


def _names(images: Iterable[str]) -> set[str]:
    return {ImageReference.parse(image).name for image in images}


def _is_near(group: MeasuredGroup, registries: set[str]) -> bool:
    mine = {ImageReference.parse(image.name).registry for image in group.images}
    return bool(mine) and mine <= registries


def _by_images(groups: list[MeasuredGroup], prior: StartModel, os: Os) -> Iterable[list[float]]:
    """Return the residuals of each task's images together: one on two sizes tells of its factor twice, not of two."""
    together: dict[tuple[TaskImage, ...], list[float]] = {}
    for group in groups:
        together.setdefault(group.images, []).extend(_residuals(group, group.profile, prior, os))
    return together.values()


def _pulls(groups: list[MeasuredGroup]) -> int:
    return sum(len(group.starts) for group in groups)


def _notes(own: int, near: int, starts: int, region: str) -> tuple[str, ...]:
    if own:
        pull = f"the pull rests on {own} measured pulls of this image in {region}"
        pull += f" and {near} of other images from its registry" if near else ""
    elif near:
        pull = f"the pull rests on published pulls, and on {near} measured ones of other images from its registry in {region}"
    else:
        pull = f"the pull rests on published pulls alone: none of this image or its registry was measured in {region}"
    phases = (
        f"the phases before and after it rest on {starts} measured starts, weighed against published ones"
        if starts
        else "the phases before and after it rest on published starts"
    )
    return (pull, phases)
