"""How long a Fargate task takes to start: pre-pull, download, unpacking, post-pull, each as an interval.

No table of pull time by vCPU is published. The estimate is built from measured parts and fitted on the few whole
starts that are published (``docs/start-estimate.md``), so it is an interval with a stated coverage, never a figure.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from cdk_pull.fargate.estimate.start_model import Interval, StartModel, load_start_model, start_facts
from cdk_pull.image.profile import Compression, ImageProfile, Layer
from cdk_pull.records import dataclass, fields

if TYPE_CHECKING:
    from cdk_pull.fargate.sizes import Os

__all__ = ["NOISE_SECONDS", "Architecture", "Phase", "StartEstimate", "estimate_start", "start_with_index"]

Architecture: TypeAlias = Literal["x86_64", "arm64"]

NOISE_SECONDS: Final = start_facts().noise_seconds
"""A predicted gain below this is no reason for a larger task."""

_MEGABYTE = 1e6
_AROUND = "measured on Fargate 1.4.0, the same for every size"
_MEASURED_CPUS = (256, 4096)


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a start.

    Attributes:
        name: ``pre-pull``, ``download``, ``unpack`` or ``post-pull``.
        seconds: how long it takes.
        source: what the figure rests on.
    """

    name: str
    seconds: Interval
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StartEstimate:
    """How long a task takes from its creation to its start.

    Attributes:
        phases: in the order in which they begin; download and unpacking vary together.
        pull: download and unpacking, what ECS records between ``pullStartedAt`` and ``pullStoppedAt``.
        total: the whole start; narrower than the sum of the phases' bounds, as they vary independently.
        coverage: the share of starts that ``total`` is meant to hold; None where nothing was measured to test it.
        notes: what the figures do not rest on, in sentences.
    """

    phases: tuple[Phase, ...]
    pull: Interval
    total: Interval
    coverage: float | None
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the estimate in JSON's types, to a tenth of a second."""
        return {
            "total_seconds": rounded(self.total),
            "coverage": self.coverage,
            "phases": [
                {"name": phase.name, "seconds": rounded(phase.seconds), "source": phase.source}
                for phase in self.phases
            ],
            "notes": list(self.notes),
        }


def rounded(interval: Interval) -> dict[str, float]:
    """Return an interval in JSON's types, to a tenth of a second."""
    return {each.name: round(getattr(interval, each.name), 1) for each in fields(interval)}


def estimate_start(
    profile: ImageProfile,
    *,
    cpu: int,
    architecture: Architecture = "x86_64",
    os: Os = "linux",
    model: StartModel | None = None,
) -> StartEstimate:
    """Return how long a Fargate task of this size takes to start.

    More bytes never give a shorter start, more vCPU never a longer one.

    Args:
        profile: every image of the task, as one; on Windows without the layers that the hosts have cached.
        cpu: CPU units of the task.
        architecture: no difference is measured; it only adds a note.
        os: for Windows no start is published with its image's size, so that the interval has no coverage.
        model: in place of the one in this package, such as one fitted to one's own pulls.
    """
    model = model or load_start_model()
    factor = model.pull_factor
    download = _spread(model.pull_scale * _download(profile, cpu, model), factor)
    unpack = _spread(model.pull_scale * _unpack(profile, cpu, model), factor)
    pull = Interval(
        download.low + unpack.low, download.expected + unpack.expected, download.high + unpack.high
    )
    return StartEstimate(
        phases=(
            Phase("pre-pull", model.pre_pull, _AROUND),
            Phase("download", download, "network and storage throughput, scaled to measured pulls"),
            Phase("unpack", unpack, "decoder and storage throughput, scaled to measured pulls"),
            Phase("post-pull", model.post_pull, _AROUND),
        ),
        pull=pull,
        total=_sum_of_independent(model.pre_pull, pull, model.post_pull),
        coverage=model.coverage if os == "linux" else None,
        notes=_notes(profile, cpu, architecture, os),
    )


def start_with_index(*, model: StartModel | None = None) -> StartEstimate:
    """Return how long a task takes to start whose images have a SOCI index: the containers read them as they run.

    One pull with an index is published; it does not depend on the bytes of the image.
    """
    model = model or load_start_model()
    pull = _spread(start_facts().soci_pull_seconds, model.pull_factor)
    return StartEstimate(
        phases=(
            Phase("pre-pull", model.pre_pull, _AROUND),
            Phase("index", pull, "one published pull with an index"),
            Phase("post-pull", model.post_pull, _AROUND),
        ),
        pull=pull,
        total=_sum_of_independent(model.pre_pull, pull, model.post_pull),
        coverage=None,
        notes=("the image is read as the containers run: compare the time to healthy, not the start",),
    )


def _download(profile: ImageProfile, cpu: int, model: StartModel) -> float:
    return profile.compressed_bytes / _MEGABYTE / model.download_rate(cpu)


def _unpack(profile: ImageProfile, cpu: int, model: StartModel) -> float:
    # containerd unpacks one layer at a time, with one decompressing thread.
    return sum(
        uncompressed_bytes(layer, model) / _MEGABYTE / model.unpack_rate(cpu, layer.compression)
        for layer in profile.layers
    )


def uncompressed_bytes(layer: Layer, model: StartModel | None = None) -> float:
    """Return the size of an unpacked layer, estimated from its compressed size when nobody has looked."""
    if layer.uncompressed_bytes is not None:
        return layer.uncompressed_bytes
    return layer.compressed_bytes * (model or load_start_model()).expansion.get(layer.compression, 1)


def _spread(seconds: float, factor: float) -> Interval:
    return Interval(seconds / factor, seconds, seconds * factor)


def _sum_of_independent(*intervals: Interval) -> Interval:
    """Add the expectations, and the distances from them as independent errors."""
    expected = sum(interval.expected for interval in intervals)
    below = math.hypot(*(interval.expected - interval.low for interval in intervals))
    above = math.hypot(*(interval.high - interval.expected for interval in intervals))
    return Interval(expected - below, expected, expected + above)


def _notes(profile: ImageProfile, cpu: int, architecture: Architecture, os: Os) -> tuple[str, ...]:
    notes = []
    if os == "windows":
        notes.append(
            "no start of a Windows task on Fargate is published with its size: the coverage is unknown"
        )
    elif cpu not in _MEASURED_CPUS:
        notes.append(
            f"no pull at {cpu / 1024:g} vCPU is published with its image's size: "
            "the effect of vCPU rests on AWS's storage throughput by task size"
        )
    if architecture == "arm64":
        notes.append("no published pull tells arm64 from x86_64: the estimate is the same for both")
    if any(
        layer.uncompressed_bytes is None for layer in profile.layers if layer.compression != Compression.NONE
    ):
        notes.append("the uncompressed size is estimated from the compressed one")
    least, most = start_facts().waiting_seconds
    notes.append(
        f"a container that waits for another one's health is not in it: {least} to {most} s more were measured"
    )
    return tuple(notes)
