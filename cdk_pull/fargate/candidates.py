"""The choice among task sizes: the cheapest that starts in time, or the best start within a price.

**The rule: the cheapest size whose expected start is within the target** (its upper bound, with ``hold="high"``, for
nine starts of ten). At one price, the sooner start. Noise decides nothing against a target. Without a target it
decides that no larger size is chosen, and with a limit on the price that the cheapest size within the noise of the best
start is. A cheaper size that misses the target by less than the noise is named, with what it would save.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.fargate.estimate.start import NOISE_SECONDS, rounded
from cdk_pull.fargate.prices import (
    UnknownPrice,
    dollars,
    more_a_month,
    per_month,
    price_in_words,
    usd_per_hour,
)
from cdk_pull.fargate.sizes import fits
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cdk_pull.fargate.estimate.start import Architecture, StartEstimate
    from cdk_pull.fargate.goal import Goal, Usage
    from cdk_pull.fargate.prices import PriceBook
    from cdk_pull.fargate.sizes import FargateSize, Os

__all__ = ["Candidate", "Picked", "pick", "weigh"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One size that holds the containers.

    Attributes:
        size: the smallest memory of its CPU that holds them.
        start: how long a task of this size takes to start.
        price: US dollars per hour of a running task, or why it is not known.
        usage: how often the task starts and how long it runs; None for one that runs all month.
    """

    size: FargateSize
    start: StartEstimate
    price: float | UnknownPrice
    usage: Usage | None = None

    @property
    def usd_per_month(self) -> float | UnknownPrice:
        """US dollars per month of a task that runs all month, or of all its runs where these are known."""
        if isinstance(self.price, UnknownPrice):
            return self.price
        if self.usage is None or self.usage.runs_for_seconds is None:
            return per_month(self.price)
        return self.usage.runs_usd(self.price, self.start)

    @property
    def starts_usd_per_month(self) -> float | UnknownPrice | None:
        """US dollars per month of the starts alone, from the start of the pull; None where their number is not known."""
        if self.usage is None or isinstance(self.price, UnknownPrice):
            return None if self.usage is None else self.price
        return self.usage.starts_usd(self.price, self.start)

    def more_than(self, other: Candidate) -> str:
        """Return what it costs more or less per month than another one; empty for the same, or an unknown price."""
        return more_a_month(self.usd_per_month, other.usd_per_month)

    def cost(self, region: str | None) -> str:
        """Return the price in words, per month first."""
        if isinstance(self.price, UnknownPrice) or self.usage is None:
            return price_in_words(self.price, region)
        starts = dollars(self.usage.starts_usd(self.price, self.start))
        if self.usage.runs_for_seconds is None:
            return f"{price_in_words(self.price, region)}; of {self.usage.starts_per_day:g} starts a day, {starts} a month for the starts alone"
        place = f" in {region}" if region else ""
        runs = dollars(self.usage.runs_usd(self.price, self.start))
        return (
            f"{runs} a month{place} for {self.usage.starts_per_day:g} runs a day of {self.usage.runs_for_seconds:g} s, "
            f"{starts} of it for the starts alone (${self.price:.4f} per hour)"
        )

    @property
    def price_order(self) -> tuple[float, float, FargateSize]:
        """Sort by this: the cheapest first, at one price the sooner start.

        Where no price is known, a size with more CPU and no less memory is dearer at any price.
        """
        month = self.usd_per_month
        price = 0.0 if isinstance(month, UnknownPrice) else month
        start = 0.0 if isinstance(self.price, UnknownPrice) else self.start.total.expected
        return price, start, self.size

    def to_json(self) -> dict[str, Any]:
        """Return the candidate in JSON's types."""
        month, starts = self.usd_per_month, self.starts_usd_per_month
        return {
            "cpu": self.size.cpu,
            "memory_mib": self.size.memory_mib,
            "start_seconds": rounded(self.start.total),
            "usd_per_month": None if isinstance(month, UnknownPrice) else round(month, 2),
            "usd_per_hour": None if isinstance(self.price, UnknownPrice) else round(self.price, 6),
            **({} if starts is None else {"starts_usd_per_month": _rounded(starts)}),
        }


def _rounded(price: float | UnknownPrice) -> float | None:
    return None if isinstance(price, UnknownPrice) else round(price, 4)


@dataclass(frozen=True, kw_only=True, slots=True)
class Picked:
    """One of several candidates, and why.

    Attributes:
        candidate: the one.
        met: whether it does what is asked; None when nothing is.
        why: one sentence.
        near_miss: a cheaper one that misses the target by less than the noise.
    """

    candidate: Candidate
    met: bool | None
    why: str
    near_miss: Candidate | None = None


def weigh(
    start_of: Callable[[int], StartEstimate],
    *,
    cpu: int,
    memory_mib: int,
    architecture: Architecture,
    os: Os,
    region: str | None,
    ephemeral_gib: int,
    prices: PriceBook | None = None,
    usage: Usage | None = None,
) -> tuple[Candidate, ...]:
    """Return the sizes that hold the containers, smallest first: of each CPU the least memory.

    Args:
        start_of: the start of a task of that many CPU units.
        cpu: CPU units that the containers need.
        memory_mib: MiB that the containers need.
        architecture: of the task.
        os: of the task.
        region: for the price; None where it is not known.
        ephemeral_gib: that the task asks for.
        prices: in place of the snapshot in this package.
        usage: how often the task starts and how long it runs.

    Raises:
        InvalidValueError: when no size holds the containers.
    """
    smallest = {size.cpu: size for size in reversed(fits(cpu=cpu, memory_mib=memory_mib, os=os))}
    return tuple(
        Candidate(
            size=size,
            start=start_of(size.cpu),
            price=usd_per_hour(
                size,
                region=region,
                architecture=architecture,
                os=os,
                ephemeral_gib=ephemeral_gib,
                prices=prices,
            ),
            usage=usage,
        )
        for size in sorted(smallest.values())
    )


def pick(candidates: Sequence[Candidate], goal: Goal) -> Picked:
    """Return the candidate that a goal is for; see the module for the rule."""
    if goal.start_seconds is not None:
        return _within_time(candidates, goal, goal.start_seconds)
    if goal.usd_per_hour is not None:
        return _within_price(candidates, goal.usd_per_hour)
    floor = candidates[0]
    if floor.usage is not None and floor.usage.runs_for_seconds is not None:
        cheapest = min(candidates, key=lambda each: each.price_order)
        if cheapest is not floor:
            why = "the cheapest size for these runs, as it starts so much sooner; no target is given"
            return Picked(candidate=cheapest, met=None, why=why)
    why = "the smallest size that holds the containers; no target is given"
    return Picked(candidate=floor, met=None, why=why)


def _within_time(candidates: Sequence[Candidate], goal: Goal, target: float) -> Picked:
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
        return Picked(candidate=floor, met=False, why=f"{missed}; the smallest size is kept")
    chosen = min(meeting, key=lambda each: each.price_order)
    seconds = _seconds(goal.seconds(chosen.start), target)
    if chosen is floor:
        return Picked(
            candidate=floor, met=True, why=f"the smallest size's {what}, {seconds}, is within {target:g} s"
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
        less = miss.more_than(chosen)
        saving = f", and costs {less}" if less else ""
        why += f"; {miss.size} misses it by {by:.{_digits(by)}f} s, less than the noise of {NOISE_SECONDS:g} s{saving}"
    return Picked(candidate=chosen, met=True, why=why, near_miss=miss)


def _within_price(candidates: Sequence[Candidate], limit: float) -> Picked:
    floor = candidates[0]
    if isinstance(floor.price, UnknownPrice):
        why = f"the smallest size is kept, as the price is unknown: {floor.price.reason}"
        return Picked(candidate=floor, met=False, why=why)
    affordable = [
        each for each in candidates if not isinstance(each.price, UnknownPrice) and each.price <= limit
    ]
    if not affordable:
        why = f"the smallest size that holds the containers costs ${floor.price:.4f} per hour, more than ${limit:g}"
        return Picked(candidate=floor, met=False, why=why)
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
        less = chosen.more_than(best)
        why += f" for {less}" if less else ""
    return Picked(candidate=chosen, met=True, why=why)


def _seconds(value: float, limit: float) -> str:
    """Return seconds with no more digits than it takes to stand on the right side of a limit."""
    texts = (f"{value:.{digits}f}" for digits in range(4))
    return next((text for text in texts if (float(text) <= limit) == (value <= limit)), f"{value!r}") + " s"


def _digits(value: float) -> int:
    """Return the digits after the point that keep a miss from reading as none, or as all of the noise."""
    return next((digits for digits in range(6) if 0 < round(value, digits) < NOISE_SECONDS), 6)
