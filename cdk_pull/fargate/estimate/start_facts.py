"""What is known of starts beside the fitted model: noise, lazy loading, zstd, storage.

Source: data/fargate_start_facts.json; each figure has its own source there.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from cdk_pull.data import facts_of

__all__ = ["StartFacts", "start_facts"]


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
