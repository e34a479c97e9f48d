"""What a Fargate task costs, from a dated snapshot of AWS's price list; in words per month first, of a Region by name."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.data.preferred import load_data
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.ephemeral import INCLUDED_GIB
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk_pull.fargate.estimate.start import Architecture
    from cdk_pull.fargate.sizes import FargateSize, Os


__all__ = [
    "HOURS_PER_MONTH",
    "PriceBook",
    "Rate",
    "UnknownPrice",
    "dollars",
    "load_prices",
    "more_a_month",
    "per_month",
    "price_in_words",
    "usd_per_hour",
]

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


HOURS_PER_MONTH: Final = 730
"""The hours of a month, as AWS's pricing pages and calculator count them."""

_WHOLE_FROM = 9.995
_LEAST = 0.005


def per_month(usd_per_hour: float) -> float:
    """Return US dollars per month for a price per hour."""
    return usd_per_hour * HOURS_PER_MONTH


def dollars(amount: float) -> str:
    """Return an amount, not below zero, to the digits that matter: ``$144``, ``$9.01``, ``less than $0.01``."""
    if amount >= _WHOLE_FROM:
        return f"${amount:,.0f}"
    return f"${amount:.2f}" if amount >= _LEAST or amount == 0 else "less than $0.01"


def price_in_words(price: float | UnknownPrice, region: str | None) -> str:
    """Return a price as ``$9.01 a month in eu-west-1 ($0.0123 per hour)``, or why it is unknown."""
    if isinstance(price, UnknownPrice):
        return f"price unknown: {price.reason}"
    place = f" in {region}" if region else ""
    return f"{dollars(per_month(price))} a month{place} (${price:.4f} per hour)"


def more_a_month(month: float | UnknownPrice, than: float | UnknownPrice) -> str:
    """Return what a price per month adds to another one: ``$135 a month more``.

    Empty where one of them is unknown, or both are the same.
    """
    if isinstance(month, UnknownPrice) or isinstance(than, UnknownPrice) or month == than:
        return ""
    return f"{dollars(abs(month - than))} a month {'more' if month > than else 'less'}"
