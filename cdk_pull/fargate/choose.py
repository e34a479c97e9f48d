"""The choice of a task size: the cheapest that starts in time, or the best start within a price.

**The rule: the cheapest size whose expected start is within the target** (its upper bound, with ``hold="high"``, for
nine starts of ten). At one price, the sooner start. Noise decides nothing against a target. Without a target it
decides that no larger size is chosen, and with a limit on the price that the cheapest size within the noise of the best
start is. A cheaper size that misses the target by less than the noise is named, with what it would save.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdk_pull.fargate import ephemeral
from cdk_pull.fargate.estimate.start import (
    NOISE_SECONDS,
    Architecture,
    StartEstimate,
    estimate_start,
    rounded,
)
from cdk_pull.fargate.goal import Goal, Hold
from cdk_pull.fargate.money import more_a_month, per_month, price_in_words
from cdk_pull.fargate.prices import PriceBook, UnknownPrice, usd_per_hour
from cdk_pull.fargate.savings import WouldHelp, what_would_help
from cdk_pull.fargate.sizes import FargateSize, Os, fits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.fargate.estimate.start_model import StartModel
    from cdk_pull.image.profile import ImageProfile

__all__ = ["Candidate", "Choice", "Goal", "Hold", "choose"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One size that holds the containers.

    Attributes:
        size: the smallest memory of its CPU that holds them.
        start: how long a task of this size takes to start.
        price: US dollars per hour of a running task, or why it is not known.
    """

    size: FargateSize
    start: StartEstimate
    price: float | UnknownPrice

    @property
    def price_order(self) -> tuple[float, float, FargateSize]:
        """Sort by this: the cheapest first, at one price the sooner start.

        Where no price is known, a size with more CPU and no less memory is dearer at any price.
        """
        price = 0.0 if isinstance(self.price, UnknownPrice) else self.price
        start = 0.0 if isinstance(self.price, UnknownPrice) else self.start.total.expected
        return price, start, self.size

    def to_json(self) -> dict[str, Any]:
        """Return the candidate in JSON's types."""
        known = None if isinstance(self.price, UnknownPrice) else self.price
        return {
            "cpu": self.size.cpu,
            "memory_mib": self.size.memory_mib,
            "start_seconds": rounded(self.start.total),
            "usd_per_month": None if known is None else round(per_month(known), 2),
            "usd_per_hour": None if known is None else round(known, 6),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A task size, and what spoke for it.

    Attributes:
        candidate: the size chosen.
        floor: the smallest size that holds the containers.
        candidates: every size weighed, smallest first.
        target_met: whether the chosen size does what was asked; None when nothing was asked.
        why: one sentence.
        near_miss: a cheaper size that misses the target by less than the noise.
        would_help: changes to the image, the most promising first.
        ephemeral_gib: the ephemeral storage that the images and the working data need; 20 is included.
        region: of the prices.
    """

    candidate: Candidate
    floor: Candidate
    candidates: tuple[Candidate, ...]
    target_met: bool | None
    why: str
    near_miss: Candidate | None
    would_help: tuple[WouldHelp, ...]
    ephemeral_gib: int
    region: str | None

    @property
    def size(self) -> FargateSize:
        """The size chosen."""
        return self.candidate.size

    @property
    def cost(self) -> str:
        """The price, and what the choice adds to the smallest size, as one phrase."""
        text = price_in_words(self.candidate.price, self.region)
        more = more_a_month(self.candidate.price, self.floor.price)
        return f"{text}, {more} than {self.floor.size}" if more else text

    def to_json(self) -> dict[str, Any]:
        """Return the choice in JSON's types."""
        price = self.candidate.price
        return {
            "choice": {"cpu": self.size.cpu, "memory_mib": self.size.memory_mib},
            "target_met": self.target_met,
            "why": self.why,
            "near_miss": None if self.near_miss is None else self.near_miss.to_json(),
            "cost": self.cost,
            "price_region": self.region,
            "price_unknown": price.reason if isinstance(price, UnknownPrice) else None,
            "ephemeral_gib": self.ephemeral_gib,
            "candidates": [candidate.to_json() for candidate in self.candidates],
            "estimate": self.candidate.start.to_json(),
            "would_help": [change.to_json() for change in self.would_help],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Picked:
    candidate: Candidate
    met: bool | None
    why: str
    near_miss: Candidate | None = None


def choose(
    profile: ImageProfile,
    *,
    cpu: int,
    memory_mib: int,
    goal: Goal | None = None,
    architecture: Architecture = "x86_64",
    os: Os = "linux",
    region: str | None = None,
    working_bytes: int = 0,
    ephemeral_gib: int | None = None,
    prices: PriceBook | None = None,
    model: StartModel | None = None,
) -> Choice:
    """Return the size to run, among those that hold the containers.

    Args:
        profile: every image of the task, as one.
        cpu: CPU units that the containers need.
        memory_mib: MiB that the containers need.
        goal: what the choice is for; by default the smallest size.
        architecture: of the task.
        os: of the task.
        region: for the price; None where it is not known.
        working_bytes: what the containers write outside their volumes.
        ephemeral_gib: what the task asks for; by default what its images and working data need.
        prices: in place of the snapshot in this package.
        model: in place of the start-up model in this package.

    Raises:
        InvalidValueError: when no size holds the containers, or no ephemeral storage the images.
    """
    goal = goal or Goal()
    gib = max(ephemeral_gib or 0, ephemeral.needed_gib(profile, working_bytes=working_bytes, os=os))
    smallest = {size.cpu: size for size in reversed(fits(cpu=cpu, memory_mib=memory_mib, os=os))}
    candidates = tuple(
        Candidate(
            size=size,
            start=estimate_start(profile, cpu=size.cpu, architecture=architecture, os=os, model=model),
            price=usd_per_hour(
                size, region=region, architecture=architecture, os=os, ephemeral_gib=gib, prices=prices
            ),
        )
        for size in sorted(smallest.values())
    )
    if goal.start_seconds is not None:
        picked = _within_time(candidates, goal, goal.start_seconds)
    elif goal.usd_per_hour is not None:
        picked = _within_price(candidates, goal.usd_per_hour)
    else:
        why = "the smallest size that holds the containers; no target is given"
        picked = _Picked(candidate=candidates[0], met=None, why=why)
    return Choice(
        candidate=picked.candidate,
        floor=candidates[0],
        candidates=candidates,
        target_met=picked.met,
        why=picked.why,
        near_miss=picked.near_miss,
        would_help=what_would_help(
            profile, picked.candidate.start, cpu=picked.candidate.size.cpu, os=os, model=model
        ),
        ephemeral_gib=gib,
        region=region,
    )


def _within_time(candidates: Sequence[Candidate], goal: Goal, target: float) -> _Picked:
    what = "expected start" if goal.hold == "expected" else "upper bound of the start"
    floor = candidates[0]
    soonest = min(candidates, key=lambda each: goal.seconds(each.start))
    meeting = [each for each in candidates if goal.seconds(each.start) <= target]
    if not meeting:
        best = goal.seconds(soonest.start)
        missed = (
            f"no size starts within {target:g} s: the {what} of {soonest.size} is {_seconds(best, target)}"
        )
        if best - target < NOISE_SECONDS:
            missed += f", a miss by less than the noise of {NOISE_SECONDS:g} s"
        return _Picked(candidate=floor, met=False, why=f"{missed}; the smallest size is kept")
    chosen = min(meeting, key=lambda each: each.price_order)
    seconds = _seconds(goal.seconds(chosen.start), target)
    if chosen is floor:
        return _Picked(
            candidate=floor,
            met=True,
            why=f"the smallest size's {what}, {seconds}, is within {target:g} s",
        )
    why = f"the cheapest size whose {what}, {seconds}, is within {target:g} s"
    near = [
        each
        for each in candidates
        if target < goal.seconds(each.start) < target + NOISE_SECONDS
        and each.price_order < chosen.price_order
    ]
    miss = min(near, key=lambda each: each.price_order, default=None)
    if miss is not None:
        by = goal.seconds(miss.start) - target
        less = more_a_month(miss.price, chosen.price)
        saving = f", and costs {less}" if less else ""
        why += f"; {miss.size} misses it by {by:.{_digits(by)}f} s, less than the noise of {NOISE_SECONDS:g} s{saving}"
    return _Picked(candidate=chosen, met=True, why=why, near_miss=miss)


def _within_price(candidates: Sequence[Candidate], limit: float) -> _Picked:
    floor = candidates[0]
    if isinstance(floor.price, UnknownPrice):
        why = f"the smallest size is kept, as the price is unknown: {floor.price.reason}"
        return _Picked(candidate=floor, met=False, why=why)
    affordable = [
        each for each in candidates if not isinstance(each.price, UnknownPrice) and each.price <= limit
    ]
    if not affordable:
        why = f"the smallest size that holds the containers costs ${floor.price:.4f} per hour, more than ${limit:g}"
        return _Picked(candidate=floor, met=False, why=why)
    best = min(affordable, key=lambda each: (each.start.total.expected, each.price_order))
    within = best.start.total.expected + NOISE_SECONDS
    chosen = min(
        (each for each in affordable if each is best or each.start.total.expected < within),
        key=lambda each: each.price_order,
    )
    why = f"the best start within ${limit:g} per hour is {best.start.total.expected:.0f} s, of {best.size}"
    if chosen is not best:
        why += (
            f"; {chosen.size} is the cheapest size within the noise of {NOISE_SECONDS:g} s of it, at "
            f"{chosen.start.total.expected:.0f} s"
        )
        less = more_a_month(chosen.price, best.price)
        why += f" for {less}" if less else ""
    return _Picked(candidate=chosen, met=True, why=why)


def _seconds(value: float, limit: float) -> str:
    """Return seconds with no more digits than it takes to stand on the right side of a limit."""
    texts = (f"{value:.{digits}f}" for digits in range(4))
    return next((text for text in texts if (float(text) <= limit) == (value <= limit)), f"{value!r}") + " s"


def _digits(value: float) -> int:
    """Return the digits after the point that keep a miss from reading as none, or as all of the noise."""
    return next((digits for digits in range(6) if 0 < round(value, digits) < NOISE_SECONDS), 6)
