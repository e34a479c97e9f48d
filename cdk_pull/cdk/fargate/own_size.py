"""Tells the constructs that choose their own size from those that an injector or a mixin may size."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from cdk_pull.cdk.synth.constructs import identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aws_cdk as cdk

__all__ = ["is_own_size", "own_request", "own_size", "remember_own_request"]

_OWN: ContextVar[bool] = ContextVar("own_size", default=False)
# By the L1's identity: asking its metadata is a call to JavaScript for each task definition of an app.
_REQUESTS: Final[dict[str, str]] = {}


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


def remember_own_request(definition: cdk.CfnResource, request: str) -> None:
    """Remember what a construct has decided the size of its own task definition for."""
    _REQUESTS[identity(definition)] = request


def own_request(definition: cdk.CfnResource) -> str:
    """Return what a construct has decided the size of its task definition for, or nothing."""
    return _REQUESTS.get(identity(definition), "")
