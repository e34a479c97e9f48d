"""Which servercore images the Windows hosts of Fargate have cached on a day.

Fargate's hosts hold the servercore image of the most recent and of the previous monthly release (Patch Tuesday, the
second Tuesday). How soon after a Patch Tuesday they do is unpublished, so a lag is allowed for: before it is over they
hold either the newest two or the two before, and the previous month's image is there either way.
Source: Amazon ECS Developer Guide, Fargate platform versions for Windows.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from cdk_pull.errors import InvalidValueError
from cdk_pull.records import dataclass
from cdk_pull.units import to_timedelta
from cdk_pull.windows.catalogue import Catalogue, Release, packaged_catalogue
from cdk_pull.windows.families import fargate_family

if TYPE_CHECKING:
    from cdk_pull.units import DurationLike
    from cdk_pull.windows.families import Product

__all__ = [
    "DEFAULT_LAG",
    "MAX_LAG",
    "CacheWindow",
    "Days",
    "cache_window",
    "cached_days",
    "to_date",
    "to_lag",
]

DEFAULT_LAG: Final = timedelta(days=7)
"""How long after a Patch Tuesday the hosts may still lack its image; AWS's Windows AMIs take five business days."""

MAX_LAG: Final = timedelta(days=27)
"""The longest lag that may be asked for: less than the four weeks between two Patch Tuesdays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A day that is known to within the lag.

    Attributes:
        earliest: the first day it can be.
        latest: the last day it can be.
    """

    earliest: date
    latest: date

    def to_json(self) -> dict[str, str]:
        """Return both days in ISO form."""
        return {"earliest": self.earliest.isoformat(), "latest": self.latest.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheWindow:
    """What the hosts of a family have cached on a day.

    Attributes:
        family: the operating system family.
        on: the day.
        status: ``unknown`` when the catalogue does not reach the day.
        tags: the cached tags, the floating one, the newest month's, the month before's; empty when unknown. During the
            lag the newest month's may not be there yet.
        pin: the release to build on: the newest, during the lag the month before's; None when unknown.
        cached_from: when the hosts got the pin; None when unknown.
        cached_until: when the hosts drop it, from the first day on which it may be gone; None when unknown.
        reason: one sentence on the above.
        notes: what else a user of these tags should know.
    """

    family: str
    on: date
    status: Literal["cached", "unknown"]
    reason: str
    tags: tuple[str, ...] = ()
    pin: Release | None = None
    cached_from: Days | None = None
    cached_until: Days | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the window in JSON's types."""
        return {
            "family": self.family,
            "date": self.on.isoformat(),
            "status": self.status,
            "tags": list(self.tags),
            "safe_pin": self.pin.tag if self.pin else None,
            "cached_from": self.cached_from.to_json() if self.cached_from else None,
            "cached_until": self.cached_until.to_json() if self.cached_until else None,
            "reason": self.reason,
            "notes": list(self.notes),
        }


def cache_window(
    family: str, on: date | str, *, lag: DurationLike = DEFAULT_LAG, catalogue: Catalogue | None = None
) -> CacheWindow:
    """Return what the hosts of a family have cached on a day.

    Args:
        family: such as ``WINDOWS_SERVER_2022_CORE``.
        on: the day, as a date or ``YYYY-MM-DD``.
        lag: how long after a Patch Tuesday the hosts may still lack its image, at most 27 days.
        catalogue: the package's own by default.

    Raises:
        UnsupportedError: for a family that Fargate does not run.
        InvalidValueError: for another family, a day that is none, or a lag out of bounds.
    """
    product = fargate_family(family)
    day = to_date(on)
    lag = to_lag(lag)
    catalogue = catalogue or packaged_catalogue()
    released = [release for release in catalogue.monthly(product.name) if release.day <= day]
    reason = _out_of_reach(catalogue, product, day, len(released))
    if reason:
        return CacheWindow(family=family, on=day, status="unknown", reason=reason)
    previous, newest = released[-2:]
    pin = newest if day >= newest.day + lag else previous
    return CacheWindow(
        family=family,
        on=day,
        status="cached",
        tags=(product.floating_tag, newest.tag, previous.tag),
        pin=pin,
        cached_from=_within(pin.day, lag),
        cached_until=cached_days(pin, lag=lag),
        reason=_why(pin, newest, lag),
        notes=_notes(catalogue, product, newest, day),
    )


def cached_days(release: Release, *, lag: timedelta = DEFAULT_LAG) -> Days:
    """Return when the hosts drop a monthly release: at the second Patch Tuesday after its own, 56 or 63 days later."""
    return _within(release.patch_tuesday_after(2), lag)


def to_lag(lag: DurationLike) -> timedelta:
    """Return a lag after Patch Tuesday given as a ``timedelta`` or an ``aws_cdk.Duration``.

    Raises:
        InvalidValueError: for what is no duration, or one out of bounds.
    """
    length = to_timedelta("lag", lag)
    if not timedelta(0) <= length <= MAX_LAG:
        raise InvalidValueError(
            "lag after Patch Tuesday is out of bounds", str(length), allowed=f"0 to {MAX_LAG.days} days"
        )
    return length


def to_date(on: date | str) -> date:
    """Return a day given as a date or as ``YYYY-MM-DD``.

    Raises:
        InvalidValueError: for anything else.
    """
    if isinstance(on, datetime):
        return on.date()
    if isinstance(on, date):
        return on
    try:
        day = date.fromisoformat(on)
    except (TypeError, ValueError):
        day = None
    # fromisoformat also reads week dates and dates without dashes.
    if day is None or day.isoformat() != on:
        raise InvalidValueError("date is malformed", on, allowed="a day as YYYY-MM-DD")
    return day


def _within(day: date, lag: timedelta) -> Days:
    return Days(earliest=day, latest=day + lag)


def _out_of_reach(catalogue: Catalogue, product: Product, day: date, released: int) -> str:
    months = catalogue.monthly(product.name)
    horizon = catalogue.horizon(product.name)
    if day >= horizon:
        return (
            f"the catalogue of {product.name} ends with the release of {months[-1].day}; the next one was due on {horizon}, "
            f"and {day} is not before that: refresh the catalogue with cdk-pull refresh windows"
        )
    if released < 2:  # noqa: PLR2004 - the window is two months wide
        return f"the catalogue of {product.name} answers from {months[1].day} on; {day} is before that"
    return ""


def _why(pin: Release, newest: Release, lag: timedelta) -> str:
    if pin is newest:
        return f"{pin.tag} is the newest monthly release, of {pin.day}, and stays cached longest"
    return (
        f"the release of {newest.day} may not have reached the hosts before {newest.day + lag}; "
        f"{pin.tag}, of {pin.day}, is cached either way"
    )


def _notes(catalogue: Catalogue, product: Product, newest: Release, day: date) -> tuple[str, ...]:
    moves = catalogue.out_of_band(product.name, newest.day, day)
    if not moves:
        return ()
    note = (
        f"{product.floating_tag} was moved to the out-of-band build {moves[-1].build} on {moves[-1].day}, which the "
        f"hosts need not have: build on {newest.tag}"
    )
    return (note,)
