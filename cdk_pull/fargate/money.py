"""Prices in words: per month first, of a Region by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.fargate.prices import UnknownPrice

if TYPE_CHECKING:
    from typing import TypeAlias

    Price: TypeAlias = float | UnknownPrice

__all__ = ["HOURS_PER_MONTH", "dollars", "more_a_month", "per_month", "price_in_words"]

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


def price_in_words(price: Price, region: str | None) -> str:
    """Return a price as ``$9.01 a month in eu-west-1 ($0.0123 per hour)``, or why it is unknown."""
    if isinstance(price, UnknownPrice):
        return f"price unknown: {price.reason}"
    place = f" in {region}" if region else ""
    return f"{dollars(per_month(price))} a month{place} (${price:.4f} per hour)"


def more_a_month(month: Price, than: Price) -> str:
    """Return what a price per month adds to another one: ``$135 a month more``.

    Empty where one of them is unknown, or both are the same.
    """
    if isinstance(month, UnknownPrice) or isinstance(than, UnknownPrice) or month == than:
        return ""
    return f"{dollars(abs(month - than))} a month {'more' if month > than else 'less'}"
