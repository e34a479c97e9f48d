"""Which L1 task definition a construct stands for, which constructs stand for none, and the base of mixins for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.synth.constructs import is_cluster, types_of
from cdk_pull.cdk.synth.scope_mixin import ScopeMixin
from cdk_pull.template.ecs.task_shapes import SHAPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IConstruct

__all__ = ["TASK", "TaskMixin", "shape_of", "task_definition_of", "why_no_task"]

TASK: Final = "AWS::ECS::TaskDefinition"
"""The CloudFormation type of a task definition."""

_CLUSTER: Final = "a cluster holds no task definitions; apply it to the stack or the app"
_CONTAINER: Final = "it serves a task definition with all its containers: apply it to the task definition"
_IMPORTED_TASK: Final = "an imported task definition cannot be changed or read here: apply it where the task definition is defined"
_IMPORTED_SERVICE: Final = (
    "an imported service has its task definition elsewhere: apply it where the task definition is defined"
)
_CFN_SERVICE: Final = (
    "an AWS::ECS::Service names its task definition by reference alone: apply it to the task definition"
)
_BATCH: Final = "AWS Batch keeps images and sizes in its job definitions, which have no ECS task definition"
_EXPRESS: Final = (
    "an Express Gateway service has its container, CPU and memory in its own properties: set them there"
)
_JOBS: Final = frozenset({"aws-cdk-lib.aws_batch.EcsJobDefinition"})
_PROVIDER: Final = "a capacity provider holds no task definitions; apply it to the stack or the app"
_INTERFACES: Final = {
    _IMPORTED_TASK: "ITaskDefinition IEc2TaskDefinition IFargateTaskDefinition IExternalTaskDefinition",
    _IMPORTED_SERVICE: "IService IBaseService IEc2Service IFargateService IExternalService",
    _PROVIDER: "AsgCapacityProvider ManagedInstancesCapacityProvider",
    _CONTAINER: "ContainerDefinition",
    _CFN_SERVICE: "CfnService",
    _EXPRESS: "CfnExpressGatewayService",
}


def task_definition_of(construct: IConstruct) -> ecs.CfnTaskDefinition | None:
    """Return the L1 of a task definition, or of the one that a service runs; None for anything else."""
    if isinstance(construct, ecs.CfnTaskDefinition):
        return construct
    if isinstance(construct, ecs.BaseService):
        construct = construct.task_definition
    # An imported one has no default child.
    found = construct.node.default_child if isinstance(construct, ecs.TaskDefinition) else None
    return found if isinstance(found, ecs.CfnTaskDefinition) else None


def shape_of(construct: IConstruct) -> cdk.CfnResource | None:
    """Return the L1 of what has containers without a task definition: a job definition, or an Express service."""
    if not isinstance(construct, cdk.CfnResource):
        found = construct.node.default_child if not _JOBS.isdisjoint(types_of(construct)) else None
    else:
        found = construct
    return found if isinstance(found, cdk.CfnResource) and found.cfn_resource_type in SHAPES else None


def why_no_task(construct: IConstruct) -> str:
    """Return why a construct stands for no task definition and what to do instead; nothing where it is not of that kind."""
    if is_cluster(construct):
        return _CLUSTER
    types = types_of(construct)
    # An imported one comes as a class of CDK's own that is no construct of this app.
    if isinstance(construct, ecs.TaskDefinition):
        return "" if construct.node.default_child else _IMPORTED_TASK
    if any(name.startswith("aws-cdk-lib.aws_batch.") for name in types):
        return _BATCH
    return next(
        (
            reason
            for reason, names in _INTERFACES.items()
            if not types.isdisjoint(f"aws-cdk-lib.aws_ecs.{name}" for name in names.split())
        ),
        "",
    )


class TaskMixin(ScopeMixin):
    """A mixin that serves ECS task definitions: by themselves, by a service that runs one, or all in a scope."""

    def resources_of(self, construct: IConstruct) -> Sequence[cdk.CfnResource]:
        """Return the L1 of a task definition, or of the one that a service runs."""
        definition = task_definition_of(construct)
        return [definition] if definition is not None else ()

    def refusal(self, construct: IConstruct) -> str:
        """Return why a construct stands for no task definition, and what to do instead."""
        return why_no_task(construct)
