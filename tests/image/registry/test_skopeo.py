"""What skopeo makes of 40 of the wrong answers, beside what the client here makes of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cdk_pull.image.reference import ImageReference
from cdk_pull.image.registry.client import RegistryClient
from cdk_pull.image.registry.many import look_up_all
from tests.image.registry.hostile import HostileRegistry, Spoilt, spoilt_answers
from tests.image.registry.servers import https_server
from tests.image.registry.test_hostile_many import LIMITS

LIST = Path(__file__).parents[3] / "docs" / "hostile-registries.md"
SECONDS = 8
EVERY = 10


def forty() -> list[Spoilt]:
    """Return every tenth of the 400 answers."""
    return list(spoilt_answers(400, seed=1))[5::EVERY][:40]


def described(spoilt: Spoilt) -> str:
    """Return what is answered, in a few characters."""
    if spoilt.slow:
        return f"{spoilt.slow}, without end"
    data = spoilt.raw if spoilt.raw is not None else spoilt.document or b""
    text = data[:400].decode("latin-1")
    if spoilt.raw is not None and text.startswith("HTTP/1.1 200 OK\r\nContent-Length: ") and "{}" not in text:
        text = f"200, {len(data)} bytes: {text.partition(chr(13) + chr(10) * 1 + chr(13))[2]}"
    return "".join(
        each if each.isascii() and each.isprintable() and each not in "|`" else "." for each in text
    )[:70]


def skopeo(image: str) -> str:
    """Return the first line of what ``skopeo inspect`` says, or that it did not end."""
    command = [
        "skopeo",
        "--command-timeout",
        f"{SECONDS}s",
        "inspect",
        "--no-tags",
        "--tls-verify=false",
        f"docker://{image}",
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS + 4, check=False)
    except subprocess.TimeoutExpired:
        return "does not end"
    return "reads it" if done.returncode == 0 else "error"


def outcomes() -> list[tuple[Spoilt, str, str]]:
    """Ask about all forty images with both programs."""
    answers = forty()
    hostile = HostileRegistry(answers)
    with https_server(hostile.handler(), None) as hostile.host:
        names = [f"{hostile.host}/h{number}:1" for number in range(len(answers))]
        ours = look_up_all(
            [(ImageReference.parse(name), None) for name in names],
            lambda: RegistryClient(lambda _: None, limits=LIMITS),
        )
        theirs = [skopeo(name) for name in names]
    here = [f"error: {each.error.problem}" if each.error else "reads it" for each in ours]
    return list(zip(answers, here, theirs, strict=True))


def table(rows: list[tuple[Spoilt, str, str]]) -> str:
    """Return the rows as Markdown."""
    lines = ["| step | answer | cdk-pull | skopeo |", "|---|---|---|---|"]
    lines += [
        f"| {spoilt.step} | `{described(spoilt)}` | {ours} | {theirs} |" for spoilt, ours, theirs in rows
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.long
@pytest.mark.skipif(shutil.which("skopeo") is None, reason="not installed: skopeo")
def test_skopeo_beside_cdk_pull() -> None:
    """The list in docs/hostile-registries.md is what both do."""
    assert table(outcomes()) in LIST.read_text(encoding="utf-8")
