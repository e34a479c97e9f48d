"""The Regions of AWS: whether there is one of a name, and which one the environment names."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from cdk_pull.data import facts_of
from cdk_pull.did_you_mean import did_you_mean
from cdk_pull.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["check_known_region", "environment_region", "known_regions"]

_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@cache
def known_regions() -> frozenset[str]:
    """Return the Regions of every partition, from data/aws_regions.json."""
    data = facts_of("aws_regions")
    return frozenset(data["regions"])


def check_known_region(region: str, *, also: Iterable[str] = ()) -> str:
    """Return the name of a Region.

    Args:
        region: as given.
        also: Regions that something else knows, such as a price book that is newer than this package.

    Raises:
        InvalidValueError: for a name that no Region has, with the nearest one.
    """
    names = known_regions().union(also)
    if region not in names:
        raise InvalidValueError(
            "unknown Region",
            region,
            allowed="the name of an AWS Region, such as us-east-1",
            fix=did_you_mean(region, names),
        )
    return region


def environment_region(environment: Mapping[str, str]) -> str | None:
    """Return the Region that ``AWS_REGION``, or else ``AWS_DEFAULT_REGION``, names; None where neither does."""
    return next((environment[name] for name in _VARIABLES if environment.get(name)), None)
