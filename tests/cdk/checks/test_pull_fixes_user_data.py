"""PullFixes on user data in all the forms that CDK has for it, and on what is none of its business."""

from __future__ import annotations

from typing import Any, Final

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.agent import cfn
from tests.cdk.ec2.ec2_apps import LAUNCH_TEMPLATES, join, new_cluster, new_group, new_stack

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
F: Final = "/etc/ecs/ecs.config"
WRONG: Final = f"#!/bin/bash\necho ECS_CLUSTER=prod >> {F}\necho {B}=Once >> {F}\n"
RIGHT: Final = WRONG.replace("Once", "once")
OTHER: Final = f"#!/bin/bash\necho ECS_CLUSTER=mine >> {F}\n"
OVERRIDE: Final = "LaunchTemplateData.UserData"


def _user_data(stack: cdk.Stack) -> list[Any]:
    """Return what the template has for each launch configuration and launch template."""
    found = []
    for body in Template.from_stack(stack).to_json()["Resources"].values():
        if body["Type"] in {"AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration"}:
            properties = body.get("Properties", {})
            found.append(properties.get("LaunchTemplateData", properties).get("UserData"))
    return found


@jsii.implements(cdk.IStableAnyProducer)
class _Later:
    def produce(self) -> dict[str, Any]:
        return {"imageId": "ami-1", "userData": cdk.Fn.base64(WRONG)}


def _resource(stack: cdk.Stack, form: str) -> None:
    data = {"imageId": "ami-1", "userData": cdk.Fn.base64(WRONG)}
    match form:
        case "dict":
            ec2.CfnLaunchTemplate(stack, "Launch", launch_template_data=data)
        case "lazy":
            ec2.CfnLaunchTemplate(stack, "Launch", launch_template_data=cdk.Lazy.any(_Later()))
        case "sub":
            text = cdk.Fn.base64(cdk.Fn.sub(WRONG))
            autoscaling.CfnLaunchConfiguration(
                stack, "Launch", image_id="ami-1", instance_type="m7i.large", user_data=text
            )
        case "untyped template":
            properties = {"LaunchTemplateData": {"ImageId": "ami-1", "UserData": cdk.Fn.base64(WRONG)}}
            cdk.CfnResource(stack, "Launch", type="AWS::EC2::LaunchTemplate", properties=properties)
        case "untyped configuration":
            settings = {"ImageId": "ami-1", "UserData": cdk.Fn.base64(WRONG)}
            cdk.CfnResource(
                stack, "Launch", type="AWS::AutoScaling::LaunchConfiguration", properties=settings
            )


@pytest.mark.parametrize("form", ["dict", "lazy", "sub", "untyped template", "untyped configuration"])
def test_every_form_of_a_resource(form: str) -> None:
    """A launch template or configuration is fixed whatever class made it and however its properties are given."""
    stack = new_stack()
    _resource(stack, form)
    cdk.Mixins.of(stack).apply(pull.PullFixes())
    (value,) = _user_data(stack)
    assert cfn.to_text(value).text == RIGHT


@pytest.mark.parametrize("form", ["lazy", "untyped template"])
def test_every_form_takes_a_behavior(form: str) -> None:
    """The same holds for the settings of ImagePullBehavior."""
    stack = new_stack()
    _resource(stack, form)
    cdk.Mixins.of(stack).apply(
        pull.PullFixes(), pull.ImagePullBehavior.once(image_cleanup_interval=cdk.Duration.hours(2))
    )
    (value,) = _user_data(stack)
    assert cfn.read_value(value).settings == {B: "once", "ECS_IMAGE_CLEANUP_INTERVAL": "2h0m0s"}


@pytest.mark.parametrize("launch_templates", [True, False])
@pytest.mark.parametrize(
    "mixin", [pull.PullFixes(), pull.ImagePullBehavior.once()], ids=["fixes", "behavior"]
)
def test_an_override_of_instances_that_join_no_cluster_stays(
    mixin: cdk.Mixin, *, launch_templates: bool
) -> None:
    """What somebody has put above the user data of other instances is not touched by a mixin on the app."""
    app = cdk.App(analytics_reporting=False, context={LAUNCH_TEMPLATES: launch_templates})
    stack = new_stack(app)
    group = new_group(stack, machine_image=ec2.MachineImage.latest_amazon_linux2023())
    holder = group.node.find_child("LaunchTemplate") if launch_templates else group
    resource = holder.node.default_child if launch_templates else holder.node.find_child("LaunchConfig")
    assert isinstance(resource, cdk.CfnResource)
    resource.add_property_override(
        OVERRIDE if launch_templates else "UserData", cdk.Fn.base64("#!/bin/bash\npwd\n")
    )
    cdk.Mixins.of(app).apply(mixin)
    assert _user_data(stack) == [{"Fn::Base64": "#!/bin/bash\npwd\n"}]


@pytest.mark.parametrize("line", ["ls", f"echo {B}=Once >> {F}"], ids=["sound", "wrong"])
@pytest.mark.parametrize("before", [True, False])
def test_an_override_stays(line: str, *, before: bool) -> None:
    """An override of the user data stays, whether it was made before or after and whatever is below it."""
    stack = new_stack()
    group = new_group(stack)
    group.add_user_data(line)
    join(new_cluster(stack), group)
    resource = group.node.find_child("LaunchTemplate").node.default_child
    assert isinstance(resource, ec2.CfnLaunchTemplate)
    if not before:
        cdk.Mixins.of(stack).apply(pull.PullFixes())
    resource.add_property_override(OVERRIDE, cdk.Fn.base64(OTHER))
    if before:
        cdk.Mixins.of(stack).apply(pull.PullFixes())
    assert _user_data(stack) == [{"Fn::Base64": OTHER}]


def test_multipart_user_data() -> None:
    """The script in an ec2.MultipartUserData is fixed, with what CDK has added to it."""
    stack = new_stack()
    script = ec2.UserData.for_linux()
    script.add_commands(f"echo ECS_CLUSTER={cdk.Aws.STACK_NAME} >> {F}", f"echo {B}=Once >> {F}")
    archive = ec2.MultipartUserData()
    archive.add_user_data_part(script, ec2.MultipartBody.SHELL_SCRIPT, True)
    image = ecs.EcsOptimizedImage.amazon_linux2023()
    ec2.LaunchTemplate(stack, "Launch", machine_image=image, user_data=archive)
    cdk.Mixins.of(stack).apply(pull.PullFixes())
    (value,) = _user_data(stack)
    assert cfn.read_value(value).settings == {B: "once"}
    assert cfn.read_value(value).warnings == ()


def test_the_last_line_of_windows() -> None:
    """CDK writes </powershell> beside the last command, which moves without it."""
    stack = new_stack()
    group = new_group(
        stack, machine_image=ecs.EcsOptimizedImage.windows(ecs.WindowsOptimizedVersion.SERVER_2022)
    )
    join(new_cluster(stack), group)
    line = f'[Environment]::SetEnvironmentVariable("{B}", "once", "Machine")'
    group.add_user_data(line)
    cdk.Mixins.of(stack).apply(pull.PullFixes())
    (value,) = _user_data(stack)
    text = cfn.to_text(value).text
    commands = text.splitlines()
    agent = next(index for index, each in enumerate(commands) if each.startswith("Initialize-ECSAgent"))
    assert (commands[0], commands[agent - 1], commands[-1]) == ("<powershell>", line, "</powershell>")
