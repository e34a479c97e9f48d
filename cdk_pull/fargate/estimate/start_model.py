"""The figures of the start-up estimate: the parameters that were fitted, and what is measured or stated beside them.

Sources: data/fargate_start_model.json, by scripts/fit_start_model.py; data/fargate_start_facts.json, where each figure
has its own.
"""

from __future__ import annotations

import json
import math
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from cdk_pull.data import facts_of
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_pull.image.profile import Compression

__all__ = [
    "Interval",
    "StartFacts",
    "StartModel",
    "load_start_model",
    "published_storage_rates",
    "start_facts",
]

_VCPU = 1024
_MB_PER_MIB = 1.048576


@dataclass(frozen=True, slots=True)
class Interval:
    """Seconds, as an interval: ``expected`` is the median, ``low`` and ``high`` bound the stated coverage."""

    low: float
    expected: float
    high: float

    def __str__(self) -> str:
        return f"{self.expected:.0f} s ({self.low:.0f}-{self.high:.0f} s)"


@dataclass(frozen=True, kw_only=True, slots=True)
class StartModel:
    """What the estimate is computed from; every figure is in seconds or in MB (10^6 bytes) per second.

    Attributes:
        coverage: the share of starts that the whole interval is meant to hold.
        pre_pull: task created to pull started; the same for every size.
        post_pull: pull stopped to task started; the same for every size.
        pull_scale: measured pull over the sum of its components, geometric mean.
        pull_factor: the interval of the pull is its expectation divided and multiplied by this.
        storage: write throughput by CPU units, where AWS publishes one; shared by download and unpacking.
        small_task_exponent: below the smallest published size, throughput shrinks as vCPU to this power.
        network: download throughput from a registry in the Region.
        decoder: output of one decompressing thread, by compression; below 1 vCPU, that share of it.
        expansion: uncompressed over compressed size, by compression, for when only one is known.
    """

    coverage: float
    pre_pull: Interval
    post_pull: Interval
    pull_scale: float
    pull_factor: float
    storage: Mapping[int, float]
    small_task_exponent: float
    network: float
    decoder: Mapping[str, float]
    expansion: Mapping[str, float]

    def storage_rate(self, cpu: int) -> float:
        """Return the write throughput of a task: the nearest published size below, or extrapolated downwards."""
        smallest = min(self.storage)
        if cpu < smallest:
            return self.storage[smallest] * math.pow(cpu / smallest, self.small_task_exponent)
        return self.storage[max(size for size in self.storage if size <= cpu)]

    def unpack_rate(self, cpu: int, compression: Compression) -> float:
        """Return megabytes of output per second: the slower of the decoder and the storage."""
        decoder = self.decoder.get(compression)
        storage = self.storage_rate(cpu)
        return storage if decoder is None else min(storage, decoder * min(1, cpu / _VCPU))

    def download_rate(self, cpu: int) -> float:
        """Return megabytes of compressed layers per second: the slower of the network and the storage."""
        return min(self.network, self.storage_rate(cpu))

    def to_json(self) -> dict[str, Any]:
        """Return the parameters in JSON's types, rounded to what they are worth."""
        from dataclasses import asdict  # noqa: PLC0415 - takes a while

        rounded: dict[str, Any] = json.loads(
            json.dumps(asdict(self)), parse_float=lambda text: round(float(text), 3)
        )
        return rounded

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StartModel:
        """Return the model of what ``to_json`` returned."""
        return cls(
            **{
                **data,
                "pre_pull": Interval(**data["pre_pull"]),
                "post_pull": Interval(**data["post_pull"]),
                "storage": {int(cpu): rate for cpu, rate in data["storage"].items()},
            }
        )


def published_storage_rates() -> dict[int, float]:
    """Return AWS's storage throughput by CPU units, in MB per second."""
    data = facts_of("fargate_storage_throughput")
    return {int(cpu): rate * _MB_PER_MIB for cpu, rate in data["mib_per_second_by_cpu"].items()}


@cache
def load_start_model() -> StartModel:
    """Return the model that this package carries."""
    data = facts_of("fargate_start_model")
    return StartModel.from_json(data["model"])


class StartFacts(NamedTuple):
    """Figures that are measured or stated by AWS.

    Attributes:
        noise_seconds: what starts of one image on one size differ by; a smaller gain means nothing.
        soci_least_bytes: the compressed size from which AWS recommends a SOCI index.
        soci_pull_seconds: a pull with an index.
        zstd_largest_share: of a start that zstd in place of gzip saved at best.
        ec2_cached_pull_seconds: a pull on EC2 whose image was on the instance: the least, the most, their number.
        waiting_seconds: what a container that waits for another one's health adds, from the least to the most.
        included_gib: ephemeral storage that every task has.
        minimum_gib: the least ephemeral storage that a Linux task can ask for.
        maximum_gib: the most that it can.
    """

    noise_seconds: float
    soci_least_bytes: int
    soci_pull_seconds: float
    zstd_largest_share: float
    ec2_cached_pull_seconds: tuple[float, float, int]
    waiting_seconds: tuple[int, int]
    included_gib: int
    minimum_gib: int
    maximum_gib: int


@cache
def start_facts() -> StartFacts:
    """Return the facts that this package carries."""
    data = facts_of("fargate_start_facts")
    soci, waiting, storage = data["soci"], data["waiting_container"], data["ephemeral_storage"]
    cached = data["ec2_cached"]
    return StartFacts(
        noise_seconds=data["noise"]["seconds"],
        soci_least_bytes=soci["least_compressed_bytes"],
        soci_pull_seconds=soci["pull_seconds"],
        zstd_largest_share=data["zstd"]["largest_share_saved"],
        ec2_cached_pull_seconds=(cached["low_seconds"], cached["high_seconds"], cached["count"]),
        waiting_seconds=(waiting["low_seconds"], waiting["high_seconds"]),
        included_gib=storage["included_gib"],
        minimum_gib=storage["minimum_gib"],
        maximum_gib=storage["maximum_gib"],
    )
