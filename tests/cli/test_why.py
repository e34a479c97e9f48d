from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_pull.cli import main
from cdk_pull.image.context import context_key, to_context
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import ImageProfile
from cdk_pull.image.reference import ImageReference
from tests.cli.test_measure import ecs_client, emulator
from tests.fargate.task_records import ECR

if TYPE_CHECKING:
    from typing import Any

__all__ = ["emulator"]

_PROFILE = ImageProfile.of_size(compressed_bytes=800_000_000, uncompressed_bytes=2_400_000_000)
_FAILURES = {
    "not-found": f"CannotPullContainerError: failed to resolve ref {ECR}/app:1: {ECR}/app:1: not found",
    "rate-limit": "CannotPullContainerError: httpReadSeeker: 429 Too Many Requests - toomanyrequests",
    "denied": "CannotPullContainerError: pull access denied: not authorized to perform: ecr:BatchGetImage",
    "unreachable": "ResourceInitializationError: unable to pull secrets or registry auth: RequestError: send request failed: dial tcp 1.2.3.4:443: i/o timeout",
}


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["why", *arguments])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'SERVICE|TASK'."),
        (
            ["web", "--target", "soon"],
            "--target is not a duration: 'soon'; allowed: seconds or minutes such as 60s or 1.5m",
        ),
        (
            ["web", "--region", "eu-wset-1"],
            "unknown Region: 'eu-wset-1'; allowed: the name of an AWS Region, such as us-east-1. Did you mean eu-west-1?",
        ),
        (
            ["arn:aws:ecs:eu-west-1:111122223333:cluster/prod"],
            "not a service or task: 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod'; allowed: the ARN of an ECS service or task",
        ),
    ],
)
def test_bad_input_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """What is wrong is said before AWS is asked."""
    assert _run(capsys, *arguments) == (2, "", f"cdk-pull: {message}\n")


@pytest.mark.long
def test_a_service_and_a_hundred_tasks_of_an_emulator(
    emulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """96 starts and four kinds of failures are told apart, explained and ranked, over HTTP; nothing is changed."""
    monkeypatch.chdir(tmp_path)
    ecs = ecs_client(emulator)
    ecs.create_cluster(clusterName="prod")
    ecs.register_task_definition(
        family="web",
        containerDefinitions=[{"name": "app", "image": f"{ECR}/app:1", "essential": True}],
        cpu="512",
        memory="1024",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
    )
    service = {"cluster": "prod", "serviceName": "web", "taskDefinition": "web", "launchType": "FARGATE"}
    ecs.create_service(**service, desiredCount=96)
    one = ecs.list_tasks(cluster="prod", serviceName="web")["taskArns"]
    for reason in _FAILURES.values():
        arn = ecs.run_task(cluster="prod", taskDefinition="web", launchType="FARGATE", count=1)["tasks"][0][
            "taskArn"
        ]
        ecs.stop_task(cluster="prod", task=arn, reason=reason)
        one.append(arn)
    facts = ImageFacts(reference="x", digest="sha256:" + "a" * 64, profile=_PROFILE)
    key = context_key(ImageReference.parse(f"{ECR}/app:1"), Platform())
    Path("cdk.context.json").write_text(json.dumps({key: to_context(facts, date(2026, 11, 23))}))
    before = _state(ecs)
    answer = json.loads(_run(capsys, "web", "--cluster", "prod", "--target", "30s", "--json")[1])
    assert (answer["service"], answer["cluster"], answer["region"]) == ("web", "prod", "us-east-1")
    assert [(each["cpu"], each["starts"]) for each in answer["starts"]] == [(512, 96)]
    assert answer["ways"]
    found = {}
    for arn in one[-4:]:
        status, out, _ = _run(capsys, arn, "--json")
        (failure,) = json.loads(out)["failures"]
        assert (status, failure["tasks"]) == (0, [arn.rpartition("/")[2]])
        found[failure["kind"]] = failure["reason"]
    assert found == _FAILURES
    status, out, _ = _run(capsys, "web", "--cluster", "prod")
    assert (status, out.count("█") >= 3, "0.5 vCPU, 1 GB on Fargate, n=96" in out) == (0, True, True)
    assert _run(capsys, "wbe", "--cluster", "prod")[2].endswith("Did you mean web?\n")
    assert _run(capsys, "web", "--cluster", "other")[0] == 2
    assert _state(ecs) == before


def _state(ecs: Any) -> tuple[object, ...]:
    service = ecs.describe_services(cluster="prod", services=["web"])["services"][0]
    return (
        service["desiredCount"],
        service["taskDefinition"],
        len(ecs.list_tasks(cluster="prod")["taskArns"]),
        ecs.list_task_definitions()["taskDefinitionArns"],
    )
