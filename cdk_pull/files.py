"""The one way to read a file that a user or another program names: a regular file, of at most so many bytes."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MAX_FILE_BYTES", "read_regular_file"]

MAX_FILE_BYTES: Final = 32 << 20
"""The default bound, in bytes: far above any settings, context or facts in use."""


def read_regular_file(path: Path, what: str, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a regular file; never wait for a pipe, never read a device.

    Args:
        path: of the file; symbolic links are followed.
        what: the file's role, such as ``context file``, which begins the message of an error.
        max_bytes: the largest size to accept, in bytes.

    Raises:
        FileNotFoundError: if there is no such file.
        InvalidValueError: if it is not a regular file, exceeds the bound or cannot be read.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe waits for somebody to write to it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            data = file.read(max_bytes + 1) if regular else b""
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # the latter for a name with a null character
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidValueError(
            f"{what} cannot be read ({reason})", str(path), allowed="a file that you may read"
        ) from None
    if not regular:
        raise InvalidValueError(f"{what} is not a regular file", str(path), allowed="a regular file")
    if len(data) > max_bytes:
        raise InvalidValueError(
            f"{what} is too large", str(path), allowed=f"at most {format_bytes(max_bytes)}"
        )
    return data
