from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from cdk_pull.cli import main
from cdk_pull.image.context import context_key, to_context
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import ImageProfile
from cdk_pull.image.reference import ImageReference
from tests.fargate.task_records import DIGEST, ECR, event, task
from tests.image.registry.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PROFILE = ImageProfile.of_size(compressed_bytes=800_000_000, uncompressed_bytes=2_000_000_000)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    """Run the command and return its exit status, standard output and standard error."""
    with pytest.raises(SystemExit) as caught:
        main(["measure", *arguments])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write 600 events of 200 tasks on two sizes, with cached pulls on EC2 between them, and know their image."""
    monkeypatch.chdir(tmp_path)
    lines = []
    for n in range(200):
        details: dict[str, Any] = {"pull": 20.0 + n % 11, "cpu": 512 if n % 4 else 1024, "pre": 10.0 + n % 5}
        states: list[dict[str, Any]] = [{"post": None}, {}, {"stoppedAt": "x"}]
        lines += [json.dumps(event(task(n, **{**details, **state}))) for state in states]
    lines += [json.dumps(event(task(1000 + n, pull=0.2, launchType="EC2"))) for n in range(7)]
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(lines))
    facts = ImageFacts(reference="x", digest=DIGEST, profile=PROFILE)
    key = context_key(ImageReference.parse(f"{ECR}/app:1"), Platform())
    Path("cdk.context.json").write_text(json.dumps({key: to_context(facts, date(2026, 11, 23))}))
    return path


def test_a_table(events: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each image and size has a line with the median and the deciles of each phase; cached pulls are left out."""
    monkeypatch.setenv("COLUMNS", "140")
    status, out, err = run(capsys, str(events))
    assert (status, err) == (0, "")
    assert [line.rstrip() for line in out.splitlines()] == [
        f"{ECR}/app:1",
        "Size              n        pre-pull            pull    post-pull           total",
        "0.5 vCPU, 1 GB  150  12 s (10-14 s)  25 s (21-29 s)  4 s (4-4 s)  41 s (36-46 s)",
        "1 vCPU, 2 GB     50  12 s (10-14 s)  25 s (21-29 s)  4 s (4-4 s)  41 s (37-45 s)",
        "",
        "The median, and in brackets the first and the last decile.",
        "Note: 7 pulls on EC2 found their images on the instance and are left out",
    ]


def test_saving_narrows_the_estimate(events: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Saved starts narrow the estimate of their image, say so, and are counted once however often they are saved."""
    status, out, _ = run(capsys, str(events), "--save", "measured.json", "--json")
    assert status == 0
    answer = json.loads(out)
    first = answer["estimates"][0]
    assert (first["size"], first["region"]) == ("0.5 vCPU, 1 GB", "eu-west-1")
    before, after = first["before"], first["after"]
    assert after["high"] - after["low"] < (before["high"] - before["low"]) / 3
    assert after["low"] < 41 < after["high"]
    assert first["notes"] == [
        "the pull rests on 200 measured pulls of this image in eu-west-1",
        "the phases before and after it rest on 200 measured starts, weighed against published ones",
        "how the pull changes with the task's size is still the published prior",
    ]
    assert answer["notes"][1:] == [
        "measured.json holds 200 starts in 2 groups, 200 of them new",
        (
            "next: commit measured.json; then cdk-pull plan IMAGE --region REGION --measured measured.json rests on it, "
            'and so does FargateTask(…, image_profile=…, measured="measured.json")'
        ),
    ]
    assert answer["groups"][0]["seconds"]["pull"] == {"p10": 21.0, "p50": 25.0, "p90": 29.0}
    saved = Path("measured.json").read_text()
    _, again, _ = run(capsys, str(events), "--save", "measured.json")
    assert Path("measured.json").read_text() == saved
    assert f"Estimate of {ECR}/app:1\n  on 0.5 vCPU, 1 GB in eu-west-1\n  before " in again
    assert "measured.json holds 200 starts in 2 groups, 0 of them new" in again


def test_saving_starts_of_an_image_of_unknown_size_says_what_to_do(
    events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The starts are kept, the estimate is unknown before and after, and the next step is the look-up."""
    Path("cdk.context.json").unlink()
    answer = json.loads(run(capsys, str(events), "--save", "measured.json", "--json")[1])
    assert [(each["before"], each["after"]) for each in answer["estimates"]] == [(None, None)] * 2
    assert answer["estimates"][0]["notes"] == [
        "the size of an image is unknown: the starts are kept, and no pull can be estimated by them yet"
    ]
    assert answer["notes"][-1] == (
        "next: run this again with --look-up, or cdk-pull lookup first, so that the sizes of the images are known"
    )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "cdk-pull: nothing to measure: ''; allowed: FILE, --cluster or --log-group\n"),
        (
            ["--service", "web"],
            2,
            "cdk-pull: --cluster is missing beside: 'web'; allowed: --cluster as well\n",
        ),
        (
            ["none"],
            2,
            "cdk-pull: records cannot be read: 'none'; allowed: a readable file ([Errno 2] No such file or directory: 'none')\n",
        ),
        (["other"], 1, "cdk-pull: no start was found; a task tells it once it has started\n"),
    ],
)
def test_nothing_to_measure(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    """What is missing is one line."""
    monkeypatch.chdir(tmp_path)
    Path("other").write_text('{"detail-type": "other"}')
    code, _, err = run(capsys, *arguments)
    assert (code, err) == (status, message)


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run ministack on 127.0.0.1."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    names = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    program = str(Path(sys.executable).parent / "ministack")
    with (tmp_path / "ministack.log").open("wb") as log:
        process = subprocess.Popen(
            [program], env={**os.environ, **settings}, stdout=log, stderr=log, cwd=tmp_path
        )
    try:
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def ecs_client(url: str) -> Any:
    """Return a client of the emulator once that answers."""
    made = boto3.client("ecs", endpoint_url=url)
    for _ in range(100):
        try:
            made.list_clusters()
        except EndpointConnectionError:
            time.sleep(0.2)
        else:
            return made
    raise AssertionError("the emulator does not answer")


@pytest.mark.long
def test_an_emulator(
    emulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """100 tasks of a cluster of the emulator, over HTTP."""
    monkeypatch.chdir(tmp_path)
    ecs = ecs_client(emulator)
    ecs.create_cluster(clusterName="prod")
    container = {"name": "app", "image": f"{ECR}/app:1", "essential": True}
    ecs.register_task_definition(
        family="app",
        containerDefinitions=[container],
        cpu="512",
        memory="1024",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
    )
    for _ in range(10):
        ecs.run_task(cluster="prod", taskDefinition="app", launchType="FARGATE", count=10)
    status, out, err = run(capsys, "--cluster", "prod", "--json", "--save", "measured.json")
    assert (status, err) == (0, "")
    (group,) = json.loads(out)["groups"]
    assert (group["launch_type"], group["cpu"], group["starts"]) == ("FARGATE", 512, 100)
    assert set(group["seconds"]) == {"pre_pull", "pull", "post_pull", "total"}
