"""The choice of a task size, and the ways to the same start by other images; the rule is in `candidates`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.fargate import ephemeral
from cdk_pull.fargate.candidates import Candidate, pick, weigh
from cdk_pull.fargate.goal import Goal, Hold, Usage
from cdk_pull.fargate.prices import UnknownPrice
from cdk_pull.fargate.ways.changes import AS_IT_IS, image_changes
from cdk_pull.fargate.ways.rank import Way, cached_on_ec2, rank_ways
from cdk_pull.image.profile import ImageProfile
from cdk_pull.records import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_pull.fargate.estimate.start import Architecture
    from cdk_pull.fargate.estimate.start_model import StartModel
    from cdk_pull.fargate.prices import PriceBook
    from cdk_pull.fargate.sizes import FargateSize, Os
    from cdk_pull.fargate.ways.changes import ImageChange

__all__ = ["Candidate", "Choice", "Goal", "Hold", "Usage", "choose"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A task size, and what spoke for it.

    Attributes:
        candidate: the size chosen, for the images as they are.
        floor: the smallest size that holds the containers.
        candidates: every size weighed, smallest first.
        target_met: whether the chosen size does what was asked; None when nothing was asked.
        why: one sentence.
        near_miss: a cheaper size that misses the target by less than the noise.
        ways: what does what was asked by size and images together, the best first.
        ec2: what EC2 capacity with cached images would do instead; empty where that is no gain.
        ephemeral_gib: the ephemeral storage that the images and the working data need; 20 is included.
        region: of the prices.
    """

    candidate: Candidate
    floor: Candidate
    candidates: tuple[Candidate, ...]
    target_met: bool | None
    why: str
    near_miss: Candidate | None
    ways: tuple[Way, ...]
    ec2: str
    ephemeral_gib: int
    region: str | None

    @property
    def size(self) -> FargateSize:
        """The size chosen."""
        return self.candidate.size

    @property
    def cost(self) -> str:
        """The price, and what the choice adds to the smallest size, as one phrase."""
        text = self.candidate.cost(self.region)
        more = self.candidate.more_than(self.floor)
        return f"{text}, {more} than {self.floor.size}" if more else text

    @property
    def better(self) -> Way | None:
        """The way with other images that stands above the choice: it costs less, or starts where no size does."""
        best = self.ways[0]
        return None if best.is_today else best

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
            "ways": [way.to_json() for way in self.ways],
            "ec2": self.ec2,
        }


def choose(
    images: ImageProfile | ImageChange,
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
    changes: Iterable[ImageChange] = (),
) -> Choice:
    """Return the size to run, among those that hold the containers, and the ways to the same start by other images.

    Args:
        images: every image of the task, as one; or what is pulled of them where one has an index, which is then not weighed
            against other images.
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
        changes: of these very images, beside those that any image can be given, such as a smaller known base.

    Raises:
        InvalidValueError: when no size holds the containers, or no ephemeral storage the images.
    """
    goal = goal or Goal()
    as_it_is, *others = (
        image_changes(images, os=os, model=model)
        if isinstance(images, ImageProfile)
        else (replace(images, what=AS_IT_IS),)
    )

    def weighed(change: ImageChange) -> tuple[Candidate, ...]:
        needed = ephemeral.needed_gib(change.profile, working_bytes=working_bytes, os=os)
        return weigh(
            lambda units: change.start(units, architecture=architecture, os=os, model=model),
            cpu=cpu,
            memory_mib=memory_mib,
            architecture=architecture,
            os=os,
            region=region,
            ephemeral_gib=max(ephemeral_gib or 0, needed),
            prices=prices,
            usage=goal.usage,
        )

    options = [
        (change, sizes := weighed(change), pick(sizes, goal)) for change in (as_it_is, *others, *changes)
    ]
    _, candidates, picked = options[0]
    return Choice(
        candidate=picked.candidate,
        floor=candidates[0],
        candidates=candidates,
        target_met=picked.met,
        why=picked.why,
        near_miss=picked.near_miss,
        ways=rank_ways(options, goal),
        ec2=cached_on_ec2(picked.candidate),
        ephemeral_gib=max(
            ephemeral_gib or 0,
            ephemeral.needed_gib(as_it_is.profile, working_bytes=working_bytes, os=os),
        ),
        region=region,
    )
