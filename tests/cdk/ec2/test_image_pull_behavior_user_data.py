"""Every kind of user data that people hand to CDK comes out with the settings, and with what they wrote."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.agent import cfn

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct

    from cdk_pull.agent.variables import OperatingSystem

TYPE = ec2.InstanceType("t3.large")
LAUNCH_TEMPLATES = "@aws-cdk/aws-autoscaling:generateLaunchTemplateInsteadOfLaunchConfig"
AMI = "ami-0123456789abcdef0"
PIECES = {"Ref": "AWS::Region"}


@jsii.implements(ec2.IMachineImage)
class ImageWithCommands:
    """A machine image that brings commands of its own."""

    def get_image(self, scope: IConstruct) -> ec2.MachineImageConfig:  # noqa: ARG002 - IMachineImage has it
        """Return an image with user data."""
        user_data = ec2.UserData.for_linux()
        user_data.add_commands("echo kept")
        return ec2.MachineImageConfig(
            image_id=AMI, os_type=ec2.OperatingSystemType.LINUX, user_data=user_data
        )


def new_stack(*, launch_templates: bool = True) -> tuple[cdk.Stack, ec2.IVpc]:
    """Return a stack with a VPC that needs no resources."""
    app = cdk.App(analytics_reporting=False, context={LAUNCH_TEMPLATES: launch_templates})
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(region="us-east-1"))
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["us-east-1a"], private_subnet_ids=["subnet-1"]
    )
    return stack, vpc


def user_data(stack: cdk.Stack) -> Any:
    """Return the user data of the stack's only launch resource."""
    (properties,) = [
        each["Properties"]
        for each in Template.from_stack(stack).to_json()["Resources"].values()
        if each["Type"] in {"AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate"}
    ]
    return properties.get("LaunchTemplateData", properties)["UserData"]


def group(stack: cdk.Stack, vpc: ec2.IVpc, **options: Any) -> autoscaling.AutoScalingGroup:
    """Return an Auto Scaling group with some of its options."""
    options = {"machine_image": ecs.EcsOptimizedImage.amazon_linux2023(), **options}
    return autoscaling.AutoScalingGroup(stack, "Group", vpc=vpc, instance_type=TYPE, **options)


def join(stack: cdk.Stack, vpc: ec2.IVpc, capacity: autoscaling.AutoScalingGroup) -> None:
    """Make the group capacity of a cluster."""
    provider = ecs.AsgCapacityProvider(stack, "Provider", auto_scaling_group=capacity)
    ecs.Cluster(stack, "Cluster", vpc=vpc).add_asg_capacity_provider(provider)


def multipart() -> ec2.UserData:
    """Return an archive of a boothook and a default script."""
    archive = ec2.MultipartUserData()
    hook = ec2.UserData.for_linux()
    hook.add_commands("cloud-init-per once kept echo kept")
    archive.add_part(ec2.MultipartBody.from_user_data(hook, ec2.MultipartBody.CLOUD_BOOTHOOK))
    archive.add_user_data_part(ec2.UserData.for_linux(), ec2.MultipartBody.SHELL_SCRIPT, make_default=True)
    return archive


def multipart_with_raw_cloud_config() -> ec2.UserData:
    """Return an archive whose cloud-config is there as it is."""
    archive = ec2.MultipartUserData()
    archive.add_part(
        ec2.MultipartBody.from_raw_body(
            content_type='text/cloud-config; charset="utf-8"', body="#cloud-config\nfqdn: kept.example.com"
        )
    )
    archive.add_user_data_part(ec2.UserData.for_linux(), ec2.MultipartBody.SHELL_SCRIPT, make_default=True)
    return archive


def windows(*, persist: bool) -> ec2.UserData:
    """Return PowerShell, once or at every start."""
    script = ec2.UserData.for_windows(persist=persist)
    script.add_commands("Write-Output 'kept'")
    return script


KINDS: dict[str, tuple[OperatingSystem, Callable[[], dict[str, Any]]]] = {
    "custom": ("linux", lambda: {"user_data": ec2.UserData.custom("#!/bin/bash\necho kept")}),
    "custom-cloud-config": (
        "linux",
        lambda: {"user_data": ec2.UserData.custom("#cloud-config\nruncmd:\n  - echo kept\n")},
    ),
    "multipart": ("linux", lambda: {"user_data": multipart()}),
    "multipart-raw-cloud-config": ("linux", lambda: {"user_data": multipart_with_raw_cloud_config()}),
    "machine-image-with-user-data": ("linux", lambda: {"machine_image": ImageWithCommands()}),
    "shebang-of-another-shell": (
        "linux",
        lambda: {"user_data": ec2.UserData.custom("#!/bin/sh -e\necho kept\nexit 0")},
    ),
    "windows": (
        "windows",
        lambda: {
            "machine_image": ecs.EcsOptimizedImage.windows(ecs.WindowsOptimizedVersion.SERVER_2019),
            "user_data": windows(persist=False),
        },
    ),
    "windows-persist": (
        "windows",
        lambda: {
            "machine_image": ecs.EcsOptimizedImage.windows(ecs.WindowsOptimizedVersion.SERVER_2022),
            "user_data": windows(persist=True),
        },
    ),
}


@pytest.mark.parametrize("launch_templates", [False, True], ids=["launch-configuration", "launch-template"])
@pytest.mark.parametrize("first", [False, True], ids=["after-joining", "before-joining"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_group_keeps_its_user_data(kind: str, *, first: bool, launch_templates: bool) -> None:
    """Whatever kind of user data a group has, the settings are in it beside what was there."""
    os, options = KINDS[kind]
    stack, vpc = new_stack(launch_templates=launch_templates)
    capacity = group(stack, vpc, **options())
    if first:
        capacity.with_(pull.ImagePullBehavior.always())
    if kind != "custom-cloud-config":  # a group's own commands would make it no cloud-config any more
        join(stack, vpc, capacity)
    if not first:
        capacity.with_(pull.ImagePullBehavior.always())

    value = user_data(stack)

    reading = cfn.read_value(value, os)
    assert reading.effective["ECS_IMAGE_PULL_BEHAVIOR"] == "always"
    assert "kept" in str(value)
    if "persist" in kind:
        assert cfn.to_text(value).text.endswith("</powershell><persist>true</persist>")


def test_a_launch_template_without_user_data_gets_some() -> None:
    """A launch template that has an image and no user data has the settings after, and nothing else in it."""
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    template = ec2.LaunchTemplate(
        stack, "Template", machine_image=ecs.EcsOptimizedImage.amazon_linux2023(), instance_type=TYPE
    )

    template.with_(pull.ImagePullBehavior.prefer_cached())

    reading = cfn.read_value(user_data(stack), "linux")
    assert dict(reading.settings) == {"ECS_IMAGE_PULL_BEHAVIOR": "prefer-cached"}


@pytest.mark.parametrize(
    ("image", "os"),
    [
        (ecs.EcsOptimizedImage.amazon_linux2, "linux"),
        (lambda: ecs.EcsOptimizedImage.windows(ecs.WindowsOptimizedVersion.SERVER_2022), "windows"),
        (ecs.BottleRocketImage, "bottlerocket"),
        (lambda: ec2.MachineImage.generic_windows({"us-east-1": AMI}), "windows"),
        (lambda: ec2.MachineImage.generic_linux({"us-east-1": AMI}), "linux"),
    ],
    ids=["ecs-linux", "ecs-windows", "ecs-bottlerocket", "own-windows", "own-linux"],
)
def test_the_image_tells_the_operating_system(
    image: Callable[[], ec2.IMachineImage], os: OperatingSystem
) -> None:
    """Without user data, the image of a launch template tells what to write."""
    app = cdk.App()
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(region="us-east-1"))
    template = ec2.LaunchTemplate(stack, "Template", machine_image=image(), instance_type=TYPE)

    template.with_(pull.ImagePullBehavior.once())

    assert cfn.read_value(user_data(stack), os).effective["ECS_IMAGE_PULL_BEHAVIOR"] == "once"


L1_USER_DATA: dict[str, Callable[[], Any]] = {
    "base64": lambda: cdk.Fn.base64("#!/bin/bash\necho kept"),
    "base64-sub": lambda: cdk.Fn.base64(cdk.Fn.sub("#!/bin/bash\necho kept ${AWS::Region}")),
    "base64-sub-with-variables": lambda: cdk.Fn.base64(
        cdk.Fn.sub("#!/bin/bash\necho kept ${Where}", {"Where": cdk.Aws.REGION})
    ),
    "base64-join": lambda: cdk.Fn.base64(
        cdk.Fn.join("\n", ["#!/bin/bash", "echo kept", f"echo {cdk.Aws.REGION}"])
    ),
    "literal-base64": lambda: base64.b64encode(b"#!/bin/bash\necho kept").decode(),
}


@pytest.mark.parametrize("launch", ["launch-configuration", "launch-template"])
@pytest.mark.parametrize("kind", L1_USER_DATA)
def test_an_l1_keeps_its_user_data(kind: str, launch: str) -> None:
    """User data that the template spells out in any way is opened, added to and closed again."""
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    value = L1_USER_DATA[kind]()
    resource: Any
    if launch == "launch-configuration":
        resource = autoscaling.CfnLaunchConfiguration(
            stack, "L1", image_id=AMI, instance_type="t3.large", user_data=value
        )
    else:
        data = ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(image_id=AMI, user_data=value)
        resource = ec2.CfnLaunchTemplate(stack, "L1", launch_template_data=data)

    resource.with_(pull.ImagePullBehavior.once())

    written = user_data(stack)
    assert cfn.read_value(written, "linux").effective["ECS_IMAGE_PULL_BEHAVIOR"] == "once"
    marked = cfn.to_text(written)
    assert "echo kept" in marked.text
    assert (PIECES in marked.pieces) is ("sub" in kind or "join" in kind)


def test_an_l1_group_leads_to_its_launch_template() -> None:
    """A group's reference to a launch template is followed, and the override of a mixed policy with it."""
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    templates = [
        ec2.CfnLaunchTemplate(
            stack,
            name,
            launch_template_data=ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(
                user_data=cdk.Fn.base64("#!/bin/bash")
            ),
        )
        for name in ("One", "Other")
    ]
    specifications = [
        autoscaling.CfnAutoScalingGroup.LaunchTemplateSpecificationProperty(
            version="1", launch_template_id=each.ref
        )
        for each in templates
    ]
    mixed = autoscaling.CfnAutoScalingGroup.MixedInstancesPolicyProperty(
        launch_template=autoscaling.CfnAutoScalingGroup.LaunchTemplateProperty(
            launch_template_specification=specifications[0],
            overrides=[
                autoscaling.CfnAutoScalingGroup.LaunchTemplateOverridesProperty(
                    launch_template_specification=specifications[1]
                )
            ],
        )
    )
    capacity = autoscaling.CfnAutoScalingGroup(
        stack, "Group", max_size="1", min_size="0", mixed_instances_policy=mixed
    )

    capacity.with_(pull.ImagePullBehavior.once())

    written = Template.from_stack(stack).find_resources("AWS::EC2::LaunchTemplate")
    assert {
        name: cfn.read_value(each["Properties"]["LaunchTemplateData"]["UserData"], "linux").effective[
            "ECS_IMAGE_PULL_BEHAVIOR"
        ]
        for name, each in written.items()
    } == {"One": "once", "Other": "once"}


def test_user_data_assigned_later_counts() -> None:
    """What an L1's user data is when the template is written is what the settings are added to."""
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    resource = autoscaling.CfnLaunchConfiguration(stack, "L1", image_id=AMI, instance_type="t3.large")
    resource.with_(pull.ImagePullBehavior.once())

    resource.user_data = cdk.Fn.base64("#!/bin/bash\necho kept")

    text = cfn.to_text(user_data(stack)).text
    assert "echo kept" in text
    assert "once" in text


def test_a_named_operating_system_wins_over_nothing() -> None:
    """For an image that does not tell, operating_system says what to write."""
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    data = ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(image_id=AMI)
    resource = ec2.CfnLaunchTemplate(stack, "L1", launch_template_data=data)

    resource.with_(pull.ImagePullBehavior.once(operating_system="bottlerocket"))

    assert cfn.to_text(user_data(stack)).text.split() == [
        "[settings.ecs]",
        "image-pull-behavior",
        "=",
        '"once"',
    ]


def test_user_data_of_a_parameter_is_refused() -> None:
    """User data whose text is not in the template cannot be added to, and the error says so."""
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    parameter = cdk.CfnParameter(stack, "Text")
    resource = autoscaling.CfnLaunchConfiguration(
        stack, "L1", image_id=AMI, instance_type="t3.large", user_data=parameter.value_as_string
    )
    resource.with_(pull.ImagePullBehavior.once())

    with pytest.raises(RuntimeError) as error:
        Template.from_stack(stack)

    assert (
        '[cdk-pull] Stack/L1: the text of this user data is not in the template: {"Ref": "Text"}; write it'
        in str(error.value)
    )


def test_both_branches_of_a_condition_have_the_settings() -> None:
    """User data that depends on a condition has the settings in both of its branches."""
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    cdk.CfnCondition(stack, "Large", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "us-east-1"))
    value = cdk.Fn.condition_if(
        "Large", cdk.Fn.base64("#!/bin/bash\necho one"), cdk.Fn.base64("#!/bin/bash\necho other")
    )
    resource = autoscaling.CfnLaunchConfiguration(
        stack, "L1", image_id=AMI, instance_type="t3.large", user_data=cdk.Token.as_string(value)
    )

    resource.with_(pull.ImagePullBehavior.once())

    _, one, other = user_data(stack)["Fn::If"]
    for branch, kept in ((one, "echo one"), (other, "echo other")):
        assert cfn.read_value(branch).effective["ECS_IMAGE_PULL_BEHAVIOR"] == "once"
        assert kept in cfn.to_text(branch).text


def test_a_branch_without_user_data_takes_the_operating_system_of_the_other() -> None:
    """User data that is there under a condition only is written in both cases."""
    stack = cdk.Stack(cdk.App(), "Stack")
    cdk.CfnCondition(stack, "Large", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "us-east-1"))
    value = cdk.Fn.condition_if("Large", cdk.Aws.NO_VALUE, cdk.Fn.base64("#!/bin/bash\necho other"))
    resource = autoscaling.CfnLaunchConfiguration(
        stack, "L1", image_id=AMI, instance_type="t3.large", user_data=cdk.Token.as_string(value)
    )

    resource.with_(pull.ImagePullBehavior.once())

    branches = user_data(stack)["Fn::If"][1:]
    assert [cfn.read_value(each).effective["ECS_IMAGE_PULL_BEHAVIOR"] for each in branches] == ["once"] * 2
