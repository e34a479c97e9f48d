"""Text of others in every field that a command prints: nothing moves a cursor, and no runner is commanded."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cdk_pull.cli import main
from cdk_pull.decision import METADATA_TYPE, Decision
from cdk_pull.report.formats import FORMATS

HOSTILE = "\n::error::x\r\n  ::add-mask::y\x1b[31m\x1b]0;t\x07 ##vso[task.complete]##[group]\u202e\u2066\x9b1m\ud800\n::z"
ONE_LINE = "::error::x ##vso[task.complete] ##[error] \x1b[8m\u202e"
TEXTS = [HOSTILE, ONE_LINE]


def _run(capfdbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    out, err = capfdbinary.readouterr()
    return int(caught.value.code or 0), out.decode(), err.decode()


def _assert_safe(text: str, *, commands: bool = False) -> None:
    for line in text.split("\n"):
        assert line.isprintable(), line
        low = line.lower()
        assert not any(mark in low for mark in ("##[", "##vso[", "##teamcity[")), line
        if line.lstrip().startswith("::"):
            assert commands, line
            # A finding's own annotation, whose data cannot begin another line.
            assert line.startswith(("::error ", "::warning ", "::notice ")), line


def _template(text: str) -> dict[str, Any]:
    container = {"Name": text, "Image": text, "Environment": [{"Name": text, "Value": text}]}
    good = {"Name": "c", "Image": f"nginx:{text}"}
    return {
        "Description": text,
        "Resources": {
            text: {
                "Type": "AWS::ECS::TaskDefinition",
                "Metadata": {
                    "aws:cdk:path": text,
                    "cdk-pull": {
                        text: text,
                        "start-within": text,
                        "soci": text,
                        "images": {text: {text: text}},
                        "suppress": [{"id": text, "reason": text}, {"id": "PULL302", "reason": text}],
                        "fargate-size": {"decided": text, "why": text, "cost": text, "confidence": text},
                        "region": {"decided": text},
                    },
                },
                "Properties": {
                    "Family": text,
                    "RequiresCompatibilities": ["FARGATE"],
                    "Cpu": text,
                    "Memory": text,
                    "ExecutionRoleArn": text,
                    "RuntimePlatform": {"OperatingSystemFamily": text, "CpuArchitecture": text},
                    "EphemeralStorage": {"SizeInGiB": text},
                    "ContainerDefinitions": [container, good],
                },
            },
            "Bad": {
                "Type": "AWS::ECS::TaskDefinition",
                "Properties": {
                    "RequiresCompatibilities": ["FARGATE"],
                    "Cpu": "256",
                    "Memory": "8192",
                    "ContainerDefinitions": [{"Name": text, "Image": "nginx"}],
                },
            },
            "Repo": {
                "Type": "AWS::ECR::Repository",
                "Properties": {
                    "RepositoryName": text,
                    "LifecyclePolicy": {"LifecyclePolicyText": text},
                    "ImageTagMutability": text,
                },
            },
            "Lc": {
                "Type": "AWS::AutoScaling::LaunchConfiguration",
                "Properties": {
                    "ImageId": text,
                    "UserData": {
                        "Fn::Base64": f"#!/bin/bash\necho ECS_IMAGE_PULL_BEHAVIOR={text} >> /etc/ecs/ecs.config\n{text}\n"
                        f"docker system prune -af # {text}\necho ECS_IMAGE_PULL_BEHAVIOR=once > /etc/ecs/ecs.config\n"
                    },
                },
            },
            "Service": {
                "Type": "AWS::ECS::Service",
                "Properties": {
                    "Cluster": text,
                    "TaskDefinition": {"Ref": text},
                    "LaunchType": text,
                    "NetworkConfiguration": {
                        "AwsvpcConfiguration": {"Subnets": [text], "AssignPublicIp": text}
                    },
                },
            },
        },
    }


def _assembly(folder: Path, text: str) -> Path:
    decision = Decision(topic="region", decided=text, why=text, cost=text, confidence=text)
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{text}/{text}",
        "displayName": text,
        "properties": {"templateFile": "t.json", "stackName": text},
        "metadata": {
            f"/{text}/A": [
                {"type": METADATA_TYPE, "data": decision.to_json()},
                {"type": METADATA_TYPE, "data": {"topic": text}},
                {"type": "aws:cdk:logicalId", "data": "Bad", "trace": [f"({text}.py:3)"]},
                {"type": "aws:cdk:acknowledged-rules", "data": {f"cdk-pull::{text}": text}},
            ]
        },
    }
    folder.mkdir()
    (folder / "manifest.json").write_text(
        json.dumps({"artifacts": {text: stack}, "missing": [{"key": text}]})
    )
    (folder / "t.json").write_text(json.dumps(_template(text)))
    return folder


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("text", TEXTS, ids=["lines", "line"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", ["template", "assembly"])
def test_check(capfdbinary: pytest.CaptureFixture[bytes], form: str, text: str, kind: str) -> None:
    """The findings of a template and an assembly that are hostile in each field, in every form."""
    path = _assembly(Path("out"), text) if kind == "assembly" else Path("t.json")
    if kind == "template":
        path.write_text(json.dumps(_template(text)))
    status, out, err = _run(
        capfdbinary, "check", str(path), "--format", form, "--show-suppressed", "--date", "2024-06-25"
    )
    assert status in {1, 2}
    assert "PULL201" in out
    _assert_safe(out, commands=form == "github")
    _assert_safe(err)
    if form in {"json", "sarif"}:
        json.loads(out)


@pytest.mark.parametrize("form", FORMATS)
def test_names_of_files(capfdbinary: pytest.CaptureFixture[bytes], form: str) -> None:
    """The names of files and folders, of those that cannot be read too."""
    folder = Path("::error::a ##vso[x]\n::warning::\x1b[2J\u202e")
    folder.mkdir()
    (folder / "t.yaml\n::error::").write_text("Resources: [")
    (folder / "u\x1b.yaml").write_text(json.dumps(_template(ONE_LINE)))
    (folder / "v.yaml").write_text("AWS::\nResources: {A: [")
    for path in (str(folder), str(folder / "t.yaml\n::error::"), str(folder / "none")):
        _, out, err = _run(capfdbinary, "check", path, "--format", form)
        _assert_safe(out, commands=form == "github")
        _assert_safe(err)


@pytest.mark.parametrize("text", TEXTS, ids=["lines", "line"])
@pytest.mark.parametrize("option", [(), ("--json",)])
def test_decisions(capfdbinary: pytest.CaptureFixture[bytes], text: str, option: tuple[str, ...]) -> None:
    """Decisions whose every field is hostile, and metadata that is none."""
    status, out, err = _run(capfdbinary, "decisions", str(_assembly(Path("out"), text)), *option)
    assert status == 0
    assert "task.complete" in out
    _assert_safe(out)
    _assert_safe(err)


@pytest.mark.parametrize("option", [(), ("--json",)])
@pytest.mark.parametrize("form", ["user-data", "ecs-config"])
@pytest.mark.parametrize("text", [text.replace("\ud800", "") for text in TEXTS], ids=["lines", "line"])
def test_agent(
    capfdbinary: pytest.CaptureFixture[bytes], text: str, form: str, option: tuple[str, ...]
) -> None:
    """User data and an ecs.config whose values and lines are hostile."""
    begin = "#!/bin/bash\n" if form == "user-data" else ""
    lines = [f"ECS_CLUSTER={text}", f"ECS_INSTANCE_ATTRIBUTES={text}", f"echo ECS_CLUSTER='{text}' > {text}"]
    Path("u").write_bytes((begin + "\n".join(lines)).encode())
    _, out, err = _run(capfdbinary, "agent", "u", "--format", form, "--os", "linux", *option)
    _assert_safe(out)
    _assert_safe(err)


@pytest.mark.parametrize("text", TEXTS, ids=["lines", "line"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["{}"],
        ["check", "{}"],
        ["check", "t", "--{}"],
        ["check", "t", "--format", "{}"],
        ["check", "t", "--select", "{}"],
        ["check", "t", "--date", "{}"],
        ["check", "t", "--region", "{}"],
        ["check", "t", "--account", "{}"],
        ["check", "t", "--config", "{}"],
        ["check", "t", "--baseline", "{}"],
        ["check", "t", "--facts", "{}"],
        ["check", "t", "--output", "/proc/{}"],
        ["agent", "{}"],
        ["agent", "t", "--expect", "{}"],
        ["decisions", "{}"],
        ["explain", "{}"],
        ["image", "{}"],
        ["image", "nginx", "--region", "{}"],
        ["inspect", "{}"],
        ["inspect", "nginx", "--platform", "{}"],
        ["inspect", "nginx", "--date", "{}"],
        ["lookup", "--app", "{}"],
        ["measure", "{}"],
        ["plan", "{}"],
        ["plan", "--compressed", "{}"],
        ["refresh", "{}"],
        ["rules", "{}"],
        ["size", "{}"],
        ["size", "--compressed", "{}"],
        ["size", "--compressed", "1GB", "--cpu", "{}"],
        ["size", "--compressed", "1GB", "--region", "{}"],
        ["windows", "{}"],
        ["windows", "WINDOWS_SERVER_2022_CORE", "--date", "{}"],
    ],
    ids=" ".join,
)
def test_arguments(capfdbinary: pytest.CaptureFixture[bytes], arguments: list[str], text: str) -> None:
    """An argument that is hostile, or names what is, ends in one safe line."""
    Path("t").write_text("Resources: {A: {Type: AWS::ECS::Cluster}}")
    status, out, err = _run(capfdbinary, *(each.format(text) for each in arguments))
    assert status in {1, 2, 3}
    _assert_safe(out)
    _assert_safe(err)
    if arguments[0] != "lookup":  # the shell that runs the app has its own word
        assert len(err.splitlines()) == 1


@pytest.mark.parametrize("text", TEXTS, ids=["lines", "line"])
def test_settings(capfdbinary: pytest.CaptureFixture[bytes], text: str) -> None:
    """Settings, facts, baselines, contexts and records whose content is hostile."""
    Path("t").write_text("Resources: {A: {Type: AWS::ECS::Cluster}}")
    Path("facts.json").write_text(json.dumps({"images": {text: {"compressed": text}}}))
    Path("baseline.json").write_text(json.dumps({"findings": text}))
    Path("config.toml").write_text(f"select = {json.dumps([text.encode('ascii', 'ignore').decode()])}")
    Path("records.json").write_text(
        json.dumps({"tasks": [{"taskArn": text, "containers": [{"image": text}]}]})
    )
    for arguments in (
        ["check", "t", "--facts", "facts.json"],
        ["check", "t", "--baseline", "baseline.json"],
        ["check", "t", "--config", "config.toml"],
        ["measure", "records.json"],
    ):
        _, out, err = _run(capfdbinary, *arguments)
        _assert_safe(out)
        _assert_safe(err)
    Path("cdk.context.json").write_text(json.dumps({f"cdk-pull:image:platform={text}:ref={text}": text}))
    Path("cdk.json").write_text(json.dumps({"app": f"echo {os.fspath('x')}", "context": {text: text}}))
    for arguments in (["check", "t"], ["size", "nginx"], ["lookup"]):
        _, out, err = _run(capfdbinary, *arguments)
        _assert_safe(out.replace("x\n", ""))
        _assert_safe(err)
