from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.agent.cfn import read_value
from cdk_pull.errors import InvalidValueError


class Pool(cdk.Stack):
    """A group that joins a cluster."""

    def __init__(self, *, bottlerocket: bool = False) -> None:
        super().__init__(cdk.App(), "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1"))
        vpc = ec2.Vpc(self, "Vpc", availability_zones=["eu-west-1a"], nat_gateways=0)
        self.cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        self.group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=vpc,
            instance_type=ec2.InstanceType("m7i.large"),
            machine_image=ecs.BottleRocketImage()
            if bottlerocket
            else ecs.EcsOptimizedImage.amazon_linux2023(),
        )
        self.provider = ecs.AsgCapacityProvider(
            self,
            "Provider",
            auto_scaling_group=self.group,
            machine_image_type=ecs.MachineImageType.BOTTLEROCKET
            if bottlerocket
            else ecs.MachineImageType.AMAZON_LINUX_2,
            enable_managed_termination_protection=False,
        )
        self.cluster.add_asg_capacity_provider(self.provider)

    def written(self) -> dict[str, Any]:
        """Return the properties of the pool and of the launch, and the effective agent settings."""
        resources = Template.from_stack(self).to_json()["Resources"].values()
        launch = next(
            each["Properties"]
            for each in resources
            if each["Type"] in {"AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate"}
        )
        value = launch.get("UserData") or launch["LaunchTemplateData"]["UserData"]
        pools = [each["Properties"] for each in resources if each["Type"] == "AWS::AutoScaling::WarmPool"]
        return {"pools": pools, "settings": read_value(value).settings}


@pytest.mark.parametrize("bottlerocket", [False, True])
@pytest.mark.parametrize("on", ["group", "provider"])
def test_a_pool(on: str, *, bottlerocket: bool) -> None:
    """The group gets a pool of stopped instances that do not come back to it, and the agent waits for service."""
    stack = Pool(bottlerocket=bottlerocket)
    target = stack.group if on == "group" else stack.provider
    target.with_(pull.WarmPool(min_size=2, max_group_prepared_capacity=5))
    written = stack.written()
    [found] = written["pools"]
    assert found.pop("AutoScalingGroupName")
    assert found == {
        "InstanceReusePolicy": {"ReuseOnScaleIn": False},
        "MaxGroupPreparedCapacity": 5,
        "MinSize": 2,
        "PoolState": "Stopped",
    }
    assert written["settings"]["ECS_WARM_POOLS_CHECK"] == "true"


def test_beside_a_pre_pull() -> None:
    """An instance of the pool pulls its images before it is stopped."""
    stack = Pool()
    stack.group.with_(pull.PrePulledImages(["nginx:1.27"]), pull.WarmPool())
    written = stack.written()
    assert written["settings"]["ECS_WARM_POOLS_CHECK"] == "true"
    assert written["settings"]["ECS_IMAGE_PULL_BEHAVIOR"] == "prefer-cached"


def test_a_second_pool_is_refused() -> None:
    """A group has one warm pool."""
    stack = Pool()
    stack.group.add_warm_pool()
    with pytest.raises(RuntimeError, match="Stack/Group has a warm pool already; leave one of the two out"):
        stack.group.with_(pull.WarmPool())


@pytest.mark.parametrize("on", ["cluster", "stack"])
def test_what_has_no_group_is_refused(on: str) -> None:
    """A pool belongs to one group: on a cluster or a stack it is an error that says where it goes."""
    stack = Pool()
    with pytest.raises(
        RuntimeError, match=r"WarmPool cannot be applied to .*: apply it to an Auto Scaling group"
    ):
        cdk.Mixins.of(stack.cluster if on == "cluster" else stack).apply(pull.WarmPool())


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({"min_size": -1}, "invalid min_size: -1; allowed: a whole number from 0"),
        (
            {"max_group_prepared_capacity": 1.5},
            "invalid max_group_prepared_capacity: 1.5; allowed: a whole number",
        ),
    ],
)
def test_bad_values(props: dict[str, Any], message: str) -> None:
    """A number that is negative or not whole is refused."""
    with pytest.raises(InvalidValueError, match=message):
        pull.WarmPool(**props)
