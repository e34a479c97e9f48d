"""What a CachedImageCapacityProvider hands on to what it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from cdk_pull.errors import ConflictError, InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "CapacitySettings",
    "GroupSettings",
    "LaunchSettings",
    "ProviderSettings",
    "Spot",
    "chosen",
    "launched_from",
    "spot_settings",
]


class LaunchSettings(TypedDict, total=False):
    """What is handed on to the launch template; see ``ec2.LaunchTemplate``."""

    role: iam.IRole
    """Made by default; CDK adds what the ECS agent needs."""
    security_group: ec2.ISecurityGroup
    """Made by default, without a rule for traffic that comes in."""
    key_pair: ec2.IKeyPair
    spot_options: ec2.LaunchTemplateSpotOptions
    """Spot instances only; with On-Demand beside them, give ``instances_distribution``."""
    launch_template_name: str
    detailed_monitoring: bool
    cpu_credits: ec2.CpuCredits
    associate_public_ip_address: bool
    http_put_response_hop_limit: int
    instance_metadata_tags: bool
    nitro_enclave_enabled: bool


class GroupSettings(TypedDict, total=False):
    """What is handed on to the Auto Scaling group; see ``autoscaling.AutoScalingGroup``."""

    min_capacity: int
    """0 by default: managed scaling adds instances as tasks ask for them."""
    max_capacity: int
    """10 by default."""
    vpc_subnets: ec2.SubnetSelection
    update_policy: autoscaling.UpdatePolicy
    auto_scaling_group_name: str
    az_capacity_distribution_strategy: autoscaling.CapacityDistributionStrategy
    capacity_rebalance: bool
    cooldown: cdk.Duration
    default_instance_warmup: cdk.Duration
    group_metrics: Sequence[autoscaling.GroupMetrics]
    health_checks: autoscaling.HealthChecks
    new_instances_protected_from_scale_in: bool
    notifications: Sequence[autoscaling.NotificationConfiguration]
    ssm_session_permissions: bool
    termination_policies: Sequence[autoscaling.TerminationPolicy]


class ProviderSettings(TypedDict, total=False):
    """What is handed on to the capacity provider; see ``ecs.AsgCapacityProvider``."""

    capacity_provider_name: str
    """Not beginning with ``aws``, ``ecs`` or ``fargate``; made by default."""
    target_capacity_percent: int
    """100 by default."""
    enable_managed_scaling: bool
    instance_warmup_period: int
    minimum_scaling_step_size: int
    maximum_scaling_step_size: int
    can_containers_access_instance_role: bool


class CapacitySettings(LaunchSettings, GroupSettings, ProviderSettings, total=False):
    """What is handed on, and which instances the group runs."""

    spot_price: str
    """The most that a Spot instance may cost per hour, such as ``"0.10"``: Spot instances only."""
    instance_types: Sequence[ec2.InstanceType]
    """Further instance types of the same architecture, for a mixed instances policy."""
    instances_distribution: autoscaling.InstancesDistribution
    """How On-Demand and Spot instances share the capacity, for a mixed instances policy."""


class Spot(NamedTuple):
    """How a capacity uses Spot instances.

    Attributes:
        options: for the launch template, where all instances are Spot.
        drains: whether the ECS agent drains an instance that Amazon EC2 takes back.
    """

    options: ec2.LaunchTemplateSpotOptions | None
    drains: bool


def chosen(settings: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Return the settings of one kind."""
    return {name: settings[name] for name in kind.__annotations__ if settings.get(name) is not None}


def spot_settings(settings: CapacitySettings) -> Spot:
    """Return how Spot instances are asked for.

    Raises:
        ConflictError: for two ways at once.
        InvalidValueError: for a price that is not a positive number.
    """
    named = [
        name
        for name in ("spot_price", "spot_options", "instances_distribution")
        if settings.get(name) is not None
    ]
    if len(named) > 1:
        raise ConflictError(
            f"{' and '.join(named)} all say which instances are Spot: keep one, instances_distribution for On-Demand and "
            "Spot instances together"
        )
    if (price := settings.get("spot_price")) is not None:
        return Spot(ec2.LaunchTemplateSpotOptions(max_price=_price(price)), drains=True)
    options = settings.get("spot_options")
    return Spot(options, drains=bool(named))


def _price(price: str) -> float:
    try:
        value = float(price)
    except (TypeError, ValueError):
        value = 0
    if not value > 0:
        raise InvalidValueError(
            "spot_price must be US dollars per hour", price, allowed='a positive number, such as "0.10"'
        )
    return value


def launched_from(
    template: ec2.LaunchTemplate, instance_type: ec2.InstanceType, settings: CapacitySettings
) -> dict[str, Any]:
    """Return what the Auto Scaling group launches: the template alone, or a mix of instances from it.

    Raises:
        ConflictError: for instance types of two architectures, which cannot run one image.
    """
    types = [instance_type, *settings.get("instance_types", ())]
    distribution = settings.get("instances_distribution")
    if len(types) == 1 and distribution is None:
        return {"launch_template": template}
    if len({each.architecture for each in types}) > 1:
        names = ", ".join(f"{each.to_string()} ({each.architecture.value})" for each in types)
        raise ConflictError(
            f"instance types of two architectures cannot run one machine image: {names}; keep those of one, and make another "
            "capacity provider for the others"
        )
    return {
        "mixed_instances_policy": autoscaling.MixedInstancesPolicy(
            launch_template=template,
            launch_template_overrides=[
                autoscaling.LaunchTemplateOverrides(instance_type=each) for each in types
            ],
            instances_distribution=distribution,
        )
    }
