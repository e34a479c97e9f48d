"""Keeps the libraries' log lines on our own requests out of every log: they carry tokens and signatures.

httpx logs every URL with its query, httpcore every header of an answer, botocore every body. The filters count only
where `quiet` is under way, so that a program's own requests are logged as it wishes.
"""

from __future__ import annotations

import contextvars
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["hush", "quiet"]

_ours: contextvars.ContextVar[bool] = contextvars.ContextVar("_ours", default=False)
_LIBRARIES: Final = ("boto3", "botocore", "httpcore", "httpx", "hpack", "s3transfer", "urllib3")
# httpcore fetches these when it is first used.
_LATER: Final = ("httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpx")


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out what the libraries log in this block, in this task and the threads that it starts; see `hush`."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


def hush() -> None:
    """Put the filter on every logger of the libraries that there is by now: one on a parent does not count."""
    for name in (*_LATER, *list(logging.root.manager.loggerDict)):
        if name.partition(".")[0] in _LIBRARIES:
            logging.getLogger(name).addFilter(_is_not_ours)


def _is_not_ours(_: logging.LogRecord) -> bool:
    return not _ours.get()
