"""Hundreds of wrong answers beside twenty good images: each wrong one is one line, and the good ones are read."""

from __future__ import annotations

import json
import resource
from datetime import date
from typing import TYPE_CHECKING

import pytest

from cdk_pull.image.context import to_context
from cdk_pull.image.reference import ImageReference
from cdk_pull.image.registry.client import RegistryClient
from cdk_pull.image.registry.many import LookUp, look_up_all
from cdk_pull.image.registry.transport import Limits
from tests.image.registry.fake import Registry
from tests.image.registry.hostile import HostileRegistry, spoilt_answers
from tests.image.registry.servers import https_server

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMITS = Limits(
    attempts=2,
    connect_seconds=3,
    silence_seconds=3,
    request_seconds=3,
    answer_seconds=6,
    layers_seconds=3,
    image_seconds=15,
    run_seconds=600,
    first_pause_seconds=0.01,
    max_pause_seconds=0.2,
)
GOOD = 20
# References that no registry can have, and that a parser of URLs may stumble over.
UNREACHABLE = (
    "127.0.0.1:99999/app:1", "127.0.0.1:0/app:1", "localhost:65536/app:1", "a..example/app:1", "[::ffff:7f00:1]:9/app:1", "[:::]/app:1",
    "[fe80]/app:1", "127.0.0.1:00000000000000000000000009/app:1", "xn--a.example:1/app:1", "999.999.999.999:1/app:1",
    "127.0.0.1:184467440737095516160/app:1",
)  # fmt: skip


def read(hostile: HostileRegistry, good: Registry) -> tuple[Sequence[LookUp], Sequence[LookUp]]:
    """Look everything up at once, and return the results of the hostile images and of the good ones."""
    bad = [f"{hostile.host}/h{number}:1" for number in range(len(hostile.answers))]
    bad += [name for name in UNREACHABLE if _is_reference(name)]
    names = bad[: len(bad) // 2] + [f"{good.host}/good{n}:1" for n in range(GOOD)] + bad[len(bad) // 2 :]
    results = look_up_all(
        [(ImageReference.parse(name), None) for name in names],
        lambda: RegistryClient(lambda _: None, limits=LIMITS),
    )
    return (
        [result for result in results if "/good" not in str(result.reference)],
        [result for result in results if "/good" in str(result.reference)],
    )


def _is_reference(name: str) -> bool:
    try:
        ImageReference.parse(name)
    except ValueError:
        return False
    return True


def check(count: int, seed: int) -> None:
    """Hold every result of so many wrong answers."""
    hostile, good = HostileRegistry(list(spoilt_answers(count, seed))), Registry()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (
        https_server(hostile.handler(), None) as hostile.host,
        https_server(good.handler(), None) as good.host,
    ):
        bad, others = read(hostile, good)
    assert [str(result.error) for result in others if result.error] == []
    assert len({result.facts.digest for result in others if result.facts}) == 1
    for result in bad:
        if result.error:
            message = str(result.error)
            assert message.isprintable()
            assert len(message) <= 2000
            # The net under everything is there, and nothing of this falls into it.
            assert "unexpected" not in message
            # Each ends by a bound of its own, and none by the one for the whole run.
            assert "of this run" not in message
        if result.facts:
            text = json.dumps(to_context(result.facts, date(2026, 11, 26)), ensure_ascii=False)
            assert text.encode().decode().isprintable()
            assert 0 <= result.facts.profile.compressed_bytes <= 600 << 40
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024 < 300


def test_400_wrong_answers() -> None:
    """Every kind of wrong answer once: one line each, bounded in time and memory, and twenty good images read."""
    check(400, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_2000_wrong_answers(seed: int) -> None:
    """The same for five times as many, most of them documents with wrong values."""
    check(2000, seed=seed)
