"""Small apps with EC2 capacity for the tests, and their templates read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

from cdk_pull.agent import cfn

if TYPE_CHECKING:
    from constructs import Construct

TYPE = ec2.InstanceType("t3.large")
LAUNCH_TEMPLATES = "@aws-cdk/aws-autoscaling:generateLaunchTemplateInsteadOfLaunchConfig"


def new_stack(scope: Construct | None = None, name: str = "Stack") -> cdk.Stack:
    """Return a stack of a Region, in an app that makes launch templates."""
    scope = scope or cdk.App(analytics_reporting=False, context={LAUNCH_TEMPLATES: True})
    return cdk.Stack(scope, name, env=cdk.Environment(region="us-east-1", account="123456789012"))


def vpc_of(stack: cdk.Stack) -> ec2.IVpc:
    """Return a VPC that needs no resources."""
    known = stack.node.try_find_child("Vpc")
    if known:
        return known  # type: ignore[return-value] # it is the one below
    return ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["us-east-1a"], private_subnet_ids=["subnet-1"]
    )


def new_cluster(stack: cdk.Stack, name: str = "Cluster", **options: Any) -> ecs.Cluster:
    """Return a cluster."""
    return ecs.Cluster(stack, name, vpc=vpc_of(stack), **options)


def new_group(stack: cdk.Stack, name: str = "Group", **options: Any) -> autoscaling.AutoScalingGroup:
    """Return an Auto Scaling group of ECS-optimized Linux instances."""
    options = {"machine_image": ecs.EcsOptimizedImage.amazon_linux2023(), **options}
    return autoscaling.AutoScalingGroup(stack, name, vpc=vpc_of(stack), instance_type=TYPE, **options)


def join(cluster: ecs.Cluster, group: autoscaling.AutoScalingGroup, **options: Any) -> None:
    """Make a group capacity of a cluster."""
    stack = cdk.Stack.of(group)
    name = f"{group.node.id}Provider"
    cluster.add_asg_capacity_provider(
        ecs.AsgCapacityProvider(stack, name, auto_scaling_group=group, **options)
    )


def behaviors(stack: cdk.Stack) -> dict[str, str | None]:
    """Return the pull behavior in each of the stack's launch resources, by the beginning of its logical id."""
    found = {}
    for logical_id, each in Template.from_stack(stack).to_json()["Resources"].items():
        if each["Type"] in {"AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate"}:
            name = logical_id[:-8].removesuffix("LaunchTemplate").removesuffix("LaunchConfig")
            data = each["Properties"].get("LaunchTemplateData", each["Properties"])
            found[name] = cfn.read_value(data["UserData"]).settings.get("ECS_IMAGE_PULL_BEHAVIOR")
    return found


def refusal(stack: cdk.Stack) -> str:
    """Return the line with which the synth is refused."""
    with pytest.raises(RuntimeError) as error:
        Template.from_stack(stack)
    headline, message = str(error.value).split("\n", maxsplit=1)
    assert headline == "ValidationFailedWithErrors: Validation failed with the following errors:"
    return message.strip()
