"""What is in a scope and is not reached: a warning on the thing itself, with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

import cdk_pull as pull

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from constructs import IConstruct

    from cdk_pull.cdk.synth.scope_mixin import ScopeMixin

ENV: Final = cdk.Environment(account="111122223333", region="eu-west-1")
ROLE: Final = "arn:aws:iam::111122223333:role/r"
JOINS: Final = "#!/bin/bash\necho ECS_CLUSTER=c >> /etc/ecs/ecs.config\n"
AL2023: Final = ecs.EcsOptimizedImage.amazon_linux2023


def vpc(stack: cdk.Stack) -> ec2.IVpc:
    """Return a VPC that needs no resources."""
    return ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["eu-west-1a"], private_subnet_ids=["subnet-1"]
    )


def spot_fleet(stack: cdk.Stack, user_data: str = JOINS) -> IConstruct:
    """Return a Spot Fleet."""
    launch = ec2.CfnSpotFleet.SpotFleetLaunchSpecificationProperty(
        image_id="ami-1", user_data=cdk.Fn.base64(user_data)
    )
    return ec2.CfnSpotFleet(
        stack,
        "Fleet",
        spot_fleet_request_config_data=ec2.CfnSpotFleet.SpotFleetRequestConfigDataProperty(
            iam_fleet_role=ROLE, target_capacity=1, launch_specifications=[launch]
        ),
    )


def instance(stack: cdk.Stack, user_data: str = JOINS) -> IConstruct:
    """Return an instance."""
    return ec2.CfnInstance(stack, "Instance", image_id="ami-1", user_data=cdk.Fn.base64(user_data))


def provider(stack: cdk.Stack, group: str = "arn:aws:autoscaling:eu-west-1:111122223333:g") -> IConstruct:
    """Return a capacity provider."""
    return ecs.CfnCapacityProvider(
        stack,
        "Provider",
        auto_scaling_group_provider=ecs.CfnCapacityProvider.AutoScalingGroupProviderProperty(
            auto_scaling_group_arn=group
        ),
    )


def own_provider(stack: cdk.Stack) -> IConstruct:
    """Return a capacity provider of a group of this stack."""
    template = launch(stack, cdk.Fn.base64(JOINS))
    group = autoscaling.CfnAutoScalingGroup(
        stack,
        "Group",
        min_size="0",
        max_size="1",
        launch_template=autoscaling.CfnAutoScalingGroup.LaunchTemplateSpecificationProperty(
            launch_template_id=template.ref, version=template.attr_latest_version_number
        ),
    )
    return provider(stack, group.ref)


def launch(stack: cdk.Stack, user_data: str) -> ec2.CfnLaunchTemplate:
    """Return a launch template."""
    data = ec2.CfnLaunchTemplate.LaunchTemplateDataProperty(image_id="ami-1", user_data=user_data)
    return ec2.CfnLaunchTemplate(stack, "Launch", launch_template_data=data)


def express(stack: cdk.Stack) -> IConstruct:
    """Return an Express Gateway service."""
    return ecs.CfnExpressGatewayService(
        stack,
        "Express",
        execution_role_arn=ROLE,
        infrastructure_role_arn=ROLE,
        primary_container=ecs.CfnExpressGatewayService.ExpressGatewayContainerProperty(image="nginx"),
    )


def behavior() -> ScopeMixin:
    """Return a pull behavior."""
    return pull.ImagePullBehavior.once()


def size() -> ScopeMixin:
    """Return a size."""
    return pull.FargateTaskSize.within_price(1, compressed="800MB", uncompressed="2.4GB")


@pytest.mark.parametrize(
    ("make", "mixin", "why"),
    [
        (instance, behavior, "the user data of a single instance runs at its first boot alone"),
        (lambda stack: instance(stack, "#!/bin/bash\n"), behavior, ""),
        (spot_fleet, behavior, "a Spot Fleet has the user data of its launch specifications in itself"),
        (lambda stack: spot_fleet(stack, "#!/bin/bash\n"), behavior, ""),
        (provider, behavior, "its Auto Scaling group is not defined in this app"),
        (own_provider, behavior, ""),
        (
            lambda stack: batch.ManagedEc2EcsComputeEnvironment(stack, "Batch", vpc=vpc(stack)),
            behavior,
            "AWS Batch takes the user data of its instances from a launch template",
        ),
        (lambda stack: batch.FargateComputeEnvironment(stack, "Batch", vpc=vpc(stack)), behavior, ""),
        (
            lambda stack: launch(stack, cdk.Fn.import_value("x")),
            behavior,
            "the text of this user data is not in the template",
        ),
        (express, size, "an Express Gateway service has Cpu and Memory of its own"),
        (express, pull.PullThroughCache, "its images are not in a task definition"),
    ],
)
def test_what_is_not_reached(
    tmp_path: Path, make: Callable[[cdk.Stack], IConstruct], mixin: Callable[[], ScopeMixin], why: str
) -> None:
    """An application to a scope names each thing there that it is for and does not reach; nothing else."""
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "S", env=ENV)
    path = make(stack).node.path
    made = mixin()
    cdk.Mixins.of(app).apply(made)
    messages = [
        each for each in app.synth().get_stack_artifact("S").messages if "notReached" in str(each.entry.data)
    ]
    found = [(each.id, str(each.entry.data)) for each in messages]
    assert len(found) == bool(why)
    for where, text in found:
        assert where.startswith(f"/{path}")
        name = type(made).__name__
        assert text.startswith(f"{name} on the app ({made.call_site}) does not reach it: {why}")


def test_a_launch_template_that_does_not_join_the_cluster_of_its_group() -> None:
    """Of a mixed instances policy, the launch template whose user data joins no cluster is named."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    network = vpc(stack)
    x86, arm = (
        ec2.LaunchTemplate(
            stack,
            name,
            machine_image=AL2023(),
            user_data=ec2.UserData.for_linux(),
            instance_type=ec2.InstanceType(kind),
            role=iam.Role(stack, f"{name}Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")),
        )
        for name, kind in (("X86", "m7i.large"), ("Arm", "m7g.large"))
    )
    policy = autoscaling.MixedInstancesPolicy(
        launch_template=x86,
        launch_template_overrides=[
            autoscaling.LaunchTemplateOverrides(
                instance_type=ec2.InstanceType("m7g.large"), launch_template=arm
            )
        ],
    )
    group = autoscaling.AutoScalingGroup(stack, "Group", vpc=network, mixed_instances_policy=policy)
    cluster = ecs.Cluster(stack, "Cluster", vpc=network)
    cluster.add_asg_capacity_provider(ecs.AsgCapacityProvider(stack, "Provider", auto_scaling_group=group))
    cdk.Mixins.of(cluster).apply(behavior())
    warnings = cdk.assertions.Annotations.from_stack(stack).find_warning(
        "*", cdk.assertions.Match.string_like_regexp("notReached")
    )
    assert [each.id for each in warnings] == ["/S/Arm/Resource"]
    assert "its user data joins no cluster; write ECS_CLUSTER into its user data too" in str(
        warnings[0].entry.data
    )
