"""How the tests of wrong answers ask a registry: as alice, quickly, and with an eye on her secrets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cdk_pull.image.reference import ImageReference
from cdk_pull.image.registry.client import RegistryClient
from cdk_pull.image.registry.credentials import Credentials
from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.image.registry.transport import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.image.facts import ImageFacts
    from tests.image.registry.fake import Registry, Reply

__all__ = ["ALICE", "MANIFEST", "PASSWORD", "QUICK", "SECRETS", "SIGNATURE", "always", "failure", "look_up"]

MANIFEST = "/v2/app/manifests/1"
PASSWORD = "s3cret-pass-word"  # noqa: S105 - a test's own
SIGNATURE = "X-Amz-Signature=s1gnature-of-a-url"
ALICE = Credentials("alice", PASSWORD)
QUICK = Limits(attempts=3, connect_seconds=2, silence_seconds=1, request_seconds=2, first_pause_seconds=0.01)
SECRETS = (PASSWORD, ALICE.basic.removeprefix("Basic "), "s1gnature-of-a-url", "t0ken-of-a-server")


def look_up(registry: Registry, image: str = "app:1", limits: Limits = QUICK) -> ImageFacts:
    """Look an image up, as alice."""

    async def run() -> ImageFacts:
        async with RegistryClient(lambda _: ALICE, limits=limits) as client:
            return await client.look_up(ImageReference.parse(f"{registry.host}/{image}"))

    return asyncio.run(run())


def failure(registry: Registry, image: str = "app:1") -> tuple[Problem, str]:
    """Return how a look-up fails, the host left out; no error may hold a secret."""
    with pytest.raises(RegistryError) as error:
        look_up(registry, image)
    message = str(error.value)
    assert not [secret for secret in SECRETS if secret in message]
    assert "\n" not in message
    return error.value.problem, message.replace(registry.host, "HOST")


def always(status: int, body: bytes = b"", **headers: str) -> Callable[[int], Reply]:
    """Give the same answer each time."""
    return lambda _: (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
