"""Sizes and durations as people and tools write them."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast, runtime_checkable

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

__all__ = [
    "DurationLike",
    "SizeLike",
    "SupportsToKibibytes",
    "SupportsToMilliseconds",
    "bytes_of",
    "format_bytes",
    "parse_bytes",
    "parse_seconds",
    "to_timedelta",
]

# Registries and `docker images` count in powers of 1000; KiB and its kin are spelled out by those who mean them.
_FACTORS = {
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_SIZE = lazy_pattern(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*", re.ASCII)
_SECONDS = lazy_pattern(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) *(s|m|min)?", re.ASCII | re.IGNORECASE)
_MAX_SECONDS = 1_000_000
# An exabyte: what is more is no size of anything, and large enough a number to end arithmetic with it.
_MOST = 10**18
_SIZES_ALLOWED = (
    "a number with B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB, such as '800MB' or '2.4GB'"
)


@runtime_checkable
class SupportsToMilliseconds(Protocol):
    """What the plain layers ask of ``aws_cdk.Duration``."""

    def to_milliseconds(self) -> float:
        """Return the length in milliseconds."""


@runtime_checkable
class SupportsToKibibytes(Protocol):
    """What the plain layers ask of ``aws_cdk.Size``."""

    def to_kibibytes(self) -> float:
        """Return the size in KiB; what tells a size from a number, which has ``to_bytes`` as well."""

    def to_bytes(self) -> float:
        """Return the size in bytes."""


DurationLike: TypeAlias = timedelta | SupportsToMilliseconds
SizeLike: TypeAlias = str | SupportsToKibibytes


def to_timedelta(what: str, value: DurationLike) -> timedelta:
    """Return a ``timedelta`` for a ``timedelta`` or an ``aws_cdk.Duration``.

    Raises:
        InvalidValueError: for anything else, such as a bare number whose unit nobody can know.
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, SupportsToMilliseconds):
        try:
            return timedelta(milliseconds=_milliseconds(cast("Hashable", value)))
        except (OverflowError, RuntimeError) as error:
            # CDK refuses to convert a length that is a token, and Python one of a million years.
            raise InvalidValueError(
                f"{what} is not known at synth",
                str(error).splitlines()[0],
                allowed="a duration without tokens",
            ) from None
    raise InvalidValueError(
        f"{what} is not a duration",
        value,
        allowed="aws_cdk.Duration.minutes(30) or datetime.timedelta(minutes=30)",
    )


# One duration often serves many constructs, and asking for its length is a call to JavaScript.
@lru_cache(maxsize=16)
def _milliseconds(duration: Hashable) -> float:
    return cast("SupportsToMilliseconds", duration).to_milliseconds()


def parse_bytes(value: SizeLike, what: str = "size") -> int:
    """Return the number of bytes in ``"800MB"``, ``"2.4 GB"``, ``"1GiB"`` or an ``aws_cdk.Size``.

    Raises:
        InvalidValueError: for a negative size, a missing or unknown unit, a token, or anything that is not a size.
    """
    if isinstance(value, SupportsToKibibytes):
        return _bytes_of(value, what)
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    unit = match.group(2).lower() if match else ""
    if (match and not unit) or (isinstance(value, int | float) and not isinstance(value, bool)):
        raise InvalidValueError(f"{what} has no unit", value, allowed=_SIZES_ALLOWED)
    if match is None or unit not in _FACTORS:
        raise InvalidValueError(f"{what} is not a size in bytes", value, allowed=_SIZES_ALLOWED)
    count = float(match.group(1)) * _FACTORS[unit]
    if count > _MOST:
        raise InvalidValueError(f"{what} is beyond counting", f"{value[:20]}…", allowed=_SIZES_ALLOWED)
    return round(count)


def _plain_bytes(value: int, what: str) -> int:
    """Return a number of bytes that was given under a name that says so, such as ``compressed_bytes``.

    Raises:
        InvalidValueError: for anything but a whole number from 0 to an exabyte.
    """
    # JavaScript has one kind of number: what comes from there may be 256.0.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST or value % 1:
        raise InvalidValueError(f"{what} is not a number of bytes", value, allowed="a whole number from 0")
    return int(value)


def _bytes_of(size: SupportsToKibibytes, what: str) -> int:
    try:
        count = size.to_bytes()
    except RuntimeError as error:
        # CDK refuses to convert a size that is a token.
        raise InvalidValueError(
            f"{what} is not known at synth", str(error).splitlines()[0], allowed="a size without tokens"
        ) from None
    # A token in bytes is a number far below any size.
    if not 0 <= count <= _MOST:
        raise InvalidValueError(f"{what} is not known at synth", "a token", allowed="a size without tokens")
    return round(count)


def bytes_of(given: Mapping[str, Any], size: str, count: str) -> int | None:
    """Return what is given as a size or, under a name that says so, as a number of bytes; None for neither.

    Raises:
        ConflictError: for both.
        InvalidValueError: for a size without a unit, or anything else that is not one.
    """
    value, number = given.get(size), given.get(count)
    if value is not None and number is not None:
        raise ConflictError(f"{size}={value!r} and {count}={number!r} are both given: keep one of them")
    if number is not None:
        return _plain_bytes(number, count)
    return None if value is None else parse_bytes(value, size)


def parse_seconds(text: str, what: str) -> float:
    """Return the seconds of ``"60s"``, ``"1.5m"`` or ``"90"``.

    Raises:
        InvalidValueError: for what is not a duration of 0 to 1,000,000 seconds.
    """
    match = _SECONDS.fullmatch(text.strip()) if isinstance(text, str) else None
    count = float(match[1]) * (1 if (match[2] or "s").lower() == "s" else 60) if match else math.inf
    if count > _MAX_SECONDS:
        raise InvalidValueError(
            f"{what} is not a duration", text, allowed="seconds or minutes such as 60s or 1.5m"
        )
    return count


def format_bytes(count: float) -> str:
    """Return a short text for a number of bytes, such as ``2.4 GB``, in powers of 1000."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            # Three digits, but 1000 is not 1e+03.
            return f"{count / factor:{'.3g' if count < 999.5 * factor else '.0f'}} {unit}"
    return f"{count:.0f} B"
