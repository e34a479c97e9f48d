"""The choice of a task size: the smallest that starts in time, or the best start within a price.

What is held to a target is the estimate's median: at least every other start is expected within it.
``hold="high"`` holds the upper bound of the interval instead, for nine starts of ten. A larger size is never chosen
for a gain inside the noise, and never when it does not reach the target either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.fargate import ephemeral
from cdk_pull.fargate.estimate.start import (
    NOISE_SECONDS,
    Architecture,
    StartEstimate,
    estimate_start,
    rounded,
)
from cdk_pull.fargate.prices import PriceBook, UnknownPrice, usd_per_hour
from cdk_pull.fargate.savings import WouldHelp, what_would_help
from cdk_pull.fargate.sizes import FargateSize, Os, fits

if TYPE_CHECKING:
    from cdk_pull.fargate.estimate.start_model import StartModel
    from cdk_pull.image.profile import ImageProfile

__all__ = ["Candidate", "Choice", "Goal", "Hold", "choose"]

Hold: TypeAlias = Literal["expected", "high"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """What the choice is for; with nothing given, the smallest size.

    Attributes:
        start_seconds: choose the smallest size that starts within this.
        usd_per_hour: choose the best start that costs no more than this.
        hold: what of the estimate is held to ``start_seconds``.

    Raises:
        ConflictError: for a start and a price together.
        InvalidValueError: for a limit that is not above zero, or ``hold`` without a start.
    """

    start_seconds: float | None = None
    usd_per_hour: float | None = None
    hold: Hold = "expected"

    def __post_init__(self) -> None:
        if self.start_seconds is not None and self.usd_per_hour is not None:
            raise ConflictError(
                f"a start within {self.start_seconds:g} s and a price within ${self.usd_per_hour:g} per hour are both "
                "asked for, and each alone decides the size: keep the one that matters"
            )
        for name, value in (
            ("seconds of the start", self.start_seconds),
            ("dollars per hour", self.usd_per_hour),
        ):
            if value is None:
                continue
            if not isinstance(value, int | float) or not 0 < value < float("inf"):
                raise InvalidValueError(f"{name} are not a limit", value, allowed="a number above 0")
        if self.hold not in get_args(Hold):
            raise InvalidValueError("hold is not a part of the estimate", self.hold, allowed=get_args(Hold))
        if self.hold != "expected" and self.start_seconds is None:
            raise InvalidValueError(
                "hold is given without a start to hold to it", self.hold, allowed="with a start"
            )


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

    def to_json(self) -> dict[str, Any]:
        """Return the candidate in JSON's types."""
        return {
            "cpu": self.size.cpu,
            "memory_mib": self.size.memory_mib,
            "start_seconds": rounded(self.start.total),
            "usd_per_hour": None if isinstance(self.price, UnknownPrice) else round(self.price, 6),
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
        would_help: changes to the image, the most promising first.
        ephemeral_gib: the ephemeral storage that the images and the working data need; 20 is included.
    """

    candidate: Candidate
    floor: Candidate
    candidates: tuple[Candidate, ...]
    target_met: bool | None
    why: str
    would_help: tuple[WouldHelp, ...]
    ephemeral_gib: int

    @property
    def size(self) -> FargateSize:
        """The size chosen."""
        return self.candidate.size

    @property
    def cost(self) -> str:
        """The price, and what the choice adds to the smallest size, as one phrase."""
        price, least = self.candidate.price, self.floor.price
        if isinstance(price, UnknownPrice):
            return f"price unknown: {price.reason}"
        text = f"${price:.4f} per hour"
        if self.candidate is self.floor or isinstance(least, UnknownPrice):
            return text
        started = self.candidate.start.pull.expected + self.candidate.start.phases[-1].seconds.expected
        return (
            f"{text}, ${price - least:.4f} more than {self.floor.size} as long as the task runs; "
            f"${price * started / 3600:.5f} of it for each start"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the choice in JSON's types."""
        price = self.candidate.price
        return {
            "choice": {"cpu": self.size.cpu, "memory_mib": self.size.memory_mib},
            "target_met": self.target_met,
            "why": self.why,
            "cost": self.cost,
            "price_unknown": price.reason if isinstance(price, UnknownPrice) else None,
            "ephemeral_gib": self.ephemeral_gib,
            "candidates": [candidate.to_json() for candidate in self.candidates],
            "estimate": self.candidate.start.to_json(),
            "would_help": [change.to_json() for change in self.would_help],
        }


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
        goal: what the choice is for; without one, the smallest size.
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
        chosen, met, why = _within_time(candidates, goal.start_seconds, goal.hold)
    elif goal.usd_per_hour is not None:
        chosen, met, why = _within_price(candidates, goal.usd_per_hour)
    else:
        chosen, met, why = (
            candidates[0],
            None,
            "the smallest size that holds the containers; no target was given",
        )
    return Choice(
        candidate=chosen,
        floor=candidates[0],
        candidates=candidates,
        target_met=met,
        why=why,
        would_help=what_would_help(profile, chosen.start, cpu=chosen.size.cpu, os=os, model=model),
        ephemeral_gib=gib,
    )


def _within_time(candidates: tuple[Candidate, ...], target: float, hold: Hold) -> tuple[Candidate, bool, str]:
    def seconds(candidate: Candidate) -> float:
        return candidate.start.total.expected if hold == "expected" else candidate.start.total.high

    what = "expected start" if hold == "expected" else "upper bound of the start"
    floor = candidates[0]
    for candidate in candidates:
        if seconds(candidate) > target:
            continue
        if candidate is floor:
            return floor, True, f"the smallest size's {what}, {seconds(floor):.0f} s, is within {target:g} s"
        gain = _gain(floor, candidate)
        if gain >= NOISE_SECONDS:
            why = f"the smallest size whose {what}, {seconds(candidate):.0f} s, is within {target:g} s"
            return candidate, True, f"{why}, {gain:.0f} s sooner than {floor.size}"
    best = min(candidates, key=seconds)
    if seconds(best) <= target:
        why = f"the {what}, {seconds(floor):.0f} s, misses {target:g} s by less than the noise of {NOISE_SECONDS:g} s"
        return floor, False, f"{why}, and no larger size gains more than that"
    why = f"no size starts within {target:g} s: the {what} of {best.size} is {seconds(best):.0f} s"
    return floor, False, f"{why}; the smallest size is kept"


def _within_price(candidates: tuple[Candidate, ...], limit: float) -> tuple[Candidate, bool, str]:
    floor = candidates[0]
    if isinstance(floor.price, UnknownPrice):
        return floor, False, f"the smallest size is kept, as the price is not known: {floor.price.reason}"
    if floor.price > limit:
        return (
            floor,
            False,
            f"even the smallest size that holds the containers costs more than ${limit:g} per hour",
        )
    affordable = [
        candidate
        for candidate in candidates
        if not isinstance(candidate.price, UnknownPrice) and candidate.price <= limit
    ]
    best = min(candidate.start.total.expected for candidate in affordable)
    # The smallest that is as good as the best but for the noise; the best itself always qualifies.
    chosen = next(
        candidate
        for candidate in affordable
        if candidate.start.total.expected - best < NOISE_SECONDS
        and (candidate is floor or _gain(floor, candidate) >= NOISE_SECONDS)
    )
    if chosen is floor:
        return floor, True, f"no size within ${limit:g} per hour starts sooner by more than the noise"
    why = f"the best start within ${limit:g} per hour: {chosen.start.total.expected:.0f} s expected"
    return chosen, True, f"{why}, {_gain(floor, chosen):.0f} s sooner than {floor.size}"


def _gain(floor: Candidate, candidate: Candidate) -> float:
    return floor.start.total.expected - candidate.start.total.expected
