"""New Fargate prices from AWS's price list, held against the former ones."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.data.preferred import read_data
from cdk_pull.data.refreshed import Refreshed, RefreshError
from cdk_pull.image.registry.fetch import DOCUMENT_LIMITS, fetch_json
from cdk_pull.image.registry.transport import Transport
from cdk_pull.shapes import as_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PRICE_LIST", "offered_rates", "refresh_prices", "refreshed_prices"]

PRICE_LIST: Final = "https://pricing.us-east-1.amazonaws.com"
"""Where AWS publishes its prices, without credentials."""

_FILE: Final = "fargate_prices.json"
_PATH: Final = "/offers/v1.0/aws/AmazonECS/current/{region}/index.json"
# What a usage type ends with, after the Region's own prefix such as `EUW1-`: the kind and the field of the price book.
_USAGE: Final = {
    "Fargate-vCPU-Hours:perCPU": ("x86_64", "vcpu"),
    "Fargate-GB-Hours": ("x86_64", "gb"),
    "Fargate-ARM-vCPU-Hours:perCPU": ("arm64", "vcpu"),
    "Fargate-ARM-GB-Hours": ("arm64", "gb"),
    "Fargate-Windows-vCPU-Hours:perCPU": ("windows", "vcpu"),
    "Fargate-Windows-GB-Hours": ("windows", "gb"),
    "Fargate-Windows-OS-Hours:perCPU": ("windows", "os_vcpu"),
    "Fargate-EphemeralStorage-GB-Hours": ("ephemeral", "gb"),
}
_FIELDS: Final = {
    "x86_64": {"vcpu", "gb"},
    "arm64": {"vcpu", "gb"},
    "windows": {"vcpu", "gb", "os_vcpu"},
    "ephemeral": {"gb"},
}
# AWS has never moved a Fargate price by more than a half; Regions differ by less than three.
_LEAST, _MOST = 0.5, 2.0
_LEAST_ELSEWHERE, _MOST_ELSEWHERE = 1 / 3, 3.0
_YARDSTICK: Final = "us-east-1"

Rates = dict[str, dict[str, float]]


async def refresh_prices(regions: Sequence[str] = (), *, source: str = PRICE_LIST) -> Refreshed:
    """Return the price book with the prices of today; one bad answer changes nothing.

    Args:
        regions: beside those that the book has.
        source: the price list's host.

    Raises:
        RegistryError: when it does not answer properly.
        RefreshError: for a price that cannot be right.
    """
    book = json.loads(read_data(_FILE))
    wanted = sorted({*book["regions"], *regions})
    async with Transport(DOCUMENT_LIMITS) as transport:
        answers = await asyncio.gather(
            *(fetch_json(transport, source + _PATH.format(region=region)) for region in wanted)
        )
    offers = {region: offer for region, (offer, _) in zip(wanted, answers, strict=True)}
    return refreshed_prices(book, offers, source)


def refreshed_prices(
    book: dict[str, Any], offers: Mapping[str, Mapping[str, Any]], source: str = PRICE_LIST
) -> Refreshed:
    """Return a price book with the rates of offers in place of its own.

    Args:
        book: in the form of ``fargate_prices.json``.
        offers: by Region, AWS's price list of Amazon ECS.
        source: where they come from.

    Raises:
        RefreshError: for a price outside the bounds of the former one, or a list without any.
    """
    changes = []
    regions = {region: dict(kinds) for region, kinds in book["regions"].items()}
    latest = book["date"]
    for region, offer in offers.items():
        published = _published(region, offer)
        latest = max(latest, published)
        former = regions.setdefault(region, {})
        for kind, rates in offered_rates(region, offer).items():
            before = former.get(kind, {})
            _check(region, kind, rates, before, book["regions"].get(_YARDSTICK, {}).get(kind, {}))
            changes += _differences(region, kind, rates, before)
            former[kind] = {
                **rates,
                "source": source + _PATH.format(region=region),
                "as_of": published,
                "confidence": "price-list",
            }
    if not changes:
        return Refreshed()
    text = json.dumps(
        {**book, "date": latest, "regions": dict(sorted(regions.items()))}, indent=1, ensure_ascii=False
    )
    return Refreshed({_FILE: text + "\n"}, changes)


def offered_rates(region: str, offer: Mapping[str, Any]) -> Rates:
    """Return the on-demand rates of a Region by kind, the kinds that are complete.

    Raises:
        RefreshError: when there is none, or one is not a price per hour in US dollars.
    """
    found: Rates = {}
    terms = as_object(as_object(offer.get("terms")).get("OnDemand"))
    for sku, product in as_object(offer.get("products")).items():
        attributes = as_object(as_object(product).get("attributes"))
        usage = str(attributes.get("usagetype", ""))
        place = _USAGE.get(usage) or _USAGE.get(usage.partition("-")[2])
        if place and attributes.get("regionCode", region) == region:
            kind, name = place
            price = _price(region, usage, terms.get(sku))
            if found.setdefault(kind, {}).setdefault(name, price) != price:
                raise RefreshError(
                    f"the price list of {region} has two prices for {usage}; nothing is changed"
                )
    complete = {kind: rates for kind, rates in sorted(found.items()) if rates.keys() == _FIELDS[kind]}
    if "x86_64" not in complete:
        raise RefreshError(f"the price list of {region} has no Fargate price for x86_64; nothing is changed")
    return complete


def _price(region: str, usage: str, term: object) -> float:
    """Return the one price of a product."""
    dimensions = [
        dimension
        for offer in as_object(term).values()
        for dimension in as_object(as_object(offer).get("priceDimensions")).values()
    ]
    try:
        (dimension,) = dimensions
        price = float(dimension["pricePerUnit"]["USD"])
    except (KeyError, TypeError, ValueError):
        raise RefreshError(
            f"the price list of {region} has no single price in USD for {usage}; nothing is changed"
        ) from None
    if not 0 < price < float("inf"):
        raise RefreshError(f"the price list of {region} has {price} for {usage}; nothing is changed")
    return price


def _check(
    region: str,
    kind: str,
    rates: Mapping[str, float],
    before: Mapping[str, Any],
    yardstick: Mapping[str, Any],
) -> None:
    for name, price in rates.items():
        for other, least, most, whose in (
            (before.get(name), _LEAST, _MOST, "the former one"),
            (yardstick.get(name), _LEAST_ELSEWHERE, _MOST_ELSEWHERE, f"the one of {_YARDSTICK}"),
        ):
            if other and not least <= price / other <= most:
                message = f"the price {kind} {name} of {region} is {price}, {price / other:.2g} times {whose}, {other}; nothing is changed. Check it, and edit {_FILE} if it is right"
                raise RefreshError(message)


def _differences(region: str, kind: str, rates: Mapping[str, float], before: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, price in rates.items():
        old = before.get(name)
        if old is None:
            lines.append(f"{region} {kind} {name}: new, {price}")
        elif old != price:
            lines.append(f"{region} {kind} {name}: {old} -> {price} ({price / old - 1:+.1%})")
    return lines


def _published(region: str, offer: Mapping[str, Any]) -> str:
    text = str(offer.get("publicationDate", ""))[:10]
    try:
        date.fromisoformat(text)
    except ValueError:
        message = f"the price list of {region} has no publication date; nothing is changed"
        raise RefreshError(message) from None
    return text
