from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Annotations, Match, Template

import cdk_pull as pull
from cdk_pull.errors import ConflictError, InvalidValueError

LAUNCH = "InstanceLaunchTemplate"


class Managed(cdk.Stack):
    """A stack with one capacity provider of Managed Instances."""

    def __init__(self) -> None:
        super().__init__(cdk.App(), "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1"))
        self.vpc = ec2.Vpc(self, "Vpc", availability_zones=["eu-west-1a"], nat_gateways=0)
        self.provider = ecs.ManagedInstancesCapacityProvider(
            self,
            "Provider",
            subnets=self.vpc.private_subnets or self.vpc.public_subnets,
            security_groups=[ec2.SecurityGroup(self, "Group", vpc=self.vpc)],
        )
        ecs.Cluster(self, "Cluster", vpc=self.vpc).add_managed_instances_capacity_provider(self.provider)

    def written(self) -> dict[str, Any]:
        """Return the provider's properties."""
        [found] = Template.from_stack(self).find_resources("AWS::ECS::CapacityProvider").values()
        return dict(found["Properties"]["ManagedInstancesProvider"])


@pytest.mark.parametrize("on", ["L2", "L1", "stack", "app"])
def test_everything_is_set(on: str) -> None:
    """On the provider or on what it is in, the properties are set and all else is as it was."""
    before = Managed().written()
    stack = Managed()
    target: Any = {
        "L2": stack.provider,
        "L1": stack.provider.node.default_child or stack.provider.node.children[-1],
        "stack": stack,
        "app": stack.node.root,
    }[on]
    if on == "L1":
        target = next(
            each for each in stack.provider.node.children if isinstance(each, ecs.CfnCapacityProvider)
        )
    cdk.Mixins.of(target).apply(
        pull.ManagedInstancesCache(scale_in_after=cdk.Duration.minutes(30), storage=cdk.Size.gibibytes(200))
    )
    after = stack.written()
    assert after.pop("InfrastructureOptimization") == {"ScaleInAfter": 1800}
    assert after[LAUNCH].pop("StorageConfiguration") == {"StorageSizeGiB": 200}
    before[LAUNCH].pop("StorageConfiguration", None)
    assert after == before


def test_instances_that_stay_on_local_storage() -> None:
    """Idle instances can stay for ever, with images on instance store volumes."""
    stack = Managed()
    stack.provider.with_(pull.ManagedInstancesCache(keep_idle_instances=True, local_storage=True))
    written = stack.written()
    assert written["InfrastructureOptimization"] == {"ScaleInAfter": -1}
    assert written[LAUNCH]["LocalStorageConfiguration"] == {"UseLocalStorage": True}


def test_the_nearest_counts() -> None:
    """An exception on the provider counts before what the app asks for, and the decision says where it comes from."""
    stack = Managed()
    cdk.Mixins.of(stack.node.root).apply(pull.ManagedInstancesCache(keep_idle_instances=True))
    stack.provider.with_(pull.ManagedInstancesCache(scale_in_after=cdk.Duration.minutes(5)))
    assert stack.written()["InfrastructureOptimization"] == {"ScaleInAfter": 300}
    resource = next(
        each for each in stack.provider.node.children if isinstance(each, ecs.CfnCapacityProvider)
    )
    [decision] = [each.data for each in resource.node.metadata if each.type == "cdk-pull:decision"]
    assert (decision["topic"], decision["decided"]) == ("managed-instances", "idle instances stay 300 s")
    assert decision["cost"] == "an idle instance is paid for as long as it stays; reaches new instances only"


def test_a_scope_without_any_is_a_warning() -> None:
    """A stack without Managed Instances gets a warning that can be acknowledged."""
    stack = cdk.Stack(cdk.App(), "Stack")
    cdk.Mixins.of(stack).apply(pull.ManagedInstancesCache(local_storage=True))
    stack.node.root.synth()  # type: ignore[attr-defined]
    Annotations.from_stack(stack).has_warning(
        "*", Match.string_like_regexp("no capacity provider of ECS Managed Instances is in this scope")
    )


def test_a_provider_of_an_auto_scaling_group_is_refused() -> None:
    """What has an Auto Scaling group has a pull behavior instead."""
    stack = Managed()
    group = autoscaling.AutoScalingGroup(
        stack,
        "Asg",
        vpc=stack.vpc,
        instance_type=ec2.InstanceType("m7i.large"),
        machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
    )
    provider = ecs.AsgCapacityProvider(stack, "Own", auto_scaling_group=group)
    with pytest.raises(
        RuntimeError, match="it is not a provider of ECS Managed Instances: apply ImagePullBehavior"
    ):
        provider.with_(pull.ManagedInstancesCache(local_storage=True))


@pytest.mark.parametrize(
    ("props", "kind", "message"),
    [
        ({}, InvalidValueError, "nothing to set: 'ManagedInstancesCache\\(\\)'; allowed: scale_in_after"),
        (
            {"scale_in_after": cdk.Duration.minutes(1), "keep_idle_instances": True},
            ConflictError,
            "scale_in_after and keep_idle_instances exclude each other",
        ),
        (
            {"storage": cdk.Size.gibibytes(100), "local_storage": True},
            ConflictError,
            "storage and local_storage exclude each other",
        ),
        (
            {"scale_in_after": cdk.Duration.hours(2)},
            InvalidValueError,
            "invalid scale_in_after: '7200 s'; allowed: 0 to",
        ),
        ({"scale_in_after": 60}, InvalidValueError, "scale_in_after must be a duration: 60"),
        (
            {"storage": cdk.Size.mebibytes(512)},
            InvalidValueError,
            "invalid storage: '0.5 GiB'; allowed: whole GiB from 1",
        ),
        ({"storage": 100}, InvalidValueError, "storage must be a size: 100; allowed: cdk.Size"),
    ],
)
def test_bad_values(props: dict[str, Any], kind: type[Exception], message: str) -> None:
    """A value that cannot be right is refused where the mixin is made."""
    with pytest.raises(kind, match=message):
        pull.ManagedInstancesCache(**props)
