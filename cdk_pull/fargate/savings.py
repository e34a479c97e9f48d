"""What would shorten a start more than a larger task."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from cdk_pull.fargate.estimate.start import StartEstimate, estimate_start
from cdk_pull.fargate.estimate.start_facts import start_facts
from cdk_pull.fargate.estimate.start_model import StartModel, load_start_model
from cdk_pull.image.profile import Compression, ImageProfile

if TYPE_CHECKING:
    from cdk_pull.fargate.sizes import Os

__all__ = ["WouldHelp", "what_would_help"]


@dataclass(frozen=True, slots=True)
class WouldHelp:
    """One change to the image.

    Attributes:
        what: the change, in a few words.
        saves_low: seconds that it saves at least.
        saves_high: seconds that it saves at best.
        how: what to do, what it costs, and where the figure comes from.
    """

    what: str
    saves_low: float
    saves_high: float
    how: str

    def __str__(self) -> str:
        return f"{self.what}: {self.saves_low:.0f} to {self.saves_high:.0f} s less"

    def to_json(self) -> dict[str, Any]:
        """Return the change in JSON's types, to a tenth of a second."""
        return {
            **asdict(self),
            "saves_low": round(self.saves_low, 1),
            "saves_high": round(self.saves_high, 1),
        }


def what_would_help(
    profile: ImageProfile,
    estimate: StartEstimate,
    *,
    cpu: int,
    os: Os = "linux",
    model: StartModel | None = None,
) -> tuple[WouldHelp, ...]:
    """Return the changes to the image that would shorten this start, the most promising first.

    Args:
        profile: every image of the task, as one.
        estimate: of this profile on this size.
        cpu: CPU units of the task.
        os: SOCI and zstd are for Linux.
        model: as given to the estimate.
    """
    model, facts = model or load_start_model(), start_facts()
    half = replace(profile, layers=tuple(_halved(profile)))
    halved = estimate_start(half, cpu=cpu, os=os, model=model)
    saved = estimate.pull.expected - halved.pull.expected
    found = [
        WouldHelp(
            "an image of half the size",
            saved / model.pull_factor,
            saved,
            "a smaller base image, build tools left in an earlier stage; fewer bytes to pay for at every start",
        )
    ]
    compressions = {layer.compression for layer in profile.layers}
    if (
        os == "linux"
        and Compression.ZSTD not in compressions
        and profile.compressed_bytes > facts.soci_least_bytes
    ):
        found.append(
            WouldHelp(
                "a SOCI index",
                0,
                max(0, estimate.pull.expected - facts.soci_pull_seconds),
                "private ECR, platform version 1.4.0; the container starts before its image is there and reads it as "
                "it runs, so compare the time to healthy; the image's digest changes",
            )
        )
    if os == "linux" and Compression.GZIP in compressions:
        found.append(
            WouldHelp(
                "zstd in place of gzip",
                0,
                min(facts.zstd_largest_share * estimate.total.expected, estimate.pull.expected),
                "docker buildx build --output type=image,oci-mediatypes=true,compression=zstd,force-compression=true,"
                f"push=true; AWS measured up to {facts.zstd_largest_share:.0%} off the start; rules out SOCI",
            )
        )
    helpful = (change for change in found if change.saves_high > 0)
    return tuple(sorted(helpful, key=lambda change: -change.saves_high))


def _halved(profile: ImageProfile) -> list[Any]:
    return [
        replace(
            layer,
            compressed_bytes=layer.compressed_bytes // 2,
            uncompressed_bytes=None if layer.uncompressed_bytes is None else layer.uncompressed_bytes // 2,
        )
        for layer in profile.layers
    ]
