"""Which constructs are EC2 capacity, where its launch settings are, and which can have no pull behavior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.synth.constructs import select, types_of
from cdk_pull.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from constructs import IConstruct

__all__ = [
    "LAUNCH_TYPES",
    "LaunchResource",
    "cluster_names",
    "is_batch",
    "is_capacity",
    "launch_resources",
    "launches_of_group",
    "user_data_in",
    "user_data_path",
    "why_by_type",
    "why_imported",
    "why_unsupported",
]

LaunchResource: TypeAlias = cdk.CfnResource
"""A launch configuration or a launch template, which hold user data; one of CDK's own class for it or not."""

_TEMPLATE: Final = "AWS::EC2::LaunchTemplate"
LAUNCH_TYPES: Final = ("AWS::AutoScaling::LaunchConfiguration", _TEMPLATE)
"""The CloudFormation types of a LaunchResource."""

_CAPACITY = frozenset(
    {
        "aws-cdk-lib.aws_autoscaling.AutoScalingGroup",
        "aws-cdk-lib.aws_autoscaling.CfnAutoScalingGroup",
        "aws-cdk-lib.aws_autoscaling.CfnLaunchConfiguration",
        "aws-cdk-lib.aws_ec2.CfnLaunchTemplate",
        "aws-cdk-lib.aws_ec2.LaunchTemplate",
        "aws-cdk-lib.aws_ecs.AsgCapacityProvider",
    }
)

_BATCH_ENVIRONMENTS = frozenset(
    {"aws-cdk-lib.aws_batch.CfnComputeEnvironment", "aws-cdk-lib.aws_batch.ManagedEc2EcsComputeEnvironment"}
)

_IMPORTED = (
    "an imported {} keeps its user data where it is defined: apply the mixin there, or define it in this app"
)
_FARGATE = (
    "Fargate has no pull behavior, it pulls every image for every task: choose a size that starts in time "
    "(FargateTask, FargateTaskSize), or run the service on EC2 capacity"
)
_MANAGED = (
    "ECS Managed Instances have no pull behavior to set, they keep a pulled image until it is unused for 15 minutes: "
    "to keep instances longer, apply ManagedInstancesCache; to choose the behavior, use CachedImageCapacityProvider or "
    "another Auto Scaling group"
)
_EXTERNAL = (
    "an external instance gets no user data from CDK: "
    "write ECS_IMAGE_PULL_BEHAVIOR into /etc/ecs/ecs.config of the machine itself"
)
_NOT_PER_TASK = (
    "the ECS agent has one pull behavior for the whole instance, not one per service or task: apply it to the capacity "
    "or to the cluster, and give services that differ a capacity provider each"
)
_INSTANCE = (
    "the user data of a single instance runs at its first boot alone, and CloudFormation stops the instance to change it: "
    "put the instance into an Auto Scaling group, or write ECS_IMAGE_PULL_BEHAVIOR into its user data yourself"
)
_CFN_PROVIDER = (
    "an AWS::ECS::CapacityProvider names its Auto Scaling group by reference alone: apply it to the group, to the group's "
    "launch template, or to the cluster"
)
_CONTAINER = (
    "the ECS agent has one pull behavior for the whole instance, not one per container: apply it to the capacity or to "
    "the cluster"
)
_BATCH = (
    "AWS Batch takes the user data of its instances from a launch template: give the compute environment one with "
    "launch_template=, and apply it to that"
)
_SPOT_FLEET = (
    "a Spot Fleet has the user data of its launch specifications in itself: let it launch from a launch template of this "
    "app, and apply it to that"
)
_EKS = "Amazon EKS nodes run the kubelet and no ECS agent: set imagePullPolicy in the pod"
_UNMANAGED = "an unmanaged compute environment has instances that you launch: apply it to their Auto Scaling group or launch template"
# In this order: a Fargate task definition is a task definition too.
_UNSUPPORTED = {
    "aws-cdk-lib.aws_autoscaling.IAutoScalingGroup": _IMPORTED.format("Auto Scaling group"),
    "aws-cdk-lib.aws_ec2.ILaunchTemplate": _IMPORTED.format("launch template"),
    "aws-cdk-lib.aws_ec2.CfnSpotFleet": _SPOT_FLEET,
    "aws-cdk-lib.aws_ec2.Instance": _INSTANCE,
    "aws-cdk-lib.aws_ec2.IInstance": _INSTANCE,
    "aws-cdk-lib.aws_ec2.CfnInstance": _INSTANCE,
    "aws-cdk-lib.aws_batch.CfnComputeEnvironment": _BATCH,
    "aws-cdk-lib.aws_batch.IComputeEnvironment": _BATCH,
    "aws-cdk-lib.aws_batch.FargateComputeEnvironment": _FARGATE,
    "aws-cdk-lib.aws_batch.ManagedEc2EcsComputeEnvironment": _BATCH,
    "aws-cdk-lib.aws_batch.ManagedEc2EksComputeEnvironment": _EKS,
    "aws-cdk-lib.aws_batch.UnmanagedComputeEnvironment": _UNMANAGED,
    "aws-cdk-lib.aws_ecs.CfnCapacityProvider": _CFN_PROVIDER,
    "aws-cdk-lib.aws_ecs.ContainerDefinition": _CONTAINER,
    "aws-cdk-lib.aws_ecs.ManagedInstancesCapacityProvider": _MANAGED,
    "aws-cdk-lib.aws_ecs.FargateService": _FARGATE,
    "aws-cdk-lib.aws_ecs.IFargateService": _FARGATE,
    "aws-cdk-lib.aws_ecs.FargateTaskDefinition": _FARGATE,
    "aws-cdk-lib.aws_ecs.IFargateTaskDefinition": _FARGATE,
    "aws-cdk-lib.aws_ecs.ExternalService": _EXTERNAL,
    "aws-cdk-lib.aws_ecs.IExternalService": _EXTERNAL,
    "aws-cdk-lib.aws_ecs.ExternalTaskDefinition": _EXTERNAL,
    "aws-cdk-lib.aws_ecs.IExternalTaskDefinition": _EXTERNAL,
    "aws-cdk-lib.aws_ecs.BaseService": _NOT_PER_TASK,
    "aws-cdk-lib.aws_ecs.IService": _NOT_PER_TASK,
    "aws-cdk-lib.aws_ecs.IEc2Service": _NOT_PER_TASK,
    "aws-cdk-lib.aws_ecs.IBaseService": _NOT_PER_TASK,
    "aws-cdk-lib.aws_ecs.CfnService": _NOT_PER_TASK,
    "aws-cdk-lib.aws_ecs.CfnExpressGatewayService": _FARGATE,
    "aws-cdk-lib.aws_ecs.TaskDefinition": _NOT_PER_TASK,
    "aws-cdk-lib.aws_ecs.ITaskDefinition": _NOT_PER_TASK,
    "aws-cdk-lib.aws_ecs.IEc2TaskDefinition": _NOT_PER_TASK,
    "aws-cdk-lib.aws_ecs.CfnTaskDefinition": _NOT_PER_TASK,
}


def is_capacity(construct: IConstruct) -> bool:
    """Tell whether a construct is EC2 capacity, or what launches it."""
    return not _CAPACITY.isdisjoint(types_of(construct))


def is_batch(construct: IConstruct) -> bool:
    """Tell whether a construct is a compute environment of AWS Batch, which may launch from a launch template."""
    return not _BATCH_ENVIRONMENTS.isdisjoint(types_of(construct))


def why_unsupported(construct: IConstruct) -> str:
    """Return why a construct can have no pull behavior and what to do instead, or nothing when that is not so."""
    types = types_of(construct)
    return next((reason for name, reason in _UNSUPPORTED.items() if name in types), "")


def why_by_type(cfn_type: str) -> str:
    """Return why resources of a CloudFormation type can have no pull behavior and what to do instead."""
    return {
        "AWS::EC2::Instance": _INSTANCE,
        "AWS::EC2::SpotFleet": _SPOT_FLEET,
        "AWS::Batch::ComputeEnvironment": _BATCH,
    }[cfn_type]


def why_imported(construct: IConstruct) -> str:
    """Return why the user data of an imported construct cannot be changed; nothing for any other."""
    reason = why_unsupported(construct)
    return reason if reason.startswith("an imported") else ""


def cluster_names(cluster: IConstruct) -> list[str]:
    """Return what user data may call a cluster: a reference to it, and the name that it was given."""
    known = cast("Any", cluster)
    resource = known if isinstance(cluster, ecs.CfnCluster) else known.node.default_child
    names = [resource.ref, resource.cluster_name] if isinstance(resource, ecs.CfnCluster) else []
    return [name for name in (getattr(known, "cluster_name", None), *names) if isinstance(name, str) and name]


def user_data_path(resource: LaunchResource) -> tuple[str, ...]:
    """Return where a launch configuration or launch template has its user data, below its properties."""
    # The class tells without a call to JavaScript, where it is CDK's own for it.
    if isinstance(resource, ec2.CfnLaunchTemplate) or resource.cfn_resource_type == _TEMPLATE:
        return ("LaunchTemplateData", "UserData")
    return ("UserData",)


def user_data_in(body: Mapping[str, Any]) -> object:
    """Return the user data of a launch configuration or launch template, as it is in a template."""
    properties = body.get("Properties") or {}
    data = properties.get("LaunchTemplateData") if body.get("Type") == _TEMPLATE else properties
    return data.get("UserData") if isinstance(data, dict) else None


def launch_resources(capacity: IConstruct) -> list[LaunchResource]:
    """Return what holds the user data of a group, a capacity provider, a launch template or configuration.

    Raises:
        UnsupportedError: when it is not defined in this app.
    """
    if isinstance(capacity, ecs.AsgCapacityProvider):
        return launch_resources(capacity.auto_scaling_group)
    if not is_capacity(capacity):
        raise UnsupportedError(f"{capacity.node.path}: {why_unsupported(capacity)}")
    if own := select(capacity, *LAUNCH_TYPES):
        return own
    group = capacity if isinstance(capacity, autoscaling.CfnAutoScalingGroup) else capacity.node.default_child
    found = (
        [_target(name) for name in _launch_names(group)]
        if isinstance(group, autoscaling.CfnAutoScalingGroup)
        else []
    )
    if not found or None in found:
        raise UnsupportedError(
            f"{capacity.node.path} launches from something that is not defined in this app: "
            "apply ImagePullBehavior to the launch template where it is defined"
        )
    return [each for each in found if each is not None]


def launches_of_group(group: cdk.CfnResource) -> list[LaunchResource]:
    """Return the launch templates and configurations of this app that a group launches from."""
    names = _launch_names(group) if isinstance(group, autoscaling.CfnAutoScalingGroup) else ()
    found = map(_target, names)
    return [each for each in found if each is not None]


def _launch_names(group: autoscaling.CfnAutoScalingGroup) -> Iterator[str | None]:
    if group.launch_configuration_name is not None:
        yield group.launch_configuration_name
    specifications: list[Any] = [group.launch_template]
    policy: Any = group.mixed_instances_policy
    template = getattr(policy, "launch_template", None)
    specifications.append(getattr(template, "launch_template_specification", None))
    specifications += [
        getattr(each, "launch_template_specification", None)
        for each in getattr(template, "overrides", None) or ()
    ]
    for specification in specifications:
        if specification is not None:
            yield getattr(specification, "launch_template_id", None)


def _target(name: str | None) -> LaunchResource | None:
    token = None if name is None else cdk.Tokenization.reverse_string(name).first_token
    target = token.target if isinstance(token, cdk.Reference) else None
    return target if isinstance(target, (autoscaling.CfnLaunchConfiguration, ec2.CfnLaunchTemplate)) else None
