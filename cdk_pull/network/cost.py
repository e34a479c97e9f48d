"""What the ways to Amazon ECR cost per month: endpoints against NAT gateways.

Source: data/vpc_prices.json.
"""

from __future__ import annotations

from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.records import dataclass

__all__ = ["WayCost", "way_cost"]


@dataclass(frozen=True, kw_only=True, slots=True)
class WayCost:
    """The cost of a month, in US dollars at the prices of one Region.

    Attributes:
        gb: of images that are pulled in a month.
        endpoints: interface endpoints by the hour; layers go through the gateway endpoint for Amazon S3, which is free.
        nat: NAT gateways by the hour, and all images by the GB.
        nat_gb: the images alone, which is what endpoints save beside a NAT gateway that stays.
        region: the Region whose prices these are.
    """

    gb: float
    endpoints: float
    nat: float
    nat_gb: float
    region: str

    def __str__(self) -> str:
        """Return the cost as the decision prints it."""
        cheaper = "endpoints are cheaper" if self.endpoints < self.nat else "a NAT gateway is cheaper"
        beside = (
            "pay for themselves beside one that stays"
            if self.endpoints < self.nat_gb
            else f"do not pay for themselves beside one that stays (${self.nat_gb:.2f} for the GB)"
        )
        return (
            f"endpoints ${self.endpoints:.2f} per month, NAT ${self.nat:.2f} per month for {self.gb:g} GB at "
            f"{self.region} prices: {cheaper}; endpoints {beside}"
        )


def way_cost(*, interfaces: int, zones: int, nat_gateways: int, gb_per_month: float) -> WayCost:
    """Return what endpoints and NAT gateways cost.

    Args:
        interfaces: the number of interface endpoints.
        zones: the Availability Zones that each is in.
        nat_gateways: the NAT gateways to compare with.
        gb_per_month: images that are pulled in a month, in GB.

    Raises:
        InvalidValueError: for a negative number of GB, or what is no number.
    """
    if isinstance(gb_per_month, bool) or not isinstance(gb_per_month, int | float) or not gb_per_month >= 0:
        raise InvalidValueError(
            "gb_per_month must be a number that is not negative",
            gb_per_month,
            allowed="GB per month, such as 200",
        )
    prices = facts_of("vpc_prices")
    usd, hours = prices["usd"], prices["hours_per_month"]
    through_nat = gb_per_month * usd["nat_gb"]
    return WayCost(
        gb=gb_per_month,
        endpoints=interfaces * zones * usd["interface_endpoint_zone_hour"] * hours,
        nat=nat_gateways * usd["nat_gateway_hour"] * hours + through_nat,
        nat_gb=through_nat,
        region=prices["region"],
    )
