"""Standard output and error: what is written there is printable, and a failure to write is an error like others."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.patterns import lazy_pattern
from cdk_pull.printing import json_safe, line_safe, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OutputError", "echo_json", "safe_streams", "tell", "write_output"]

# Colours and weights, as rich and the findings in colour have them; no hidden text.
_STYLE: Final = lazy_pattern(r"(\x1b\[(?:0|[1-7]|9|2[1-9]|[34][0-9]|9[0-7]|10[0-7]|;)*m)")
_TAIL: Final = 64


class OutputError(Exception):
    """Standard output cannot be written.

    Attributes:
        reason: of the system.
        broken_pipe: whether nobody reads it any longer, as after ``| head``.
    """

    def __init__(self, error: OSError | ValueError) -> None:
        self.reason = getattr(error, "strerror", None) or str(error)
        self.broken_pipe = isinstance(error, BrokenPipeError)
        super().__init__(self.reason)


class _SafeStream(io.TextIOWrapper):
    """Writes what is printable, and no line that a runner would take for a command."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        buffer: Any = stream.buffer
        self._unbuffered = isinstance(buffer, io.RawIOBase)
        super().__init__(
            # A raw file, as with PYTHONUNBUFFERED, may write a part and not say so.
            io.BufferedWriter(buffer) if self._unbuffered else buffer,
            encoding=stream.encoding,
            errors="replace",
            line_buffering=self._unbuffered or stream.line_buffering,
        )
        self._line = ""
        # FORCE_COLOR asks rich for colours where there is no terminal, such as in a log that shows them.
        self._styled = stream.isatty() or bool(os.environ.get("FORCE_COLOR"))
        self._terminal = stream.isatty()

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str, /) -> int:
        pieces = text.splitlines(keepends=True) if "\n" in text else [text]
        try:
            super().write("".join(map(self._safe, pieces)))
        except OSError as error:
            raise OutputError(error) from None
        return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise OutputError(error) from None

    def _safe(self, piece: str) -> str:
        body = piece.rstrip("\r\n") if piece.endswith("\n") else piece
        body = body.replace("\t", "    ")
        if self._styled:
            body = "".join(
                part if index % 2 else printable(part) for index, part in enumerate(_STYLE.split(body))
            )
        else:
            body = printable(body)
        whole = line_safe(self._line + body)
        # What stands in the line already cannot be taken back.
        body = whole[len(self._line) :] if whole.startswith(self._line) else f" {body}"
        ended = piece.endswith("\n")
        self._line = "" if ended else (self._line + body)[-_TAIL:]
        return f"{body}\n" if ended else body

    def leave(self) -> None:
        """Give the buffer back; what could not be written is dropped, as the error has been told."""
        try:
            self.flush()
        except (OSError, ValueError, OutputError):
            # Python would try again at its end, and fail with a status of its own.
            with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - nothing is written to it
                os.dup2(nowhere.fileno(), self.fileno())
        buffer: Any = self.detach()
        if self._unbuffered:
            buffer.detach()


class _Closed(io.TextIOBase):
    """In place of a standard output that the caller has closed: writing to it fails, as it does for any tool."""

    encoding = "utf-8"

    def write(self, text: str, /) -> int:
        if not isinstance(text, str):
            # So that click knows that this is a stream of text.
            raise TypeError(text)
        if text:
            raise OutputError(OSError(errno.EBADF, os.strerror(errno.EBADF)))
        return 0


@contextmanager
def safe_streams() -> Iterator[None]:
    """Let everything that is written to standard output and error be safe to read, while the context lasts."""
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - a name and no path of the user's
        out: Any = _Closed() if sys.stdout is None else sys.stdout
        err: Any = nowhere if sys.stderr is None else sys.stderr
        safe = [_SafeStream(each) if isinstance(each, io.TextIOWrapper) else each for each in (out, err)]
        for each in before:
            if each is not None:
                each.flush()
        sys.stdout, sys.stderr = safe
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before
            for each in safe:
                if isinstance(each, _SafeStream):
                    each.leave()


def write_output(text: str) -> None:
    """Write a report that is safe already to standard output, in UTF-8 whatever the locale says.

    Raises:
        OutputError: if it cannot be written.
    """
    sys.stdout.flush()
    data = f"{text}\n".encode("utf-8", "backslashreplace")
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(data.decode())
        return
    try:
        buffer.write(data)
        buffer.flush()
    except OSError as error:
        raise OutputError(error) from None


def tell(message: str) -> None:
    """Write a line about the run to standard error.

    Raises:
        OutputError: if it cannot be written.
    """
    sys.stderr.write(f"cdk-pull: {printable(message)}\n")
    sys.stderr.flush()


def echo_json(document: Any) -> None:
    """Print a document as JSON, in ASCII.

    Raises:
        OutputError: if it cannot be written.
    """
    sys.stdout.write(f"{json_safe(json.dumps(document, indent=2))}\n")
