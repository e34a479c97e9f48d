from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Annotations, Match, Template

import cdk_pull as pull
from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.report.decisions import read_decisions
from cdk_pull.rules.engine.runner import Options, Result, check
from cdk_pull.template.load import load

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
F: Final = "/etc/ecs/ecs.config"
ENV: Final = cdk.Environment(account="111122223333", region="eu-west-1")
WRONG: Final = f"echo {B}=Once >> {F}"
RIGHT: Final = f"echo {B}=once >> {F}"
WEB: Final = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.0.0"


class Ec2Stack(cdk.Stack):
    """A cluster on one group, whose user data somebody added to."""

    def __init__(
        self,
        scope: cdk.App | cdk.Stage,
        name: str = "S",
        *,
        image: ec2.IMachineImage | None = None,
        kind: ecs.MachineImageType | None = None,
    ) -> None:
        super().__init__(scope, name, env=ENV)
        vpc = ec2.Vpc(self, "Vpc", availability_zones=["eu-west-1a"], nat_gateways=0)
        self.cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        self.group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            instance_type=ec2.InstanceType("m7i.large"),
            machine_image=image or ecs.EcsOptimizedImage.amazon_linux2023(),
        )
        self._kind = kind

    def join(self) -> None:
        """Let the group join the cluster, which adds to its user data."""
        provider = ecs.AsgCapacityProvider(
            self,
            "Provider",
            auto_scaling_group=self.group,
            machine_image_type=self._kind,
            enable_managed_termination_protection=False,
        )
        self.cluster.add_asg_capacity_provider(provider)


def _user_data(stack: cdk.Stack) -> str:
    """Return the user data of a stack's only launch template or configuration, with what is filled in as JSON."""
    resources = Template.from_stack(stack).to_json()["Resources"].values()
    for body in resources:
        settings = body.get("Properties", {})
        settings = settings.get("LaunchTemplateData", settings)
        if body["Type"] in {"AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration"}:
            text = settings["UserData"]["Fn::Base64"]
            pieces = text["Fn::Join"][1] if isinstance(text, dict) else [text]
            return "".join(each if isinstance(each, str) else json.dumps(each) for each in pieces)
    raise AssertionError


def _task(scope: Any, name: str = "Task", **props: Any) -> ecs.FargateTaskDefinition:
    task = ecs.FargateTaskDefinition(scope, name, **{"cpu": 256, "memory_limit_mib": 512, **props})
    task.add_container("app", image=ecs.ContainerImage.from_registry(WEB))
    return task


def _size(stack: cdk.Stack) -> tuple[Any, Any]:
    [body] = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").values()
    return body["Properties"]["Cpu"], body["Properties"]["Memory"]


def _check(app: cdk.App, **options: Any) -> Result:
    return check(load([app.synth().directory]).assemblies, Options(**options))


@pytest.fixture(name="app")
def _app(tmp_path: Path) -> cdk.App:
    return cdk.App(outdir=str(tmp_path / "cdk.out"))


@pytest.mark.parametrize("launch_template", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_whatever_comes_later_is_fixed(*, launch_template: bool, first: bool) -> None:
    """Lines and joining the cluster may come before or after the mixin, on either kind of launch."""
    app = cdk.App(
        context={"@aws-cdk/aws-autoscaling:generateLaunchTemplateInsteadOfLaunchConfig": launch_template}
    )
    stack = Ec2Stack(app)
    if first:
        cdk.Mixins.of(app).apply(pull.PullFixes())
    stack.group.add_user_data(WRONG)
    stack.join()
    if not first:
        cdk.Mixins.of(app).apply(pull.PullFixes())
    text = _user_data(stack)
    assert WRONG not in text
    assert text.startswith(f"#!/bin/bash\n{RIGHT}\n")
    assert "ECS_CLUSTER=" in text


def test_windows_sets_before_the_agent_starts(app: cdk.App) -> None:
    """What comes after CDK's own line moves before it."""
    stack = Ec2Stack(app, image=ecs.EcsOptimizedImage.windows(ecs.WindowsOptimizedVersion.SERVER_2022))
    stack.join()
    late = f'[Environment]::SetEnvironmentVariable("{B}", "once", "Machine")'
    stack.group.add_user_data(late)
    cdk.Mixins.of(app).apply(pull.PullFixes())
    assert _check(app, select=("PULL107",)).findings == ()
    text = _user_data(stack)
    assert text.index(late) < text.index("Initialize-ECSAgent")


def test_bottlerocket_with_two_headers(app: cdk.App) -> None:
    """What somebody wrote and what CDK writes come under one header."""
    stack = Ec2Stack(app, image=ecs.BottleRocketImage(), kind=ecs.MachineImageType.BOTTLEROCKET)
    stack.group.add_user_data("[settings.ecs]", 'image-pull-behavior = "once"')
    stack.join()
    assert _check(app, select=("PULL108",)).findings
    fixed = cdk.App()
    stack = Ec2Stack(fixed, image=ecs.BottleRocketImage(), kind=ecs.MachineImageType.BOTTLEROCKET)
    stack.group.add_user_data("[settings.ecs]", 'image-pull-behavior = "once"')
    stack.join()
    cdk.Mixins.of(fixed).apply(pull.PullFixes())
    assert _check(fixed, select=("PULL108",)).findings == ()
    assert _user_data(stack).count("[settings.ecs]") == 1


def test_bottlerocket_with_shell(app: cdk.App) -> None:
    """Without machine_image_type CDK writes shell for Bottlerocket, which becomes TOML when that is asked for."""
    stack = Ec2Stack(app, image=ecs.BottleRocketImage(variant=ecs.BottlerocketEcsVariant.AWS_ECS_2))
    stack.join()
    cdk.Mixins.of(app).apply(pull.PullFixes(unsafe=["PULL108"]), pull.ImagePullBehavior.once())
    cluster = stack.cluster.node.default_child
    assert isinstance(cluster, ecs.CfnCluster)
    reference = json.dumps({"Ref": stack.get_logical_id(cluster)})
    assert _user_data(stack).splitlines() == [
        "[settings.ecs]",
        'image-pull-behavior = "once"',
        f'cluster = "{reference}"',
    ]
    assert [each.rule for each in _check(app, select=("PULL1",)).findings] == []


def test_beside_image_pull_behavior(app: cdk.App) -> None:
    """Settings are written into the fixed user data, which has the same value by then."""
    stack = Ec2Stack(app)
    stack.group.add_user_data(f"echo export {B}=once >> {F}", f"echo ECS_CLUSTER=old > {F}")
    stack.join()
    cdk.Mixins.of(app).apply(
        pull.ImagePullBehavior.once(image_minimum_cleanup_age=cdk.Duration.hours(2)), pull.PullFixes()
    )
    text = _user_data(stack)
    assert f"echo {B}=once >> {F}" in text
    assert "ECS_IMAGE_MINIMUM_CLEANUP_AGE=2h" in text
    assert _check(app, select=("PULL104", "PULL106")).findings == ()


def test_other_instances_are_left_alone(app: cdk.App) -> None:
    """User data that joins no cluster stays byte for byte, whatever is in it."""
    stack = cdk.Stack(app, "S", env=ENV)
    text = "#!/bin/bash\nexport ECS_CLUSTER=prod\naws ecs list-tasks --cluster $ECS_CLUSTER\n"
    ec2.LaunchTemplate(
        stack,
        "Launch",
        machine_image=ec2.MachineImage.latest_amazon_linux2023(),
        user_data=ec2.UserData.custom(text),
    )
    cdk.Mixins.of(app).apply(pull.PullFixes())
    assert _user_data(stack) == text


@pytest.mark.needs_cdk("2.252.0", "acknowledgements")
def test_what_is_kept_is_left_alone(app: cdk.App) -> None:
    """An acknowledgement on a construct or around it, and metadata with a reason, keep what they are about."""
    stack, other = Ec2Stack(app), cdk.Stack(app, "Tasks", env=ENV)
    stack.group.add_user_data(WRONG, "systemctl start ecs")
    stack.join()
    small = _task(other, memory_limit_mib=8192)
    definition = small.node.default_child
    assert isinstance(definition, ecs.CfnTaskDefinition)
    definition.add_metadata("cdk-pull", {"suppress": [{"id": "PULL201", "reason": "a test of ours"}]})
    reason = cdk.Acknowledgment(id="cdk-pull::PULL104", reason="a test of ours")
    cdk.Validations.of(stack).acknowledge(reason)
    cdk.Mixins.of(app).apply(pull.PullFixes())
    text = _user_data(stack)
    assert (WRONG in text, "systemctl --no-block start ecs" in text) == (True, True)
    assert _size(other) == ("256", "8192")


@pytest.mark.needs_cdk("2.252.0", "acknowledgements")
def test_an_acknowledged_task_is_left_alone(app: cdk.App) -> None:
    """What CDK's own acknowledgement keeps stays, and its neighbour is fixed."""
    stack = cdk.Stack(app, "S", env=ENV)
    kept = _task(stack, "Kept", memory_limit_mib=8192)
    _task(stack, "Fixed", memory_limit_mib=8192)
    cdk.Validations.of(kept).acknowledge(cdk.Acknowledgment(id="cdk-pull::PULL201", reason="a test of ours"))
    cdk.Mixins.of(app).apply(pull.PullFixes())
    found = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").values()
    assert [body["Properties"]["Cpu"] for body in found] == ["256", "1024"]


@pytest.mark.parametrize(
    ("memory", "overrides", "after"),
    [
        # What is below the override is wrong, and what comes of both is not.
        (8192, {"Memory": "512"}, ("256", "512")),
        (8192, {"Cpu": "4096"}, ("4096", "8192")),
        (512, {"Memory": "8192"}, ("1024", "8192")),
    ],
)
def test_what_comes_of_an_override_is_fixed(
    app: cdk.App, memory: int, overrides: dict[str, str], after: tuple[str, str]
) -> None:
    """A task size is judged, and fixed, as it is in the template."""
    stack = cdk.Stack(app, "S", env=ENV)
    definition = _task(stack, memory_limit_mib=memory).node.default_child
    assert isinstance(definition, ecs.CfnTaskDefinition)
    for name, value in overrides.items():
        definition.add_property_override(name, value)
    cdk.Mixins.of(app).apply(pull.PullFixes())
    assert _size(stack) == after


def test_an_image_under_an_override_is_not_brought_back(app: cdk.App) -> None:
    """The slim variant is that of the image in the template, whatever the construct was given."""
    stack = cdk.Stack(app, "S", env=ENV)
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("app", image=ecs.ContainerImage.from_registry("python:3.12"))
    definition = task.node.default_child
    assert isinstance(definition, ecs.CfnTaskDefinition)
    definition.add_property_override("ContainerDefinitions.0.Image", "python:3.13")
    cdk.Mixins.of(app).apply(pull.PullFixes(unsafe=["PULL207"]))
    (body,) = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").values()
    assert body["Properties"]["ContainerDefinitions"][0]["Image"] == "python:3.13-slim"


def test_a_parameter_stays(app: cdk.App) -> None:
    """A size that CloudFormation fills in is not replaced by a number."""
    stack = cdk.Stack(app, "S", env=ENV)
    size = cdk.CfnParameter(stack, "Size", type="Number", default=300)
    _task(stack, cpu=size.value_as_number)
    cdk.Mixins.of(app).apply(pull.PullFixes())
    assert _size(stack) == ({"Ref": "Size"}, "512")


def test_only_below_the_scope(app: cdk.App) -> None:
    """A stack next to the one that the mixin is on stays as it is."""
    first, second = cdk.Stack(app, "First", env=ENV), cdk.Stack(app, "FirstToo", env=ENV)
    for stack in (first, second):
        _task(stack, memory_limit_mib=8192)
    cdk.Mixins.of(first).apply(pull.PullFixes())
    assert (_size(first), _size(second)) == (("1024", "8192"), ("256", "8192"))


def test_stages_and_nested_stacks(app: cdk.App) -> None:
    """A stage within a stage, and a nested stack in it, are fixed by one line on the app."""
    inner = cdk.Stage(cdk.Stage(app, "Outer"), "Inner", env=ENV)
    stack = Ec2Stack(inner)
    stack.group.add_user_data(WRONG)
    stack.join()
    nested = cdk.NestedStack(stack, "Nested")
    _task(nested, memory_limit_mib=8192)
    cdk.Mixins.of(app).apply(pull.PullFixes())
    result = _check(app)
    assert result.resources > 0
    assert [each.rule for each in result.findings if each.rule in {"PULL104", "PULL201"}] == []
    assert RIGHT in _user_data(stack)


@pytest.mark.parametrize("kind", ["capacity", "task"])
def test_a_stage_that_comes_too_late_stops_the_synth(app: cdk.App, kind: str) -> None:
    """A stage is written before the app around it, so that a fix on the app cannot reach one that is made later."""
    cdk.Mixins.of(app).apply(pull.PullFixes())
    stage = cdk.Stage(app, "Late")
    if kind == "capacity":
        stack = Ec2Stack(stage)
        stack.join()
    else:
        _task(cdk.Stack(stage, "S", env=ENV))
    with pytest.raises(RuntimeError, match=r"Late/S/.*its stage was made after PullFixes was applied"):
        app.synth()


def test_a_stage_that_comes_later_has_a_fix_of_its_own(app: cdk.App) -> None:
    """A stage that the app's line cannot reach is fixed by one on itself."""
    cdk.Mixins.of(app).apply(pull.PullFixes())
    stage = cdk.Stage(app, "Late")
    stack = Ec2Stack(stage)
    stack.group.add_user_data(WRONG)
    stack.join()
    _task(stack, memory_limit_mib=8192)
    cdk.Mixins.of(stage).apply(pull.PullFixes())
    assert _check(app, select=("PULL104", "PULL201")).findings == ()


def test_without_anything_to_fix_a_warning_says_so(app: cdk.App) -> None:
    """An app without capacity or task definitions has a warning that can be acknowledged, and no decision."""
    stack = cdk.Stack(app, "S", env=ENV)
    ec2.Vpc(stack, "Vpc", nat_gateways=0)
    cdk.Mixins.of(app).apply(pull.PullFixes())
    (warning,) = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert str(warning.entry.data).startswith(
        "the app: no ECS task definition and no EC2 capacity is in this scope, so there is nothing to fix (tests/cdk/checks/"
    )
    assert "[ack: cdk-pull:nothingToFix]" in str(warning.entry.data)
    assert [each.decisions for each in read_decisions(Path(app.synth().directory))] == [()]


def test_each_fix_is_a_decision(app: cdk.App) -> None:
    """What was fixed is recorded once, with its rule, what it takes the place of, the diff, and what that changes."""
    stack = Ec2Stack(app)
    stack.group.add_user_data(WRONG)
    stack.join()
    _task(stack, memory_limit_mib=8192)
    fixes = pull.PullFixes()
    cdk.Mixins.of(app).apply(fixes)
    cdk.Mixins.of(app).apply(fixes)
    [recorded] = read_decisions(Path(app.synth().directory))
    said = [(each.decision.decided, each.decision.cost, each.decision.details) for each in recorded.decisions]
    assert sorted(said, key=str) == [
        (
            f"PULL104: the value is once ({WRONG})",
            "changes user data, which reaches new instances only",
            {"rule": "PULL104", "diff": [f"-{WRONG}", f"+{WRONG.replace('Once', 'once')}"]},
        ),
        (
            "PULL201: Cpu is 1024 in place of 256",
            "changes the task size: a new revision with a new price",
            {"rule": "PULL201", "diff": ["-Cpu: 256", "+Cpu: 1024"]},
        ),
    ]
    assert {each.decision.topic for each in recorded.decisions} == {"fix"}


def test_known_images_decide_on_storage_and_size(app: cdk.App) -> None:
    """Facts given to the mixin fix the storage, and when asked for the size that a declared start needs."""
    first, second = cdk.Stack(app, "First", env=ENV), cdk.Stack(app, "Second", env=ENV)
    for stack in (first, second):
        definition = _task(stack).node.default_child
        assert isinstance(definition, ecs.CfnTaskDefinition)
        definition.add_metadata("cdk-pull", {"start-within": 60})
    large = {WEB: {"compressed": "9GB", "uncompressed": "21GB"}}
    cdk.Mixins.of(first).apply(pull.PullFixes(images=large))
    small = {WEB: {"compressed": "800MB", "uncompressed": "2.4GB"}}
    cdk.Mixins.of(second).apply(pull.PullFixes(unsafe=["PULL202"], images=small))
    [body] = Template.from_stack(first).find_resources("AWS::ECS::TaskDefinition").values()
    assert body["Properties"]["EphemeralStorage"] == {"SizeInGiB": 28}
    assert (_size(first), _size(second)) == (("256", "512"), ("4096", "8192"))


def test_an_image_moves_to_the_region(app: cdk.App) -> None:
    """An image of another Region is named in the stack's when that is asked for, beside what stays."""
    stack = cdk.Stack(app, "S", env=ENV)
    task = ecs.FargateTaskDefinition(stack, "Task")
    far = WEB.replace("eu-west-1", "us-east-1")
    for name, image in (("near", WEB), ("far", far)):
        task.add_container(name, image=ecs.ContainerImage.from_registry(image))
    cdk.Mixins.of(app).apply(pull.PullFixes(unsafe=["PULL301"]))
    [body] = Template.from_stack(stack).find_resources("AWS::ECS::TaskDefinition").values()
    assert [each["Image"] for each in body["Properties"]["ContainerDefinitions"]] == [WEB, WEB]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"unsafe": ["PULL101"]},
            "no rule with an unsafe fix has this id: 'PULL101'; allowed: PULL106,",
        ),
        ({"unsafe": ["PULL104"]}, "no rule with an unsafe fix has this id: 'PULL104'"),
        ({"select": ["X"]}, "no rule has this id: 'X'"),
        ({"ignore": ["PULL9"]}, "no rule has this id: 'PULL9'"),
        ({"select": "PULL1"}, "select is not a list of rule ids: 'PULL1'"),
        ({"images": {"web:1": {"size": "1GB"}}}, "facts of image web:1 are malformed"),
    ],
)
def test_arguments_are_checked_at_once(arguments: dict[str, Any], message: str) -> None:
    """An id that there is not, and facts in another form, are refused before the synth."""
    with pytest.raises(InvalidValueError, match=message):
        pull.PullFixes(**arguments)


def test_select_and_ignore(app: cdk.App) -> None:
    """Only the rules that are asked for are fixed."""
    stack = Ec2Stack(app)
    stack.group.add_user_data(WRONG, "systemctl start ecs")
    stack.join()
    _task(stack, memory_limit_mib=8192)
    cdk.Mixins.of(app).apply(pull.PullFixes(select=["PULL1"], ignore=["PULL104"]))
    text = _user_data(stack)
    assert (WRONG in text, "--no-block" in text, _size(stack)[0]) == (True, True, "256")


def test_a_cluster_is_refused(app: cdk.App) -> None:
    """A cluster has its capacity and its tasks somewhere else."""
    stack = Ec2Stack(app)
    with pytest.raises(UnsupportedError, match="apply it to the stack or the app"):
        pull.PullFixes().apply_to(stack.cluster)
