from __future__ import annotations

import pytest

from cdk_pull.fargate.prices import UnknownPrice, dollars, more_a_month, price_in_words

UNKNOWN = UnknownPrice("no Region is given")


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "$0.00"), (0.004, "less than $0.01"), (9.01, "$9.01"), (36.04, "$36"), (1234.5, "$1,234")],
)
def test_dollars(amount: float, text: str) -> None:
    """An amount has the digits that matter."""
    assert dollars(amount) == text


@pytest.mark.parametrize(
    ("month", "than", "text"),
    [
        (144.0, 9.0, "$135 a month more"),
        (9.0, 144.0, "$135 a month less"),
        (9.0, 9.0, ""),
        (UNKNOWN, 9.0, ""),
        (9.0, UNKNOWN, ""),
        (UNKNOWN, UNKNOWN, ""),
    ],
)
def test_more_a_month(month: float | UnknownPrice, than: float | UnknownPrice, text: str) -> None:
    """A difference is stated between two prices that are known and differ."""
    assert more_a_month(month, than) == text


def test_a_price_in_words() -> None:
    """A price comes per month first, with its Region, or says why it is unknown."""
    assert price_in_words(0.012345, "eu-west-1") == "$9.01 a month in eu-west-1 ($0.0123 per hour)"
    assert price_in_words(0.012345, None) == "$9.01 a month ($0.0123 per hour)"
    assert price_in_words(UNKNOWN, "eu-west-1") == "price unknown: no Region is given"
