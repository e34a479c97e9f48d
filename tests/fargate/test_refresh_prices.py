from __future__ import annotations

import asyncio
import copy
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.data.preferred import read_data
from cdk_pull.data.refreshed import Refreshed, RefreshError
from cdk_pull.fargate.prices import PriceBook
from cdk_pull.fargate.refresh_prices import refresh_prices, refreshed_prices
from cdk_pull.image.registry.errors import RegistryError
from tests.image.registry.fake import Registry, Reply
from tests.image.registry.servers import https_server

if TYPE_CHECKING:
    from collections.abc import Iterator

BOOK: dict[str, Any] = json.loads(read_data("fargate_prices.json"))
USAGE = {
    ("x86_64", "vcpu"): "Fargate-vCPU-Hours:perCPU",
    ("x86_64", "gb"): "Fargate-GB-Hours",
    ("arm64", "vcpu"): "Fargate-ARM-vCPU-Hours:perCPU",
    ("arm64", "gb"): "Fargate-ARM-GB-Hours",
    ("windows", "vcpu"): "Fargate-Windows-vCPU-Hours:perCPU",
    ("windows", "gb"): "Fargate-Windows-GB-Hours",
    ("windows", "os_vcpu"): "Fargate-Windows-OS-Hours:perCPU",
    ("ephemeral", "gb"): "Fargate-EphemeralStorage-GB-Hours",
}
US = {
    ("x86_64", "vcpu"): 0.04048,
    ("x86_64", "gb"): 0.004445,
    ("arm64", "vcpu"): 0.03238,
    ("arm64", "gb"): 0.00356,
    ("windows", "vcpu"): 0.046552,
    ("windows", "gb"): 0.00511175,
    ("windows", "os_vcpu"): 0.046,
    ("ephemeral", "gb"): 0.000111,
}


def offer(region: str, prices: dict[tuple[str, str], float], prefix: str = "USE1-") -> dict[str, Any]:
    """Return a price list of Amazon ECS in AWS's form, with products beside those of Fargate on demand."""
    products, terms = {}, {}
    usages = {prefix + USAGE[place]: price for place, price in prices.items()}
    usages |= {f"{prefix}ECS-Anywhere-Instance-hours": 0.01, f"{prefix}Fargate-GB-Hours-SpotUsage": 0.001}
    for number, (usage, price) in enumerate(usages.items()):
        sku = f"SKU{number}"
        products[sku] = {"sku": sku, "attributes": {"usagetype": usage, "regionCode": region}}
        dimension = {"unit": "hours", "pricePerUnit": {"USD": f"{price:.10f}"}}
        terms[sku] = {f"{sku}.JRTCKXETXF": {"priceDimensions": {f"{sku}.JRTCKXETXF.6YS6EN2CT7": dimension}}}
    return {
        "offerCode": "AmazonECS",
        "publicationDate": "2026-12-01T00:00:00Z",
        "products": products,
        "terms": {"OnDemand": terms},
    }


def test_the_same_prices() -> None:
    """Prices that have not changed change nothing."""
    assert refreshed_prices(BOOK, {"us-east-1": offer("us-east-1", US)}) == Refreshed()
    assert refreshed_prices(BOOK, {"us-east-1": offer("us-east-1", US, prefix="")}) == Refreshed()


def test_new_prices() -> None:
    """A changed price and a new Region are shown and written; everything else stays."""
    refreshed = refreshed_prices(
        BOOK,
        {
            "us-east-1": offer("us-east-1", US | {("x86_64", "vcpu"): 0.0425}),
            "mx-central-1": offer(
                "mx-central-1", {place: US[place] * 1.1 for place in list(US)[:2]}, "MXC1-"
            ),
        },
    )
    assert refreshed.changes == [
        "us-east-1 x86_64 vcpu: 0.04048 -> 0.0425 (+5.0%)",
        "mx-central-1 x86_64 vcpu: new, 0.044528",
        "mx-central-1 x86_64 gb: new, 0.0048895",
    ]
    written = json.loads(refreshed.files["fargate_prices.json"])
    book = PriceBook.from_json(written)
    assert (book.date, book.regions["us-east-1"]["x86_64"].vcpu) == ("2026-12-01", 0.0425)
    assert book.regions["us-east-1"]["x86_64"].as_of == "2026-12-01"
    assert set(book.regions["mx-central-1"]) == {"x86_64"}
    changed = {"us-east-1", "mx-central-1"}
    assert {name: kinds for name, kinds in written["regions"].items() if name not in changed} == {
        name: kinds for name, kinds in BOOK["regions"].items() if name not in changed
    }
    assert written["notes"] == BOOK["notes"]


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in offer("us-east-1", US).items() if name != key}


def _priced(text: str) -> dict[str, Any]:
    changed = copy.deepcopy(offer("us-east-1", US))
    (term,) = changed["terms"]["OnDemand"]["SKU0"].values()
    (dimension,) = term["priceDimensions"].values()
    dimension["pricePerUnit"] = {"USD": text}
    return changed


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            offer("us-east-1", US | {("x86_64", "vcpu"): 0.4}),
            "the price x86_64 vcpu of us-east-1 is 0.4, 9.9 times the former one",
        ),
        (
            offer("us-east-1", US | {("arm64", "gb"): 0.0001}),
            "the price arm64 gb of us-east-1 is 0.0001, 0.028 times",
        ),
        (_without("products"), "the price list of us-east-1 has no Fargate price for x86_64"),
        (
            _without("terms"),
            "the price list of us-east-1 has no single price in USD for USE1-Fargate-vCPU-Hours:perCPU",
        ),
        (_without("publicationDate"), "the price list of us-east-1 has no publication date"),
        (_priced("zero"), "has no single price in USD"),
        (_priced("0.0000000000"), "has 0.0 for USE1-Fargate-vCPU-Hours:perCPU"),
        (_priced("nan"), "has nan for"),
        (_priced("-1"), "has -1.0 for"),
        ({"publicationDate": "2026-12-01", "products": [], "terms": 1}, "has no Fargate price for x86_64"),
    ],
)
def test_answers_that_cannot_be_right(answer: dict[str, Any], message: str) -> None:
    """A price out of bounds, and a list without prices, are refused as a whole."""
    with pytest.raises(RefreshError) as error:
        refreshed_prices(BOOK, {"us-east-1": answer})
    assert message in str(error.value)
    assert "nothing is changed" in str(error.value)


def test_a_new_region_out_of_bounds() -> None:
    """A Region without former prices is held against those of us-east-1."""
    with pytest.raises(RefreshError, match=r"of xx-new-1 is .*, 10 times the one of us-east-1"):
        refreshed_prices(
            BOOK, {"xx-new-1": offer("xx-new-1", {place: price * 10 for place, price in US.items()})}
        )


@pytest.fixture
def price_list() -> Iterator[Registry]:
    """Run AWS's price list, every Region at its prices of today."""
    made = Registry()
    for region, kinds in BOOK["regions"].items():
        prices = {
            (kind, name): rates[name]
            for kind, rates in kinds.items()
            for name in ("vcpu", "gb", "os_vcpu")
            if name in rates
        }
        prices = {("x86_64", "vcpu"): 0.04, ("x86_64", "gb"): 0.0045, **prices}
        body = json.dumps(offer(region, prices)).encode()
        path = f"/offers/v1.0/aws/AmazonECS/current/{region}/index.json"
        made.replies[path] = lambda _, body=body: (200, {}, body)  # type: ignore[misc]
    with https_server(made.handler(), None) as made.host:
        yield made


def test_over_http(price_list: Registry) -> None:
    """Every Region is asked; one that answers wrongly is an error, and nothing comes of the others."""
    source = f"http://{price_list.host}"
    refreshed = asyncio.run(refresh_prices(source=source))
    assert all("x86_64" in change for change in refreshed.changes)
    assert len(price_list.asked) == len(BOOK["regions"])
    replies: list[Reply] = [(404, {}, b""), (200, {}, b"<html>"), (403, {}, b"{}")]
    for reply in replies:
        price_list.replies["/offers/v1.0/aws/AmazonECS/current/eu-west-1/index.json"] = partial(
            _always, reply
        )
        with pytest.raises(RegistryError, match=r"eu-west-1/index\.json (answers|does not answer)"):
            asyncio.run(refresh_prices(source=source))


def _always(reply: Reply, _: int) -> Reply:
    return reply
