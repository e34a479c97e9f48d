"""Launch templates of AWS Batch get their settings in the one form that AWS Batch accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.agent import cfn
from cdk_pull.errors import UnsupportedError
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import from_document
from tests.cdk.ec2.ec2_apps import new_stack, refusal, vpc_of

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = "#!/bin/bash\nyum install -y jq\n"


def _multipart() -> ec2.UserData:
    data = ec2.MultipartUserData()
    data.add_part(ec2.MultipartBody.from_user_data(ec2.UserData.custom(SCRIPT)))
    return data


USER_DATA: dict[str, Callable[[], ec2.UserData | None]] = {
    "none": lambda: None,
    "script": lambda: ec2.UserData.custom(SCRIPT),
    "for_linux": ec2.UserData.for_linux,
    "cloud-config": lambda: ec2.UserData.custom("#cloud-config\npackages: [jq]\n"),
    "multipart": _multipart,
}


def _environment(
    stack: cdk.Stack, template: ec2.ILaunchTemplate | None, level: str = "L2"
) -> batch.ManagedEc2EcsComputeEnvironment | batch.CfnComputeEnvironment:
    if level == "L2":
        return batch.ManagedEc2EcsComputeEnvironment(
            stack, "Compute", vpc=vpc_of(stack), launch_template=template
        )
    launch = {"launchTemplateId": template.launch_template_id} if template is not None else None
    return batch.CfnComputeEnvironment(
        stack,
        "Compute",
        type="MANAGED",
        compute_resources={
            "type": "EC2",
            "maxvCpus": 4,
            "subnets": ["subnet-1"],
            "securityGroupIds": ["sg-1"],
            "instanceTypes": ["optimal"],
            "launchTemplate": launch,
        },
    )


def _value(stack: cdk.Stack) -> Any:
    document = Template.from_stack(stack).to_json()
    found = check([from_document(document, region="us-east-1")], Options(select=("PULL131",)))
    assert found.findings == ()
    (template,) = (
        each for each in document["Resources"].values() if each["Type"] == "AWS::EC2::LaunchTemplate"
    )
    return template["Properties"]["LaunchTemplateData"].get("UserData")


@pytest.mark.parametrize("target", ["template", "environment", "app"])
@pytest.mark.parametrize("level", ["L1", "L2"])
@pytest.mark.parametrize("kind", USER_DATA)
def test_what_is_written_is_multipart(kind: str, level: str, target: str) -> None:
    """Whatever the user data was, and whatever the mixin is applied to, it becomes MIME with the settings in it."""
    stack = new_stack()
    template = ec2.LaunchTemplate(stack, "Template", user_data=USER_DATA[kind]())
    environment = _environment(stack, template, level)
    scope = {"template": template, "environment": environment, "app": stack.node.root}[target]
    cdk.Mixins.of(scope).apply(pull.ImagePullBehavior.once())

    value = _value(stack)
    text = cfn.to_text(value).text
    assert text.lower().startswith(("mime-version:", "content-type: multipart/mixed"))
    assert cfn.read_value(value).settings == {"ECS_IMAGE_PULL_BEHAVIOR": "once"}
    assert ("jq" in str(value)) is (kind in {"script", "cloud-config", "multipart"})


def test_a_launch_template_of_another_stack() -> None:
    """A compute environment of one stack reaches the launch template of another."""
    app = cdk.App(analytics_reporting=False)
    first, second = new_stack(app, "First"), new_stack(app, "Second")
    template = ec2.LaunchTemplate(first, "Template", user_data=ec2.UserData.custom(SCRIPT))
    _environment(second, template)
    cdk.Mixins.of(template).apply(pull.ImagePullBehavior.once())
    assert cfn.to_text(_value(first)).text.startswith("MIME-Version: 1.0\n")


def test_another_launch_template_keeps_its_form() -> None:
    """A launch template that no compute environment of AWS Batch uses stays a script."""
    stack = new_stack()
    ec2.LaunchTemplate(
        stack,
        "Template",
        machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
        user_data=ec2.UserData.custom(SCRIPT),
    )
    _environment(stack, None)
    cdk.Mixins.of(stack).apply(pull.ImagePullBehavior.once())
    assert cfn.to_text(_value(stack)).text.startswith("#!/bin/bash\n")


def test_without_the_mixin_nothing_changes() -> None:
    """User data that nothing is asked for stays as it is, in whatever form."""
    stack = new_stack()
    _environment(stack, ec2.LaunchTemplate(stack, "Template", user_data=ec2.UserData.custom(SCRIPT)))
    document = Template.from_stack(stack).to_json()["Resources"]
    (template,) = (each for each in document.values() if each["Type"] == "AWS::EC2::LaunchTemplate")
    assert template["Properties"]["LaunchTemplateData"]["UserData"] == {"Fn::Base64": SCRIPT}


def test_bottlerocket_is_refused() -> None:
    """Bottlerocket reads no MIME, and AWS Batch takes nothing else: the synth says what to use."""
    stack = new_stack()
    template = ec2.LaunchTemplate(
        stack,
        "Template",
        machine_image=ecs.BottleRocketImage(variant=ecs.BottlerocketEcsVariant.AWS_ECS_2),
        user_data=ec2.UserData.custom("[settings.ecs]\n"),
    )
    _environment(stack, template)
    cdk.Mixins.of(template).apply(pull.ImagePullBehavior.once())
    assert refusal(stack).endswith(
        "AWS Batch accepts MIME multipart user data only, which Bottlerocket does not read: use an ECS-optimized image "
        "of Amazon Linux"
    )


@pytest.mark.parametrize("level", ["L1", "L2"])
def test_a_compute_environment_without_a_launch_template(level: str) -> None:
    """Without a launch template there is no user data to write to: the error says to give it one."""
    stack = new_stack()
    with pytest.raises(Exception, match="give the compute environment one with launch_template=") as error:
        cdk.Mixins.of(_environment(stack, None, level)).apply(pull.ImagePullBehavior.once())
    assert "Compute" in str(error.value) or isinstance(error.value, UnsupportedError)
