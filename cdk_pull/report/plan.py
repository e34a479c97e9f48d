"""The whole picture of one task's start: every size, its start and its price, the choice, and what would change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cdk_pull.fargate.choose import Candidate, Choice, Goal, choose
from cdk_pull.fargate.estimate.start import NOISE_SECONDS, Architecture, rounded, uncompressed_bytes
from cdk_pull.fargate.prices import UnknownPrice, per_month, usd_per_hour
from cdk_pull.fargate.sizes import FargateSize, Os, fits
from cdk_pull.records import dataclass, field
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.fargate.estimate.start_model import StartModel
    from cdk_pull.fargate.prices import PriceBook
    from cdk_pull.fargate.ways.changes import ImageChange
    from cdk_pull.fargate.ways.rank import Way
    from cdk_pull.image.profile import ImageProfile

__all__ = ["Plan", "Task", "make_plan"]

_FAR_OFF = 1.5
"""A target this many times as long as the slowest start would press the starts together in a picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One task, and what is asked of its start.

    Attributes:
        name: of the image or images, for the heading.
        profile: every image of the task, as one; on Windows without the layers that the hosts have cached.
        floor: the size that the choice never goes below.
        goal: a start, a price, or neither.
        architecture: of the task.
        os: of the task.
        region: for the price; None where it is not known.
        working_bytes: what the containers write to ephemeral storage.
        notes: on the image's facts, a sentence each.
        changes: of these very images, beside those that any image can be given.
        model: in place of the start-up model in this package, such as one of one's own starts.
    """

    name: str
    profile: ImageProfile
    floor: FargateSize
    goal: Goal = field(default_factory=Goal)
    architecture: Architecture = "x86_64"
    os: Os = "linux"
    region: str | None = None
    working_bytes: int = 0
    notes: tuple[str, ...] = ()
    changes: tuple[ImageChange, ...] = ()
    model: StartModel | None = None

    def choose(self, prices: PriceBook | None = None) -> Choice:
        """Return the size to run, and the ways to the same start by other images.

        Raises:
            InvalidValueError: when no ephemeral storage holds the images.
        """
        return choose(
            self.profile,
            cpu=self.floor.cpu,
            memory_mib=self.floor.memory_mib,
            goal=self.goal,
            architecture=self.architecture,
            os=self.os,
            region=self.region,
            working_bytes=self.working_bytes,
            prices=prices,
            model=self.model,
            changes=self.changes,
        )

    @property
    def target_seconds(self) -> float | None:
        """The start that is asked for."""
        return self.goal.start_seconds

    @property
    def facts(self) -> str:
        """The image in one line, such as ``800 MB compressed (gzip), 2.4 GB unpacked, 5 layers``."""
        layers = self.profile.layers
        kinds = " and ".join(sorted({str(layer.compression) for layer in layers}))
        known = all(layer.uncompressed_bytes is not None for layer in layers)
        about = "" if known else "about "
        unpacked = sum(uncompressed_bytes(layer) for layer in layers)
        count = f", {len(layers)} layers" if len(layers) > 1 else ""
        compressed = format_bytes(self.profile.compressed_bytes)
        return f"{compressed} compressed ({kinds}), {about}{format_bytes(unpacked)} unpacked{count}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One task's picture.

    Attributes:
        task: what is planned for.
        choice: the size, and what spoke for it.
        memories: the price of every memory that a candidate's CPU can have, the candidate's own first.
    """

    task: Task
    choice: Choice
    memories: tuple[tuple[tuple[FargateSize, float | UnknownPrice], ...], ...]

    @property
    def ways(self) -> tuple[Way, ...]:
        """What other images would do, by size and images together, the best first."""
        return tuple(way for way in self.choice.ways if not way.is_today)

    @property
    def noise(self) -> tuple[float, float]:
        """The expected starts that differ from the smallest size's by no more than chance does."""
        expected = self.choice.floor.start.total.expected
        return max(0, expected - NOISE_SECONDS), expected

    @property
    def horizon(self) -> float:
        """The seconds that a picture has to reach: the slowest start's, and the target's where it is not far off."""
        slowest = max(candidate.start.total.high for candidate in self.choice.candidates)
        target = self.task.target_seconds or 0
        return target if slowest < target <= _FAR_OFF * slowest else slowest

    @property
    def drawn_target(self) -> float | None:
        """The target, where a picture reaches it."""
        target = self.task.target_seconds
        return target if target is not None and target <= self.horizon else None

    @property
    def priced(self) -> bool:
        """Whether every candidate's price is known."""
        return not any(isinstance(candidate.price, UnknownPrice) for candidate in self.choice.candidates)

    @property
    def coverage(self) -> str:
        """What share of the starts the intervals are meant to hold, in words."""
        share = self.choice.candidate.start.coverage
        return (
            "unknown, as nothing was measured to test it" if share is None else f"{share:.0%} of the starts"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What the figures do not rest on: of the image's facts, then of the estimate."""
        return (*self.task.notes, *self.choice.candidate.start.notes)

    def verdict(
        self, candidate: Candidate
    ) -> Literal["chosen", "in time", "near miss", "too late", "in noise", ""]:
        """Return one word or two on a candidate; nothing when no target was given and it is not the choice."""
        if candidate is self.choice.candidate:
            return "chosen"
        target = self.task.target_seconds
        if target is None:
            gains_nothing = candidate.start.total.expected >= self.noise[0]
            return "in noise" if gains_nothing and candidate is not self.choice.floor else ""
        seconds = self.task.goal.seconds(candidate.start)
        if seconds <= target:
            return "in time"
        return "near miss" if seconds < target + NOISE_SECONDS else "too late"

    def to_json(self) -> dict[str, Any]:
        """Return the picture in JSON's types."""
        task, profile = self.task, self.task.profile
        low, high = self.noise
        return {
            "image": {
                "name": task.name,
                "compressed_bytes": profile.compressed_bytes,
                "uncompressed_bytes": profile.uncompressed_bytes,
                "layers": len(profile.layers),
                "compressions": sorted({str(layer.compression) for layer in profile.layers}),
            },
            "task": {
                "cpu": task.floor.cpu,
                "memory_mib": task.floor.memory_mib,
                "architecture": task.architecture,
                "os": task.os,
                "region": task.region,
                "target_seconds": task.target_seconds,
                "hold": task.goal.hold,
                "max_usd_per_hour": task.goal.usd_per_hour,
            },
            **self.choice.to_json(),
            "noise_seconds": {"low": round(low, 1), "high": round(high, 1)},
            "sizes": [
                {
                    "cpu": size.cpu,
                    "memory_mib": size.memory_mib,
                    "start_seconds": rounded(candidate.start.total),
                    "usd_per_month": None if isinstance(price, UnknownPrice) else round(per_month(price), 2),
                    "usd_per_hour": None if isinstance(price, UnknownPrice) else round(price, 6),
                }
                for candidate, memories in zip(self.choice.candidates, self.memories, strict=True)
                for size, price in memories
            ],
            "notes": list(self.notes),
        }


def make_plan(task: Task, *, prices: PriceBook | None = None) -> Plan:
    """Return the picture of one task.

    Args:
        task: what is planned for.
        prices: in place of the snapshot in this package.

    Raises:
        InvalidValueError: when no ephemeral storage holds the images.
    """
    choice = task.choose(prices)
    return Plan(
        task=task,
        choice=choice,
        memories=tuple(_memories(task, candidate, choice, prices) for candidate in choice.candidates),
    )


def _memories(
    task: Task, candidate: Candidate, choice: Choice, prices: PriceBook | None
) -> tuple[tuple[FargateSize, float | UnknownPrice], ...]:
    sizes: Sequence[FargateSize] = fits(
        cpu=candidate.size.cpu, memory_mib=candidate.size.memory_mib, os=task.os
    )
    return tuple(
        (
            size,
            usd_per_hour(
                size,
                region=task.region,
                architecture=task.architecture,
                os=task.os,
                ephemeral_gib=choice.ephemeral_gib,
                prices=prices,
            ),
        )
        for size in sizes
        if size.cpu == candidate.size.cpu
    )
