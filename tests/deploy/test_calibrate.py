"""Recorded starts, read from the emulator's log group, change the size that the next synth chooses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull
from cdk_pull.cli import main
from cdk_pull.image.context import context_key, to_context
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import ImageProfile
from cdk_pull.image.reference import ImageReference
from tests.fargate.task_records import DIGEST, ECR, event, task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.conftest import Aws

ENVIRONMENT = {"account": "000000000000", "region": "eu-west-1"}
PROFILE = replace(
    ImageProfile.of_size(compressed_bytes=800_000_000, uncompressed_bytes=2_000_000_000), digest=DIGEST
)
GROUP = "/aws/events/cdk-pull/recorded"


def _synth(folder: Path, **more: Any) -> dict[str, Any]:
    app = cdk.App(outdir=str(folder))
    stack = cdk.Stack(app, "Shop", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    pull.FargateTask(
        stack,
        "Web",
        image=ecs.ContainerImage.from_registry(f"{ECR}/app:1"),
        cpu=512,
        memory_limit_mib=1024,
        image_profile=PROFILE,
        start_within=cdk.Duration.seconds(60),
        **more,
    )
    template = app.synth().get_stack_by_name("Shop").template
    [found] = [each for each in template["Resources"].values() if each["Type"] == "AWS::ECS::TaskDefinition"]
    return dict(found)


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    out, err = capsys.readouterr()
    return caught.value.code, out, err


@pytest.fixture
def recorded(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Put 40 recorded starts of half a vCPU with slow pulls into a log group, and know their image."""
    monkeypatch.chdir(tmp_path)
    for name, value in aws.environment(**ENVIRONMENT).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    logs = aws.session(**ENVIRONMENT).client("logs", endpoint_url=aws.endpoint)
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="events")
    now = int(datetime.now(tz=UTC).timestamp() * 1000)
    running: dict[str, Any] = {"lastStatus": "RUNNING", "desiredStatus": "RUNNING", "group": "service:web"}
    messages = [json.dumps(event(task(each, pull=20.0 + each % 5, **running))) for each in range(40)]
    logs.put_log_events(
        logGroupName=GROUP,
        logStreamName="events",
        logEvents=[
            {"timestamp": now - 60_000 + number, "message": each} for number, each in enumerate(messages)
        ],
    )
    facts = ImageFacts(reference="x", digest=DIGEST, profile=PROFILE)
    key = context_key(ImageReference.parse(f"{ECR}/app:1"), Platform())
    Path("cdk.context.json").write_text(json.dumps({key: to_context(facts, date(2026, 11, 23))}))
    yield aws
    logs.delete_log_group(logGroupName=GROUP)


def test_a_size_that_changes_because_of_records(
    recorded: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The drift is reported, the starts are saved, and the next synth takes the smaller size that they allow."""
    assert recorded
    before = _synth(tmp_path / "cdk.out")
    assert before["Properties"]["Cpu"] == "2048"
    status, out, err = _run(capsys, "calibrate", GROUP, "--region", "eu-west-1", "--json")
    assert (status, err) == (0, "")
    answer = json.loads(out)
    assert (answer["starts"], answer["drift"]) == (40, [])
    after = _synth(tmp_path / "after.out", measured="measured-starts.json")
    assert after["Properties"]["Cpu"] == "512"
    status, out, _ = _run(capsys, "calibrate", GROUP, "--region", "eu-west-1", "--app", "after.out")
    assert status == 0
    assert "Shop/Web/Resource starts in 38 s (median of 40 starts), as chosen: 38 s" in " ".join(out.split())


def test_a_log_group_without_starts(recorded: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing recorded in the time is exit status 1, with what to check; nothing is written."""
    assert recorded
    status, _, err = _run(capsys, "calibrate", GROUP, "--region", "eu-west-1", "--days", "0.0000001")
    assert (status, err) == (
        1,
        f"cdk-pull: {GROUP} has no task start of the last 1e-07 days; check the name, --days and --region\n",
    )
    assert not Path("measured-starts.json").exists()


def test_measure_reads_the_log_group(recorded: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    """`measure` reads the same records."""
    assert recorded
    status, out, _ = _run(capsys, "measure", "--log-group", GROUP, "--region", "eu-west-1", "--json")
    assert status == 0
    assert [(each["starts"], each["seconds"]["pull"]["p50"]) for each in json.loads(out)["groups"]] == [
        (40, 22.0)
    ]
