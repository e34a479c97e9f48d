"""What a Fargate task costs per hour, from a dated snapshot of AWS's price list."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from cdk_pull.data.preferred import load_data
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.ephemeral import INCLUDED_GIB
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_pull.fargate.estimate.start import Architecture
    from cdk_pull.fargate.sizes import FargateSize, Os

__all__ = ["PriceBook", "Rate", "UnknownPrice", "load_prices", "usd_per_hour"]

_WAYS_OUT = "pass prices=PriceBook(...), or refresh the snapshot with cdk-pull refresh prices"


@dataclass(frozen=True, slots=True)
class UnknownPrice:
    """Why a price is not known, and what to do."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """US dollars per hour, on demand.

    Attributes:
        vcpu: for one vCPU.
        gb: for one GB (1024 MiB) of memory, or one GB of ephemeral storage above what is included.
        os_vcpu: the Windows licence for one vCPU.
        source: where the figures come from.
        as_of: the date of the figures.
        confidence: ``price-list``, ``secondary``, or ``user`` for figures that a user gives.
    """

    vcpu: float = 0.0
    gb: float
    os_vcpu: float = 0.0
    source: str = ""
    as_of: str = ""
    confidence: str = "user"

    def __post_init__(self) -> None:
        for name in ("vcpu", "gb", "os_vcpu"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise InvalidValueError(
                    f"the rate {name} is not a price", value, allowed="0 US dollars per hour or more"
                )


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceBook:
    """The rates of Regions.

    Attributes:
        date: of the snapshot.
        regions: by Region, then by kind: ``x86_64``, ``arm64``, ``windows``, ``ephemeral``.
    """

    date: str
    regions: Mapping[str, Mapping[str, Rate]]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PriceBook:
        """Return the price book of data in the form of ``fargate_prices.json``."""
        return cls(
            date=data["date"],
            regions={
                region: {kind: Rate(**rate) for kind, rate in kinds.items()}
                for region, kinds in data["regions"].items()
            },
        )


@cache
def load_prices() -> PriceBook:
    """Return the snapshot that this package carries, or one's own where ``cdk-pull refresh`` has written one."""
    return load_data(lambda text: PriceBook.from_json(json.loads(text)), "fargate_prices.json")


def usd_per_hour(
    size: FargateSize,
    *,
    region: str | None,
    architecture: Architecture = "x86_64",
    os: Os = "linux",
    ephemeral_gib: int = INCLUDED_GIB,
    prices: PriceBook | None = None,
) -> float | UnknownPrice:
    """Return the on-demand price of a running task, or why it is not known.

    Fargate bills from the start of the pull, by the second, for at least a minute.

    Args:
        size: of the task.
        region: None where it is not known, such as in an environment-agnostic stack.
        architecture: of the task; Windows tasks are always x86_64.
        os: Windows adds a licence for each vCPU.
        ephemeral_gib: what the task asks for; 20 GiB are included.
        prices: in place of the snapshot in this package.
    """
    book = prices or load_prices()
    if region is None:
        return UnknownPrice(
            "no Region is given: set the stack's environment, or --region on the command line"
        )
    kinds = book.regions.get(region)
    if kinds is None:
        return UnknownPrice(f"the price snapshot of {book.date} has no Region {region!r}: {_WAYS_OUT}")
    kind = "windows" if os == "windows" else architecture
    rate = kinds.get(kind)
    if rate is None:
        return UnknownPrice(
            f"the price snapshot of {book.date} has no {kind} price for {region}: {_WAYS_OUT}"
        )
    price = size.vcpu * (rate.vcpu + rate.os_vcpu) + size.memory_gb * rate.gb
    extra_gib = max(0, ephemeral_gib - INCLUDED_GIB)
    if extra_gib:
        storage = kinds.get("ephemeral")
        if storage is None:
            return UnknownPrice(
                f"the price snapshot of {book.date} has no price of ephemeral storage for {region}: {_WAYS_OUT}"
            )
        price += extra_gib * storage.gb
    return price
