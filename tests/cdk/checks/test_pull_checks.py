"""The rules as a policy validation plugin, beside the command line and the pytest helper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

from cdk_pull import InvalidValueError, PullChecks
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.load import load
from cdk_pull.testing import assert_pulls_well
from examples.existing_app import ExistingStack, adopt

if TYPE_CHECKING:
    from pathlib import Path

ENV = cdk.Environment(account="111122223333", region="eu-west-1")
FAR = "111122223333.dkr.ecr.us-east-1.amazonaws.com/far:1.0.0"


class _Nested(cdk.NestedStack):
    def __init__(self, scope: cdk.Stack, repository: ecr.IRepository) -> None:
        super().__init__(scope, "Nested")
        self.task = ecs.FargateTaskDefinition(self, "Task", cpu=256, memory_limit_mib=8192)
        self.task.add_container("c", image=ecs.ContainerImage.from_ecr_repository(repository, "1.0.0"))


class _Stack(cdk.Stack):
    """A stack with a bad size in a nested stack, a value that the agent ignores, and an image from afar."""

    def __init__(self, scope: cdk.Stage, repository: ecr.IRepository | None = None) -> None:
        super().__init__(scope, "Second" if repository else "First", env=ENV)
        vpc = ec2.Vpc(self, "Vpc", max_azs=1)
        self.capacity = ecs.Cluster(self, "Cluster", vpc=vpc).add_capacity(
            "Capacity", instance_type=ec2.InstanceType("t3.micro")
        )
        self.capacity.add_user_data("echo ECS_IMAGE_PULL_BEHAVIOR=Once >> /etc/ecs/ecs.config")
        self.repository = repository or ecr.Repository(self, "Repository")
        _Nested(self, self.repository)
        self.task = ecs.FargateTaskDefinition(self, "Far")
        policy = iam.ManagedPolicy.from_aws_managed_policy_name(
            "service-role/AmazonECSTaskExecutionRolePolicy"
        )
        self.task.obtain_execution_role().add_managed_policy(policy)
        self.task.add_container("c", image=ecs.ContainerImage.from_registry(FAR))


def _app(outdir: Path, *, checks: PullChecks | None = None) -> tuple[cdk.App, _Stack]:
    app = cdk.App(outdir=str(outdir))
    first = _Stack(app)
    stage = cdk.Stage(app, "Prod")
    base = cdk.Stack(stage, "Base", env=ENV)
    _Stack(stage, ecr.Repository(base, "Repository"))
    if checks is not None:
        cdk.Validations.of(app).add_plugins(checks)
    return app, first


def _report(outdir: Path) -> dict[str, Any]:
    document = json.loads((outdir / "validation-report.json").read_text(encoding="utf-8"))
    (report,) = [each for each in document["pluginReports"] if each["pluginName"] == "cdk-pull"]
    assert isinstance(report, dict)
    return report


def _found(report: dict[str, Any], kind: str = "violations") -> set[tuple[str, str, str]]:
    return {
        (violation["ruleName"], construct["constructPath"], violation["severity"])
        for violation in report[kind]
        for construct in violation["violatingConstructs"]
    }


EXPECTED = {
    ("PULL104", "First/Cluster/Capacity/LaunchConfig", "error"),
    ("PULL201", "First/Nested/Task/Resource", "error"),
    ("PULL301", "First/Far/Resource", "warning"),
    ("PULL104", "Prod/Second/Cluster/Capacity/LaunchConfig", "error"),
    ("PULL201", "Prod/Second/Nested/Task/Resource", "error"),
    ("PULL301", "Prod/Second/Far/Resource", "warning"),
}


def test_three_ways_to_the_same_findings(tmp_path: Path) -> None:
    """Plugin, command line and helper find the same, stages, nested and cross-stack references included."""
    app, _ = _app(tmp_path, checks=PullChecks())
    with pytest.raises(RuntimeError, match="PULL104"):
        app.synth()
    report = _report(tmp_path)
    assert report["conclusion"] == "failure"
    assert _found(report) == EXPECTED
    by_command = check(load([tmp_path]).assemblies).findings
    assert {(each.rule, each.construct_path, each.severity.value) for each in by_command} == EXPECTED
    with pytest.raises(AssertionError) as caught:
        assert_pulls_well(tmp_path)
    assert all(f"{severity} {rule}" in str(caught.value) for rule, _, severity in EXPECTED)


def test_one_violation_for_what_is_alike(tmp_path: Path) -> None:
    """Of resources of which the same is said, the report says it once."""
    app, _ = _app(tmp_path, checks=PullChecks(select=["PULL301"]))
    app.synth()
    (violation,) = _report(tmp_path)["violations"]
    assert [each["constructPath"] for each in violation["violatingConstructs"]] == [
        "First/Far/Resource",
        "Prod/Second/Far/Resource",
    ]


def test_the_helper_takes_what_synth_returns(tmp_path: Path) -> None:
    """``app.synth()`` gives the whole assembly to the helper."""
    app, _ = _app(tmp_path)
    assembly = app.synth()
    with pytest.raises(AssertionError, match="First/Nested/Task"):
        assert_pulls_well(assembly)
    assert_pulls_well(assembly, ignore=["PULL104", "PULL2", "PULL301"])


def test_acknowledged(tmp_path: Path) -> None:
    """What is acknowledged on a construct, or around it, is kept in the report with its reason."""
    app, first = _app(tmp_path, checks=PullChecks())
    for scope, rule in (
        (first.capacity, "PULL104"),
        (app, "PULL201"),
        (app, "PULL104"),
        (first.task, "PULL301"),
    ):
        cdk.Validations.of(scope).acknowledge(
            cdk.Acknowledgment(id=f"cdk-pull::{rule}", reason=f"we know {rule}")
        )
    app.synth()
    report = _report(tmp_path)
    assert report["conclusion"] == "success"
    assert _found(report) == {("PULL301", "Prod/Second/Far/Resource", "warning")}
    assert _found(report, "suppressedViolations") == EXPECTED - _found(report)
    assert {each["reason"] for each in report["suppressedViolations"]} == {
        "we know PULL104",
        "we know PULL201",
        "we know PULL301",
    }
    # The command line reads in CDK's report what is acknowledged on the app.
    counted = check(load([tmp_path]).assemblies)
    assert {(each.rule, each.construct_path, each.severity.value) for each in counted.findings} == _found(
        report
    )
    kept = {(each.rule, each.suppression.where) for each in counted.suppressed if each.suppression}
    assert kept == {
        ("PULL104", "First/Cluster/Capacity"),
        ("PULL104", "the app"),
        ("PULL201", "the app"),
        ("PULL301", "First/Far"),
    }


@pytest.mark.parametrize("checked", [True, False])
def test_acknowledged_on_a_stage(tmp_path: Path, *, checked: bool) -> None:
    """What is acknowledged on a stage is in the assembly, for the command line, only if the plugin has run."""
    app = cdk.App(outdir=str(tmp_path))
    stage = cdk.Stage(app, "Prod", env=ENV)
    nested = cdk.NestedStack(cdk.NestedStack(cdk.Stack(stage, "S"), "Outer"), "Inner")
    ecs.FargateTaskDefinition(nested, "Task", cpu=256, memory_limit_mib=8192).add_container(
        "c", image=ecs.ContainerImage.from_registry(FAR)
    )
    for rule in ("PULL201", "PULL301"):
        cdk.Validations.of(stage).acknowledge(cdk.Acknowledgment(id=f"cdk-pull::{rule}", reason="we know"))
    if checked:
        cdk.Validations.of(app).add_plugins(PullChecks(ignore=["PULL306"]))
    app.synth()
    result = check(load([tmp_path]).assemblies, Options(ignore=["PULL306"]))
    assert bool(result.findings) != checked
    assert [each.suppression.where for each in result.suppressed if each.suppression] == [
        "Prod",
        "Prod",
    ] * checked


def test_warnings_do_not_fail(tmp_path: Path) -> None:
    """Success is false only on errors."""
    app, _ = _app(tmp_path, checks=PullChecks(select=["PULL301"]))
    app.synth()
    assert _report(tmp_path)["conclusion"] == "success"


def test_a_stack_without_resources(tmp_path: Path) -> None:
    """An empty stack, for which CDK writes no Resources, does not keep the others from being checked."""
    app, _ = _app(tmp_path, checks=PullChecks(select=["PULL301"]))
    cdk.Stack(app, "Empty")
    app.synth()
    assert {path for _, path, _ in _found(_report(tmp_path))} == {
        "First/Far/Resource",
        "Prod/Second/Far/Resource",
    }


def test_on_one_stage(tmp_path: Path) -> None:
    """A plugin on a stage checks that stage alone."""
    app, _ = _app(tmp_path)
    stage = app.node.find_child("Prod")
    cdk.Validations.of(stage).add_plugins(PullChecks(severities={"PULL104": "warning"}, ignore=["PULL2"]))
    app.synth()
    assert _found(_report(tmp_path)) == {
        ("PULL104", "Prod/Second/Cluster/Capacity/LaunchConfig", "warning"),
        ("PULL301", "Prod/Second/Far/Resource", "warning"),
    }


def test_image_facts(tmp_path: Path) -> None:
    """Facts are taken from the plugin's argument and from CDK's context."""
    digest = "sha256:" + "a" * 64
    layer = {
        "compressedBytes": 9 * 10**9,
        "compression": "gzip",
        "uncompressedBytes": 21 * 10**9,
        "uncompressedSource": "measured",
    }
    context = {
        f"cdk-pull:image:platform=linux/amd64:ref={FAR.replace(':', '$:')}": {
            "architecture": "amd64", "digest": digest, "layers": [layer], "lookedUp": "2026-09-20", "os": "linux",
        }
    }  # fmt: skip
    for checks, known in (
        (PullChecks(select=["PULL204"]), context),
        (PullChecks(select=["PULL204"], images={FAR: {"compressed": "9GB", "uncompressed": "21GB"}}), {}),
    ):
        outdir = tmp_path / str(len(known))
        app = cdk.App(outdir=str(outdir), context=known)
        _Stack(app)
        cdk.Validations.of(app).add_plugins(checks)
        with pytest.raises(RuntimeError, match="the images need 28 GiB"):
            app.synth()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"select": ["PULL9"]}, "no rule has this id: 'PULL9'"),
        (
            {"severities": {"PULL101": "fatal"}},
            "invalid severity for PULL101: 'fatal'; allowed: error, warning, info",
        ),
        ({"date": "soon"}, "date is malformed: 'soon'"),
        ({"images": {"a": {}}}, "facts of image a are malformed"),
        ({"images": {"a": 5}}, "facts of image a are malformed"),
        ({"ignore": "PULL2"}, "ignore is not a list of rule ids: 'PULL2'"),
        ({"severities": {"PULL999": "info"}}, "no rule has this id: 'PULL999'"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    """A bad option is an error where it stands."""
    with pytest.raises(InvalidValueError) as caught:
        PullChecks(**options)
    assert str(caught.value).startswith(message)


def test_what_cdk_asks() -> None:
    """The name is the one to acknowledge by, and every rule is named."""
    checks = PullChecks()
    assert checks.name == "cdk-pull"
    assert checks.version.count(".") == 2
    assert {"PULL000", "PULL104", "PULL405"} <= set(checks.rule_ids)


def test_the_existing_app_before_and_after(tmp_path: Path) -> None:
    """On the example of an existing app there is a finding before it adopts the mixins, and none after."""
    found = []
    for name in ("before", "after"):
        app = cdk.App(outdir=str(tmp_path / name))
        stack = ExistingStack(app, "ExistingApp", env=cdk.Environment(region="eu-central-1"))
        if name == "after":
            adopt(stack)
        app.synth()
        found.append([finding.rule for finding in check(load([tmp_path / name]).assemblies).findings])
    assert found == [["PULL101"], []]


@pytest.mark.parametrize("scope", ["app", "stage", "stack", "task"])
def test_acknowledged_in_lower_case(tmp_path: Path, scope: str, capfd: pytest.CaptureFixture[str]) -> None:
    """An id in lower case, which CDK does not take, counts for the plugin wherever it is acknowledged."""
    app = cdk.App(outdir=str(tmp_path))
    stage = cdk.Stage(app, "Prod")
    stack = cdk.Stack(stage, "S", env=ENV)
    task = ecs.FargateTaskDefinition(stack, "Task", cpu=256, memory_limit_mib=8192)
    task.add_container("c", image=ecs.ContainerImage.from_registry("nginx:1.27.2"))
    cdk.Validations.of(app).add_plugins(PullChecks(select=["PULL201"]))
    scopes: dict[str, Any] = {"app": app, "stage": stage, "stack": stack, "task": task}
    cdk.Validations.of(scopes[scope]).acknowledge(cdk.Acknowledgment(id="cdk-pull::pull201", reason="known"))
    app.synth()
    # CDK leaves a plugin that found nothing out of its report.
    assert json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"] == []
    assert "PULL201" not in capfd.readouterr().err


def test_an_acknowledgement_of_no_rule(tmp_path: Path) -> None:
    """An acknowledgement of an id that no rule has is a finding at the synth."""
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "S", env=ENV)
    task = ecs.FargateTaskDefinition(stack, "Task", cpu=256, memory_limit_mib=512)
    cdk.Validations.of(app).add_plugins(PullChecks())
    cdk.Validations.of(task).acknowledge(cdk.Acknowledgment(id="cdk-pull::PULL999", reason="known"))
    app.synth()
    assert [each["description"].partition(":")[0] for each in _report(tmp_path)["violations"]] == [
        "the acknowledgement of 'cdk-pull"
    ]


def test_the_report_says_what_was_not_evaluated(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Images of unknown size are counted in the report's metadata and in the output of the synth."""
    app = cdk.App(outdir=str(tmp_path))
    task = ecs.FargateTaskDefinition(cdk.Stack(app, "S", env=ENV), "Task", cpu=256, memory_limit_mib=512)
    task.add_container("c", image=ecs.ContainerImage.from_registry("nginx:1.27.2"))
    cdk.Validations.of(app).add_plugins(PullChecks())
    app.synth()
    said = "1 image of unknown size: 4 rules not evaluated; run `cdk-pull lookup`"
    assert _report(tmp_path)["metadata"]["not evaluated (1)"].startswith(said)
    assert f"cdk-pull: not evaluated: {said}" in capfd.readouterr().err
