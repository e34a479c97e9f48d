"""Sizes and durations as people and tools write them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Protocol, TypeAlias, runtime_checkable

from cdk_pull.errors import InvalidValueError

__all__ = ["DurationLike", "SupportsToMilliseconds", "format_bytes", "parse_bytes", "to_timedelta"]

# Registries and `docker images` count in powers of 1000; KiB and its kin are spelled out by those who mean them.
_FACTORS = {
    "": 1,
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
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*", re.ASCII)
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


DurationLike: TypeAlias = timedelta | SupportsToMilliseconds


def to_timedelta(what: str, value: DurationLike) -> timedelta:
    """Return a ``timedelta`` for a ``timedelta`` or an ``aws_cdk.Duration``.

    Raises:
        InvalidValueError: for anything else, such as a bare number whose unit nobody can know.
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, SupportsToMilliseconds):
        try:
            return timedelta(milliseconds=value.to_milliseconds())
        except (OverflowError, RuntimeError) as error:
            # CDK refuses to convert a length that is a token, and Python one of a million years.
            raise InvalidValueError(
                f"{what} cannot be told now", str(error).splitlines()[0], allowed="a plain length, no token"
            ) from None
    raise InvalidValueError(
        f"{what} is not a duration",
        value,
        allowed="aws_cdk.Duration.minutes(30) or datetime.timedelta(minutes=30)",
    )


def parse_bytes(text: str, what: str = "size") -> int:
    """Return the number of bytes in ``"800MB"``, ``"2.4 GB"``, ``"1GiB"`` or ``"1024"``.

    Raises:
        InvalidValueError: for a negative size, an unknown unit, or anything that is not a size.
    """
    match = _SIZE.fullmatch(text) if isinstance(text, str) else None
    factor = _FACTORS.get(match.group(2).lower()) if match else None
    if match is None or factor is None:
        raise InvalidValueError(f"{what} is not a size in bytes", text, allowed=_SIZES_ALLOWED)
    count = float(match.group(1)) * factor
    if count > _MOST:
        raise InvalidValueError(f"{what} is beyond counting", f"{text[:20]}…", allowed=_SIZES_ALLOWED)
    return round(count)


def format_bytes(count: float) -> str:
    """Return a short text for a number of bytes, such as ``2.4 GB``, in powers of 1000."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            # Three digits, but 1000 is not 1e+03.
            return f"{count / factor:{'.3g' if count < 999.5 * factor else '.0f'}} {unit}"
    return f"{count:.0f} B"
