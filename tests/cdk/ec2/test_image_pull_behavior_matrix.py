"""Every way of launching, attaching and ordering: the final template has the asked settings, and all else still."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

import cdk_pull as pull
from cdk_pull.agent import cfn

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct

    from cdk_pull.agent.variables import OperatingSystem

FLAG = "@aws-cdk/aws-autoscaling:generateLaunchTemplateInsteadOfLaunchConfig"
TYPE = ec2.InstanceType("t3.large")


@dataclass(frozen=True)
class System:
    """An operating system, and what a user of it writes."""

    os: OperatingSystem
    image: Callable[[], ec2.IMachineImage]
    before: str
    after: str
    image_type: ecs.MachineImageType = ecs.MachineImageType.AMAZON_LINUX_2
    user_data: Callable[[], ec2.UserData] | None = None


SYSTEMS = {
    "al2": System("linux", ecs.EcsOptimizedImage.amazon_linux2, "echo before", "echo after"),
    "al2023": System("linux", ecs.EcsOptimizedImage.amazon_linux2023, "echo before", "echo after"),
    "windows": System(
        "windows",
        lambda: ecs.EcsOptimizedImage.windows(ecs.WindowsOptimizedVersion.SERVER_2022),
        "Write-Output 'before'",
        "Write-Output 'after'",
    ),
    "bottlerocket": System(
        "bottlerocket",
        ecs.BottleRocketImage,
        '[settings.kernel]\nlockdown = "integrity"',
        "[settings.host-containers.admin]\nenabled = true",
        ecs.MachineImageType.BOTTLEROCKET,
    ),
    "custom": System(
        "linux",
        lambda: ec2.MachineImage.generic_linux({"us-east-1": "ami-0123456789abcdef0"}),
        "echo before",
        "echo after",
        user_data=lambda: ec2.UserData.custom("#!/bin/sh\nset -eu"),
    ),
}

LAUNCHES = ("launch-configuration", "launch-template", "own-launch-template")
JOINS = ("add-capacity", "provider")
APPLICATIONS = (
    "group-before",
    "group-after",
    "template-before",
    "cluster-before",
    "cluster-after",
    "stack-before",
    "stack-after",
    "aspect",
    "twice",
)


def _sensible(launch: str, join: str, application: str) -> bool:
    """Leave out what CDK itself has not got: a group of add_capacity exists when it has joined."""
    if join == "add-capacity" and (
        launch == "own-launch-template" or application in {"group-before", "template-before"}
    ):
        return False
    return launch == "own-launch-template" or application != "template-before"


CASES = [
    (system, launch, join, application)
    for system, launch, join, application in product(SYSTEMS, LAUNCHES, JOINS, APPLICATIONS)
    if _sensible(launch, join, application)
]


def asked() -> pull.ImagePullBehavior:
    """Return the mixin that every case applies."""
    return pull.ImagePullBehavior.once(image_cleanup_interval=cdk.Duration.hours(1))


def _group(stack: cdk.Stack, vpc: ec2.IVpc, system: System, launch: str) -> autoscaling.AutoScalingGroup:
    user_data = system.user_data() if system.user_data else None
    if launch != "own-launch-template":
        return autoscaling.AutoScalingGroup(
            stack, "Group", vpc=vpc, instance_type=TYPE, machine_image=system.image(), user_data=user_data
        )
    template = ec2.LaunchTemplate(
        stack,
        "Template",
        instance_type=TYPE,
        machine_image=system.image(),
        role=iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")),
        security_group=ec2.SecurityGroup(stack, "SecurityGroup", vpc=vpc),
        user_data=user_data or system.image().get_image(stack).user_data,
    )
    return autoscaling.AutoScalingGroup(stack, "Group", vpc=vpc, launch_template=template)


def _build(app: cdk.App, case: tuple[str, str, str, str]) -> None:
    name, launch, join, application = case
    system = SYSTEMS[name]
    stack = cdk.Stack(app, "-".join(case), env=cdk.Environment(region="us-east-1"))
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["us-east-1a"], private_subnet_ids=["subnet-1"]
    )
    cluster = ecs.Cluster(stack, "Cluster", vpc=vpc)
    # Something that is no ECS capacity, and has to stay as it is.
    autoscaling.AutoScalingGroup(
        stack,
        "Bastion",
        vpc=vpc,
        instance_type=TYPE,
        machine_image=ec2.MachineImage.latest_amazon_linux2023(),
    )
    before: dict[str, IConstruct] = {"cluster-before": cluster, "twice": cluster, "stack-before": stack}
    if application in before:
        cdk.Mixins.of(before[application]).apply(asked())
    if application == "aspect":
        cdk.Aspects.of(stack).add(cdk.Shims.as_aspect(asked()))
    if join == "add-capacity":
        group = cluster.add_capacity("Group", instance_type=TYPE, machine_image=system.image())
        group.add_user_data(system.before)
    else:
        group = _group(stack, vpc, system, launch)
        group.add_user_data(system.before)
        if application in {"group-before", "template-before"}:
            target = group if application == "group-before" else stack.node.find_child("Template")
            target.with_(asked())
        cluster.add_asg_capacity_provider(
            ecs.AsgCapacityProvider(
                stack, "Provider", auto_scaling_group=group, machine_image_type=system.image_type
            )
        )
    after: dict[str, IConstruct] = {
        "group-after": group,
        "twice": group,
        "cluster-after": cluster,
        "stack-after": stack,
    }
    if application in after:
        cdk.Mixins.of(after[application]).apply(asked())
    group.add_user_data(system.after)


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return every case's template: two apps hold all of them, because the kind of launch is a flag."""
    found: dict[str, Any] = {}
    for flag in (False, True):
        app = cdk.App(
            outdir=str(tmp_path_factory.mktemp("cdk.out")), analytics_reporting=False, context={FLAG: flag}
        )
        for case in CASES:
            if (case[1] == "launch-configuration") is not flag:
                _build(app, case)
        for stack in app.synth().stacks:
            found[stack.stack_name] = stack.template
    return found


def _user_data(template: Any, name: str) -> Any:
    """Return the user data of the one launch resource whose logical id begins so."""
    (resource,) = [
        each["Properties"]
        for logical_id, each in template["Resources"].items()
        if each["Type"] in {"AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate"}
        and logical_id.startswith(name)
    ]
    return resource.get("LaunchTemplateData", resource)["UserData"]


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_the_final_template_has_the_settings(
    templates: dict[str, Any], case: tuple[str, str, str, str]
) -> None:
    """Whatever the system, the launch, the way of attaching and the order, the agent gets what was asked for."""
    name, launch, join, _ = case
    system = SYSTEMS[name]
    logical_id = {"own-launch-template": "Template"}.get(
        launch, "ClusterGroup" if join == "add-capacity" else "Group"
    )
    value = _user_data(templates["-".join(case)], logical_id)

    reading = cfn.read_value(value, system.os)

    assert reading.settings["ECS_IMAGE_PULL_BEHAVIOR"] == "once"
    assert reading.effective["ECS_IMAGE_PULL_BEHAVIOR"] == "once"
    assert reading.effective["ECS_IMAGE_CLEANUP_INTERVAL"] == "1h0m0s"
    marked = cfn.to_text(value)
    text = marked.text
    assert {"Ref": "ClusterEB0386A7"} in marked.pieces
    assert system.before in text
    assert system.after in text
    assert text.count("ECS_IMAGE_PULL_BEHAVIOR" if name != "bottlerocket" else "image-pull-behavior") == 1


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_other_groups_stay_as_they_are(templates: dict[str, Any], case: tuple[str, str, str, str]) -> None:
    """A group that is no ECS capacity keeps its user data, whatever the scope of the mixin."""
    value = _user_data(templates["-".join(case)], "Bastion")

    assert json.dumps(value) == '{"Fn::Base64": "#!/bin/bash"}'


def test_the_matrix_is_large() -> None:
    """The issue asks for sixty combinations; there are more."""
    assert len(CASES) == 195
