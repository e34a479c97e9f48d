"""The partition of a Region, and the domain that its services answer under."""

from __future__ import annotations

from functools import cache

from cdk_pull.data import facts_of
from cdk_pull.records import dataclass

__all__ = ["Partition", "partition_of"]


@dataclass(frozen=True, slots=True)
class Partition:
    """A group of Regions: ``aws``, ``aws-cn`` and so on.

    Attributes:
        partition: what ``AWS::Partition`` gives.
        region_prefix: how the names of its Regions begin.
        url_suffix: what ``AWS::URLSuffix`` gives.
    """

    partition: str
    region_prefix: str
    url_suffix: str


@cache
def partition_of(region: str) -> Partition:
    """Return the partition of a Region; a Region that nobody has heard of is taken for one of ``aws``.

    Source: data/partitions.json.
    """
    return next(partition for partition in _partitions() if region.startswith(partition.region_prefix))


@cache
def _partitions() -> tuple[Partition, ...]:
    return tuple(Partition(**row) for row in facts_of("partitions")["partitions"])
