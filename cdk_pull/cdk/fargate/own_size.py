"""Tells the constructs that choose their own size from those that an injector may size."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_own_size", "own_size"]

_OWN: ContextVar[bool] = ContextVar("own_size", default=False)


@contextmanager
def own_size() -> Iterator[None]:
    """Make a task definition whose size is decided already: CDK calls an injector before there is any construct."""
    token = _OWN.set(True)
    try:
        yield
    finally:
        _OWN.reset(token)


def is_own_size() -> bool:
    """Return whether the task definition that is being made has decided on its size itself."""
    return _OWN.get()
