"""The ways to what is asked, out of changes of the image and task sizes together, the cheapest per month first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.fargate.candidates import Candidate, Picked
from cdk_pull.fargate.estimate.start import NOISE_SECONDS
from cdk_pull.fargate.estimate.start_model import start_facts
from cdk_pull.fargate.prices import UnknownPrice, dollars
from cdk_pull.fargate.ways.changes import AS_IT_IS, ImageChange
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.fargate.goal import Goal

__all__ = ["Way", "cached_on_ec2", "rank_ways"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """A state of the images, and the size that does with it what is asked.

    Attributes:
        change: of the images; ``is_today`` for none.
        picked: the size, and whether it does what is asked.
        today: the size that the task has, with its images as they are.
    """

    change: ImageChange
    picked: Picked
    today: Candidate

    @property
    def is_today(self) -> bool:
        """Whether the images stay as they are."""
        return self.change.what == AS_IT_IS

    @property
    def candidate(self) -> Candidate:
        """The size, its start and its price."""
        return self.picked.candidate

    @property
    def what(self) -> str:
        """The size and the images: ``0.25 vCPU, 0.5 GB with an image of half the size``."""
        return f"{self.candidate.size} with {self.change.what}"

    @property
    def more(self) -> str:
        """What it costs more or less than the task as it is; empty for the same, or an unknown price."""
        return self.candidate.more_than(self.today)

    def __str__(self) -> str:
        month = self.candidate.usd_per_month
        price = "" if isinstance(month, UnknownPrice) else f", {dollars(month)} a month"
        return f"{self.what}: {self.candidate.start.total.expected:.0f} s{price}"

    def to_json(self) -> dict[str, Any]:
        """Return the way in JSON's types."""
        return {
            "what": self.what,
            "image": self.change.what,
            "target_met": self.picked.met,
            **self.candidate.to_json(),
            "more": self.more,
            "needs": self.change.needs,
            "rules_out": self.change.rules_out,
            "sure": self.change.sure,
        }


def rank_ways(
    options: Sequence[tuple[ImageChange, Sequence[Candidate], Picked]], goal: Goal
) -> tuple[Way, ...]:
    """Return what is worth doing, the best first; the images as they are always among it.

    What meets the target stands before what does not, by dollars per month, then what is surer, then the sooner start.
    A change that costs no less than the images as they are is left out where these meet the target. Without a target,
    or where none meets it, the soonest start stands first, of changes that gain more than the noise.

    Args:
        options: for each state of the images, all sizes and the one picked; the images as they are first.
        goal: a start, a price, or neither.
    """
    today = options[0][1][0]
    ways = [Way(change=change, picked=_kept(sizes, picked), today=today) for change, sizes, picked in options]
    as_it_is = ways[0]
    if goal.start_seconds is not None and any(way.picked.met for way in ways):
        ranked = sorted(
            (way for way in ways if way.picked.met and (way is as_it_is or _cheaper(way, as_it_is))),
            key=_by_price,
        )
        return tuple(ranked if as_it_is in ranked else [*ranked, as_it_is])
    helpful = [
        way for way in ways if way is as_it_is or _expected(as_it_is) - _expected(way) >= NOISE_SECONDS
    ]
    return tuple(sorted(helpful, key=lambda way: (_expected(way), _by_price(way))))


def cached_on_ec2(start: Candidate) -> str:
    """Return what EC2 capacity with cached images would do for a task; empty where its pull is within the noise."""
    pull = start.start.pull.expected
    if pull < NOISE_SECONDS:
        return ""
    low, high, count = start_facts().ec2_cached_pull_seconds
    return (
        f"on EC2 capacity with ImagePullBehavior.prefer_cached(), a start without the {pull:.0f} s of the pull: "
        f"{count} published pulls of a cached image took {low:g} to {high:g} s. It needs running instances with room "
        "that have pulled the image before, and tags that never move; the instances are paid for, not the task"
    )


def _kept(sizes: Sequence[Candidate], picked: Picked) -> Picked:
    """Return what was picked; where no size meets a target, the soonest of the cheapest, as that is what can be had."""
    if picked.met is not False:
        return picked
    soonest = min(sizes, key=lambda each: (each.start.total.expected, each.price_order))
    return Picked(candidate=soonest, met=False, why=picked.why)


def _cheaper(way: Way, other: Way) -> bool:
    if not other.picked.met:
        return True
    return way.candidate.price_order[0::2] < other.candidate.price_order[0::2]


def _by_price(way: Way) -> tuple[object, ...]:
    price, start, size = way.candidate.price_order
    month = price if not isinstance(way.candidate.price, UnknownPrice) else 0.0
    return month, size, way.change.lazy, start, way.what


def _expected(way: Way) -> float:
    return way.candidate.start.total.expected
