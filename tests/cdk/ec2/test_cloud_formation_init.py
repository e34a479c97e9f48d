"""cfn-init, which runs after most of the user data, does not overrule the mixin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.view import EcsView
from tests.cdk.ec2.ec2_apps import join, new_cluster, new_group, new_stack

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = "/etc/ecs/ecs.config"


def _file() -> ec2.CloudFormationInit:
    return ec2.CloudFormationInit.from_elements(
        ec2.InitFile.from_string(CONFIG, "ECS_CLUSTER=other\nECS_IMAGE_PULL_BEHAVIOR=always\n")
    )


def _commands() -> ec2.CloudFormationInit:
    return ec2.CloudFormationInit.from_elements(
        ec2.InitCommand.shell_command(f"echo ECS_IMAGE_PULL_BEHAVIOR=default > {CONFIG}")
    )


def _unrelated() -> ec2.CloudFormationInit:
    return ec2.CloudFormationInit.from_elements(ec2.InitPackage.yum("htop"))


INITS: dict[str, Callable[[], ec2.CloudFormationInit]] = {
    "file": _file,
    "commands": _commands,
    "unrelated": _unrelated,
}
ORDERS = (
    "init=, then the mixin",
    "the mixin, then apply",
    "apply, then the mixin",
    "the mixin, then join and apply",
)


def _document(stack: cdk.Stack) -> dict[str, Any]:
    return dict(Template.from_stack(stack).to_json())


def _template(init: ec2.CloudFormationInit, order: str) -> dict[str, Any]:
    stack = new_stack()
    cluster = new_cluster(stack)
    # CDK applies no init without a signal that it waits for.
    options: dict[str, Any] = {
        "signals": autoscaling.Signals.wait_for_all(timeout=cdk.Duration.minutes(5)),
        "update_policy": autoscaling.UpdatePolicy.rolling_update(),
    }
    if order == "init=, then the mixin":
        options["init"] = init
    group = new_group(stack, **options)
    if order == "apply, then the mixin":
        group.apply_cloud_formation_init(init)
    join(cluster, group)
    if order == "the mixin, then join and apply":
        group.with_(pull.ImagePullBehavior.once())
    else:
        cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.once())
    if "apply" in order and order != "apply, then the mixin":
        group.apply_cloud_formation_init(init)
    return _document(stack)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("init", INITS)
def test_the_mixin_comes_last(init: str, order: str) -> None:
    """Whatever cfn-init writes, and however it is applied, the instance has the behaviour of the mixin."""
    (capacity,) = EcsView(from_document(_template(INITS[init](), order), region="us-east-1")).capacities
    assert capacity.behavior == "once"
    text = str(capacity.user_data)
    assert text.index("cfn-init -v") < text.rindex("ECS_IMAGE_PULL_BEHAVIOR=once")


def test_an_l1_launch_template_with_metadata_of_its_own() -> None:
    """A launch template of CloudFormation's own whose metadata cfn-init applies is served in the same way."""
    stack = new_stack()
    new_cluster(stack)
    resource = ec2.CfnLaunchTemplate(
        stack,
        "L1",
        launch_template_data=ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(
            image_id=ecs.EcsOptimizedImage.amazon_linux2023().get_image(stack).image_id,
            instance_type="t3.large",
            user_data=cdk.Fn.base64(
                "#!/bin/bash\necho ECS_CLUSTER=c >> /etc/ecs/ecs.config\n/opt/aws/bin/cfn-init -s s -r L1\nyum update\n"
            ),
        ),
    )
    resource.add_metadata(
        "AWS::CloudFormation::Init", {"config": {"files": {CONFIG: {"content": "ECS_CLUSTER=c\n"}}}}
    )
    resource.with_(pull.ImagePullBehavior.once())
    (capacity,) = EcsView(from_document(_document(stack), region="us-east-1")).capacities
    assert capacity.behavior == "once"


def test_user_data_without_cfn_init_is_as_before() -> None:
    """Where cfn-init is not called, the line stands where it stood."""
    stack = new_stack()
    group = new_group(stack)
    join(new_cluster(stack), group)
    group.with_(pull.ImagePullBehavior.once())
    (capacity,) = EcsView(from_document(_document(stack), region="us-east-1")).capacities
    assert (
        str(capacity.user_data).split("\n")[1].endswith("ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config")
    )
