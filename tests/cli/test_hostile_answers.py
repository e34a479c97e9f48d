"""Answers of AWS and of registries that nobody would give: one line, the documented status, and nothing that is unsafe."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.amazon import Amazon, amazon_at, answers
from tests.cli.test_hostile_text import HOSTILE, ONE_LINE, _assert_safe, _run
from tests.image.registry.fake import Registry, Reply
from tests.image.registry.layouts import Image, layer, manifest_of
from tests.image.registry.servers import https_server

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS = [HOSTILE, ONE_LINE]
IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1"
ASKING = [
    ["why", "web", "--no-look-up"],
    ["why", "web", "--no-look-up", "--json"],
    ["why", "other", "--no-look-up"],
    ["measure", "--cluster", "prod", "--save", "m.json"],
    ["measure", "--log-group", "recorded", "--json"],
    ["calibrate", "recorded", "--save", "m.json"],
    ["calibrate", "recorded", "--save", "m.json", "--json"],
    ["replicated", IMAGE],
    ["replicated", IMAGE, "--json"],
]
ANSWERED = {
    "DescribeServices": ASKING[0],
    "ListTasks": ASKING[0],
    "DescribeTasks": ASKING[0],
    "DescribeTaskDefinition": ASKING[0],
    "ListServices": ["why", "other", "--no-look-up"],
    "FilterLogEvents": ["calibrate", "recorded", "--save", "m.json"],
    "DescribeImageReplicationStatus": ["replicated", IMAGE],
}
BODIES: list[tuple[int, bytes]] = [
    (200, b""), (200, b"[]"), (200, b"null"), (200, b"5"), (200, b"\xff"), (200, b"<html>"), (200, b"{"), (200, b'{"x":' * 5000),
    (204, b""), (302, b""), (400, b""), (400, b"[]"), (400, b"<html>"), (400, b'{"__type": 5}'), (403, b"\xff"),
    (400, json.dumps({"__type": f"A{HOSTILE}", "message": HOSTILE}).encode()),
]  # fmt: skip
VALUES: list[Any] = [
    None, 5, -1, True, 1e300, 10**30, float("nan"), "x", HOSTILE, "9" * 400, "0001-01-01T00:00:00+23:00", [], [None], [[]], {}, {"a": {}},
]  # fmt: skip


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Amazon]:
    """Run an AWS, in a folder of our own."""
    monkeypatch.chdir(tmp_path)
    with amazon_at(monkeypatch) as made:
        yield made


def _hold(capfdbinary: pytest.CaptureFixture[bytes], arguments: list[str]) -> str:
    """Run a command, and hold how it ends and what it prints."""
    status, out, err = _run(capfdbinary, *arguments)
    assert status in {0, 1, 2}, err
    _assert_safe(out)
    _assert_safe(err)
    assert len(err.splitlines()) <= 1
    if "--json" in arguments and status == 0:
        json.loads(out)
    return out + err


@pytest.mark.parametrize("text", TEXTS, ids=["lines", "line"])
@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
def test_text_of_aws(
    amazon: Amazon, capfdbinary: pytest.CaptureFixture[bytes], arguments: list[str], text: str
) -> None:
    """Names, reasons, events, images and records of AWS are printed safely, in words and in JSON."""
    amazon.answers = answers(text)
    if "other" in arguments:
        amazon.answers["DescribeServices"] = {"services": []}
        amazon.answers["DescribeTasks"] = {"tasks": []}
    printed = _hold(capfdbinary, arguments)
    assert printed
    amazon.answers = dict.fromkeys(
        amazon.answers, (400, json.dumps({"__type": f"Denied{text}", "message": text}).encode())
    )
    assert "Denied" in _hold(capfdbinary, arguments)


@pytest.mark.parametrize("operation", ANSWERED)
def test_answers_of_another_form(
    amazon: Amazon, capfdbinary: pytest.CaptureFixture[bytes], operation: str
) -> None:
    """What is no JSON, of another shape or out of range is one line that names the service, or is left out."""
    if operation == "ListServices":
        amazon.answers["DescribeServices"] = {"services": []}
        amazon.answers["DescribeTasks"] = {"tasks": []}
    for body in BODIES:
        amazon.answers[operation] = body
        _hold(capfdbinary, ANSWERED[operation])
    right = answers()[operation]
    paths = list(_paths(right))
    choice = random.Random(operation)  # noqa: S311 - which value is wrong is no secret
    for path in choice.sample(paths, min(len(paths), 20)):
        amazon.answers[operation] = _with(right, path, choice.choice(VALUES))
        _hold(capfdbinary, ANSWERED[operation])


@pytest.mark.parametrize("text", TEXTS, ids=["lines", "line"])
def test_text_of_a_registry(
    capfdbinary: pytest.CaptureFixture[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
) -> None:
    """Labels, steps, versions and errors of a registry are printed safely, and so is what is kept of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    registry = Registry()
    labels = {"org.opencontainers.image.ref.name": text, "org.opencontainers.image.version": text, text: text}
    image = Image((layer("gzip"),), labels=labels, os_version=text)
    registry.tags["1"] = manifest_of(image, registry.store)
    error = json.dumps({"errors": [{"code": text, "message": text, "detail": text}]}).encode()
    kind = "".join(char for char in text if " " <= char <= "~")
    headers = {"WWW-Authenticate": f'Bearer realm="{kind}"', "Retry-After": "0", "Content-Type": kind}
    for number, status in enumerate((400, 401, 403, 404, 429, 500, 503)):
        reply: Reply = (status, headers, error)
        registry.replies[f"/v2/e{number}/manifests/1"] = lambda _, reply=reply: reply  # type: ignore[misc]
    registry.replies["/v2/t/manifests/1"] = lambda _: (200, {"Content-Type": kind}, error)
    registry.replies["/v2/l/manifests/1"] = lambda _: (307, {"Location": f"http://{kind}/"}, b"")
    with https_server(registry.handler(), None) as registry.host:
        names = [f"{registry.host}/{name}:1" for name in ("app", "t", "l", *(f"e{n}" for n in range(7)))]
        containers = [{"Name": f"c{number}", "Image": name} for number, name in enumerate(names)]
        tasks = {
            "T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": containers}}
        }
        Path("t.json").write_text(json.dumps({"Resources": tasks}))
        for arguments in (
            ["inspect", *names],
            ["inspect", *names, "--json"],
            ["size", names[0]],
            ["plan", names[0]],
            ["lookup", "t.json"],
            ["check", "t.json"],
        ):
            status, out, err = _run(capfdbinary, *arguments)
            assert status in {0, 1, 2}, err
            _assert_safe(out)
            _assert_safe(err)
            assert "internal error" not in err
            assert len(err.splitlines()) <= len(names) + 1
    assert Path("cdk.context.json").read_text().isascii()


def _paths(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, value in children:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def _with(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    made = copy.deepcopy(document)
    here = made
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return made
