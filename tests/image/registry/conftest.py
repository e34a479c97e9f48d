"""The registries that the tests of wrong answers ask, and what they hold every log line against."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.image.registry.asking import SECRETS
from tests.image.registry.fake import Registry
from tests.image.registry.servers import https_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def registry() -> Iterator[Registry]:
    """Run a registry without TLS."""
    made = Registry()
    with https_server(made.handler(), None) as made.host:
        yield made


@pytest.fixture
def other() -> Iterator[Registry]:
    """Run another host, to which the first may redirect."""
    made = Registry()
    with https_server(made.handler(), None) as made.host:
        yield made


@pytest.fixture
def no_secret(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Hold every log line of every library, at the finest level, against the secrets."""
    caplog.set_level(logging.DEBUG)
    yield
    text = "\n".join(record.getMessage() for record in caplog.get_records("call"))
    assert not [secret for secret in SECRETS if secret in text]
    assert "/v2/" in text
