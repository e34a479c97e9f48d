"""Standard input, read within a bound."""

from __future__ import annotations

import sys

from cdk_pull.errors import InvalidValueError
from cdk_pull.units import format_bytes

__all__ = ["read_input"]


def read_input(max_bytes: int) -> bytes:
    """Return what standard input holds.

    Args:
        max_bytes: the largest size to accept, in bytes.

    Raises:
        InvalidValueError: if it is closed, cannot be read or exceeds the bound.
    """
    try:
        # Python has no stream where the caller has closed it.
        data = sys.stdin.buffer.read(max_bytes + 1) if sys.stdin is not None else None
    except OSError as error:
        raise InvalidValueError(
            f"standard input cannot be read ({error.strerror})", "-", allowed="a file, a pipe or a terminal"
        ) from None
    if data is None:
        raise InvalidValueError("standard input is closed", "-", allowed="a file, a pipe or a terminal")
    if len(data) > max_bytes:
        raise InvalidValueError(
            "standard input is too large", "-", allowed=f"at most {format_bytes(max_bytes)}"
        )
    return data
