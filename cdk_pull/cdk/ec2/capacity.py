"""Which constructs are EC2 capacity, where its launch settings are, and which can have no pull behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

from cdk_pull.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import IConstruct

__all__ = [
    "LaunchResource",
    "cluster_names",
    "identity",
    "is_capacity",
    "is_cluster",
    "is_scope",
    "launch_resources",
    "launch_resources_below",
    "stage_of",
    "user_data_path",
    "why_unsupported",
]

LaunchResource: TypeAlias = cdk.CfnResource
"""A launch configuration or a launch template, which hold user data; one of CDK's own class for it or not."""

_CONFIGURATION: Final = "AWS::AutoScaling::LaunchConfiguration"
_TEMPLATE: Final = "AWS::EC2::LaunchTemplate"

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
_CLUSTER = frozenset({"aws-cdk-lib.aws_ecs.CfnCluster", "aws-cdk-lib.aws_ecs.ICluster"})

_SCOPES = frozenset(
    {
        "aws-cdk-lib.App",
        "aws-cdk-lib.NestedStack",
        "aws-cdk-lib.Stack",
        "aws-cdk-lib.Stage",
        "constructs.Construct",
    }
)

_IMPORTED = "an imported {} keeps its user data where it is defined: apply ImagePullBehavior there, or define it in this app"
_FARGATE = (
    "Fargate has no pull behaviour, it pulls every image for every task: choose a size that starts in time "
    "(FargateTask, FargateTaskSize), or run the service on EC2 capacity"
)
_MANAGED = (
    "ECS Managed Instances have no pull behaviour to set, they keep a pulled image until it is unused for 15 minutes: "
    "to choose, use CachedImageCapacityProvider or another Auto Scaling group"
)
_EXTERNAL = (
    "an external instance gets no user data from CDK: "
    "write ECS_IMAGE_PULL_BEHAVIOR into /etc/ecs/ecs.config of the machine itself"
)
_NOT_PER_TASK = (
    "the ECS agent has one pull behaviour for the whole instance, not one per service or task: apply it to the capacity "
    "or to the cluster, and give services that differ a capacity provider each"
)
_INSTANCE = (
    "the user data of a single instance runs at its first boot alone, and CloudFormation stops the instance to change it: "
    "put the instance into an Auto Scaling group, or write ECS_IMAGE_PULL_BEHAVIOR into its user data yourself"
)
# In this order: a Fargate task definition is a task definition too.
_UNSUPPORTED = {
    "aws-cdk-lib.aws_autoscaling.IAutoScalingGroup": _IMPORTED.format("Auto Scaling group"),
    "aws-cdk-lib.aws_ec2.ILaunchTemplate": _IMPORTED.format("launch template"),
    "aws-cdk-lib.aws_ec2.Instance": _INSTANCE,
    "aws-cdk-lib.aws_ec2.IInstance": _INSTANCE,
    "aws-cdk-lib.aws_ec2.CfnInstance": _INSTANCE,
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
    "aws-cdk-lib.aws_ecs.TaskDefinition": _NOT_PER_TASK,
    "aws-cdk-lib.aws_ecs.ITaskDefinition": _NOT_PER_TASK,
    "aws-cdk-lib.aws_ecs.IEc2TaskDefinition": _NOT_PER_TASK,
    "aws-cdk-lib.aws_ecs.CfnTaskDefinition": _NOT_PER_TASK,
}


def identity(construct: IConstruct) -> str:
    """Return what tells a construct from every other: jsii makes a new Python object for it at each turn."""
    return str(cast("Any", construct).__jsii_ref__.ref)


def is_capacity(construct: IConstruct) -> bool:
    """Tell whether a construct is EC2 capacity, or what launches it."""
    return not _CAPACITY.isdisjoint(_types(construct))


def is_cluster(construct: IConstruct) -> bool:
    """Tell whether a construct is an ECS cluster, imported or not."""
    return isinstance(construct, ecs.Cluster) or not _CLUSTER.isdisjoint(_types(construct))


def is_scope(construct: IConstruct) -> bool:
    """Tell whether a construct is one that people put capacity into: an app, a stage, a stack, their own."""
    # None for a class of the user's own.
    declared = type(construct).__dict__.get("__jsii_declared_type__")
    if declared is None:
        types = _types(construct)
        return "aws-cdk-lib.Resource" not in types and "aws-cdk-lib.CfnElement" not in types
    return declared in _SCOPES or not declared.startswith(("aws-cdk-lib.", "constructs."))


def stage_of(construct: IConstruct) -> IConstruct:
    """Return the stage or app that a construct is written with; a stage is written by itself."""
    if isinstance(construct, cdk.Stage):
        return construct
    return cdk.Stage.of(construct) or construct.node.root


def why_unsupported(construct: IConstruct) -> str:
    """Return why a construct can have no pull behaviour and what to do instead, or nothing when that is not so."""
    types = _types(construct)
    return next((reason for name, reason in _UNSUPPORTED.items() if name in types), "")


def cluster_names(cluster: IConstruct) -> list[str]:
    """Return what user data may call a cluster: a reference to it, and the name that it was given."""
    known = cast("Any", cluster)
    resource = known if isinstance(cluster, ecs.CfnCluster) else known.node.default_child
    names = [resource.ref, resource.cluster_name] if isinstance(resource, ecs.CfnCluster) else []
    return [name for name in (getattr(known, "cluster_name", None), *names) if isinstance(name, str) and name]


def launch_resources_below(scope: IConstruct) -> list[LaunchResource]:
    """Return the launch configurations and launch templates in a scope, at the cost of two calls to JavaScript."""
    selector = cdk.ConstructSelector.resources_of_type(_CONFIGURATION, _TEMPLATE)
    return cast("list[LaunchResource]", selector.select(scope))


def user_data_path(resource: LaunchResource) -> tuple[str, ...]:
    """Return where a launch configuration or launch template has its user data, below its properties."""
    # The class tells without a call to JavaScript, where it is CDK's own for it.
    if isinstance(resource, ec2.CfnLaunchTemplate) or resource.cfn_resource_type == _TEMPLATE:
        return ("LaunchTemplateData", "UserData")
    return ("UserData",)


def launch_resources(capacity: IConstruct) -> list[LaunchResource]:
    """Return what holds the user data of a group, a capacity provider, a launch template or configuration.

    Raises:
        UnsupportedError: when it is not defined in this app.
    """
    if isinstance(capacity, ecs.AsgCapacityProvider):
        return launch_resources(capacity.auto_scaling_group)
    if not is_capacity(capacity):
        raise UnsupportedError(f"{capacity.node.path}: {why_unsupported(capacity)}")
    if own := launch_resources_below(capacity):
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


def _types(construct: IConstruct) -> set[str]:
    """Return the jsii names of a construct's classes and, for an anonymous one, of its interfaces."""
    names = {getattr(each, "__jsii_declared_type__", None) for each in type(construct).__mro__}
    reference = cast("Any", construct).__jsii_ref__
    # An imported construct is an anonymous Resource, known by its interfaces alone.
    if names == {None}:
        names.update(getattr(reference, "interfaces", None) or ())
        names.add(reference.ref.partition("@")[0])
    return {name for name in names if name}


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
