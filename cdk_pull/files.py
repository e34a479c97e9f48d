"""The one way to read a file that a user or another program names: a regular file, of at most so many bytes."""

from __future__ import annotations

import json
import math
import os
import stat
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "MAX_FILE_BYTES",
    "UnreadableFileError",
    "parse_json",
    "read_json_object",
    "read_regular_file",
    "read_text",
]

MAX_FILE_BYTES: Final = 32 << 20
"""The default bound, in bytes: far above any settings, context or facts in use."""


class UnreadableFileError(InvalidValueError):
    """A file that cannot be read.

    Attributes:
        reason: why, in a few words.
    """

    def __init__(self, what: str, path: Path, reason: str, *, allowed: str) -> None:
        super().__init__(f"{what} {reason}", str(path), allowed=allowed)
        self.reason = reason


def read_regular_file(path: Path, what: str, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a regular file; never wait for a pipe, never read a device.

    Args:
        path: of the file; symbolic links are followed.
        what: the file's role, such as ``context file``, which begins the message of an error.
        max_bytes: the largest size to accept, in bytes.

    Raises:
        FileNotFoundError: if there is no such file.
        UnreadableFileError: if it is not a regular file, exceeds the bound or cannot be read.
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
        raise UnreadableFileError(
            what, path, f"cannot be read ({reason})", allowed="a file that you may read"
        ) from None
    if not regular:
        raise UnreadableFileError(what, path, "is not a regular file", allowed="a regular file")
    if len(data) > max_bytes:
        raise UnreadableFileError(what, path, "is too large", allowed=f"at most {format_bytes(max_bytes)}")
    return data


def read_text(path: Path, what: str, *, max_bytes: int = MAX_FILE_BYTES) -> str:
    """Return the text of a regular file in UTF-8, without a byte order mark.

    Raises:
        InvalidValueError: if there is no such file, it cannot be read, or it is not UTF-8.
    """
    try:
        return read_regular_file(path, what, max_bytes=max_bytes).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UnreadableFileError(
            what, path, f"cannot be read ({error.strerror})", allowed="a file that exists"
        ) from None
    except UnicodeDecodeError:
        raise UnreadableFileError(what, path, "is not text", allowed="text in UTF-8") from None


def parse_json(text: str | bytes) -> Any:
    """Return what a JSON text says; ``NaN``, ``Infinity`` and numbers beyond all bounds are not JSON.

    Raises:
        ValueError: if it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_json_object(path: Path, what: str, *, allowed: str = "a JSON object") -> dict[str, Any]:
    """Return the JSON object of a regular file.

    Args:
        path: of the file.
        what: the file's role, which begins the message of an error.
        allowed: what it should hold, for the message.

    Raises:
        InvalidValueError: if there is no such file, it cannot be read, or it holds no JSON object.
    """
    text = read_text(path, what)
    try:
        document = parse_json(text)
    except ValueError as error:
        raise InvalidValueError(f"{what} is not JSON ({error})", str(path), allowed=allowed) from None
    if not isinstance(document, dict):
        raise InvalidValueError(f"{what} is not a JSON object", str(path), allowed=allowed)
    return document


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is not a finite number")
    return value
