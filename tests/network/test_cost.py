"""The cost of endpoints against NAT gateways."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.network.cost import way_cost


@pytest.mark.parametrize(
    ("interfaces", "zones", "nat_gateways", "gb", "said"),
    [
        (
            3,
            2,
            1,
            0,
            (
                "endpoints $43.80 per month, NAT $32.85 per month for 0 GB at us-east-1 prices: a NAT gateway is cheaper; endpoints do "
                "not pay for themselves beside one that stays ($0.00 for the GB)"
            ),
        ),
        (
            3,
            2,
            2,
            500,
            (
                "endpoints $43.80 per month, NAT $88.20 per month for 500 GB at us-east-1 prices: endpoints are cheaper; endpoints do "
                "not pay for themselves beside one that stays ($22.50 for the GB)"
            ),
        ),
        (
            3,
            2,
            2,
            1000,
            (
                "endpoints $43.80 per month, NAT $110.70 per month for 1000 GB at us-east-1 prices: endpoints are cheaper; endpoints pay "
                "for themselves beside one that stays"
            ),
        ),
    ],
)
def test_which_is_cheaper(interfaces: int, zones: int, nat_gateways: int, gb: float, said: str) -> None:
    """Endpoints cost by the hour and zone, NAT gateways by the hour and GB."""
    cost = way_cost(interfaces=interfaces, zones=zones, nat_gateways=nat_gateways, gb_per_month=gb)
    assert str(cost) == said


@pytest.mark.parametrize("gb", [-1, "200", None, True, float("nan")])
def test_what_is_no_number_of_gb(gb: Any) -> None:
    """A negative number, and what is no number, is refused."""
    with pytest.raises(InvalidValueError, match="gb_per_month must be a number that is not negative: "):
        way_cost(interfaces=1, zones=1, nat_gateways=1, gb_per_month=gb)
