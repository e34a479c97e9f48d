from __future__ import annotations

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.prices import PriceBook, Rate, UnknownPrice, load_prices, usd_per_hour
from cdk_pull.fargate.sizes import FargateSize

_SIZE = FargateSize(2048, 4096)


def test_the_snapshot_is_dated_sourced_and_plausible() -> None:
    """At least 15 Regions have a Linux price; each rate names its source, date and confidence, within bounds."""
    book = load_prices()
    assert book.date == "2026-11-20"
    assert sum("x86_64" in kinds for kinds in book.regions.values()) >= 15
    for region, kinds in book.regions.items():
        for kind, rate in kinds.items():
            assert rate.source.startswith("https://"), (region, kind)
            assert rate.as_of[:2] == "20"
            assert rate.confidence in {"price-list", "secondary"}
            if kind != "ephemeral":
                assert 0.02 < rate.vcpu < 0.12
                # AWS keeps one ratio of vCPU to memory everywhere.
                assert rate.vcpu / rate.gb == pytest.approx(9.12, rel=0.01), (region, kind)


@pytest.mark.parametrize(
    ("region", "options", "expected"),
    [
        ("us-east-1", {}, 2 * 0.04048 + 4 * 0.004445),
        ("us-east-1", {"architecture": "arm64"}, 2 * 0.03238 + 4 * 0.00356),
        ("us-east-1", {"os": "windows"}, 2 * (0.046552 + 0.046) + 4 * 0.00511175),
        ("us-east-1", {"ephemeral_gib": 20}, 2 * 0.04048 + 4 * 0.004445),
        ("us-east-1", {"ephemeral_gib": 50}, 2 * 0.04048 + 4 * 0.004445 + 30 * 0.000111),
        ("eu-central-1", {}, 2 * 0.04656 + 4 * 0.00511),
        ("sa-east-1", {}, 2 * 0.0696 + 4 * 0.0076),
    ],
)
def test_a_price_adds_vcpu_memory_licence_and_extra_storage(
    region: str, options: dict[str, object], expected: float
) -> None:
    """The hourly price is the sum of its parts; 20 GiB of storage are included."""
    assert usd_per_hour(_SIZE, region=region, **options) == pytest.approx(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("region", "options", "reason"),
    [
        (None, {}, "no Region is given: set the stack's environment, or --region on the command line"),
        (
            "mars-north-1",
            {},
            "the price snapshot of 2026-11-20 has no Region 'mars-north-1': pass prices=PriceBook(...), or refresh the snapshot with cdk-pull refresh prices",
        ),
        (
            "eu-west-3",
            {"architecture": "arm64"},
            "the price snapshot of 2026-11-20 has no arm64 price for eu-west-3: pass prices=PriceBook(...), or refresh the snapshot with cdk-pull refresh prices",
        ),
        (
            "eu-west-1",
            {"os": "windows"},
            "the price snapshot of 2026-11-20 has no windows price for eu-west-1: pass prices=PriceBook(...), or refresh the snapshot with cdk-pull refresh prices",
        ),
        (
            "eu-west-3",
            {"ephemeral_gib": 21},
            "the price snapshot of 2026-11-20 has no price of ephemeral storage for eu-west-3: pass prices=PriceBook(...), or refresh the snapshot with cdk-pull refresh prices",
        ),
    ],
)
def test_an_unknown_price_says_why_and_is_never_a_guess(
    region: str | None, options: dict[str, object], reason: str
) -> None:
    """A Region, kind or storage without a rate gives the reason in place of a price."""
    assert usd_per_hour(_SIZE, region=region, **options) == UnknownPrice(reason)  # type: ignore[arg-type]


def test_a_user_s_rates_take_the_place_of_the_snapshot() -> None:
    """A negotiated price is used as given."""
    book = PriceBook(date="2026-12-01", regions={"eu-west-1": {"x86_64": Rate(vcpu=0.01, gb=0.001)}})
    assert usd_per_hour(_SIZE, region="eu-west-1", prices=book) == pytest.approx(0.024)


def test_a_negative_rate_is_refused() -> None:
    """A price below zero is a typing error."""
    with pytest.raises(InvalidValueError) as error:
        Rate(vcpu=-1, gb=0)
    assert str(error.value) == "the rate vcpu is not a price: -1; allowed: 0 US dollars per hour or more"
