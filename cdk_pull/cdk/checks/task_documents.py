"""The stacks of a stage that have task definitions, as templates that fixes change in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk

from cdk_pull.cdk.checks.suppressed import acknowledged
from cdk_pull.cdk.synth.constructs import identity, select, stage_of
from cdk_pull.cdk.synth.tasks import TASK
from cdk_pull.cdk.synth.unwritten import UnwrittenApp
from cdk_pull.cdk.synth.written import logical_ids
from cdk_pull.template.model import ConstructFacts

if TYPE_CHECKING:
    from constructs import IConstruct

    from cdk_pull.template.assembly import Assembly

__all__ = ["TaskDocuments"]

_TYPES: Final = (
    TASK,
    "AWS::ECS::Service",
    "AWS::ECS::Cluster",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::ECR::PullThroughCacheRule",
    "AWS::ECR::Repository",
)


class TaskDocuments:
    """The stacks of a stage, as far as they have task definitions or what says where these run.

    Args:
        stage: the stage or app, which is complete.
    """

    def __init__(self, stage: IConstruct) -> None:
        self._app = UnwrittenApp(stage)
        self._resources: dict[tuple[str, str], cdk.CfnResource] = {}
        self._stacks: dict[str, cdk.Stack] = {}
        here = identity(stage)
        tasks: dict[str, list[cdk.CfnResource]] = {}
        for resource in select(stage, *_TYPES):
            stack = cdk.Stack.of(resource)
            key = identity(stack)
            if key not in self._stacks and identity(stage_of(stack)) != here:
                continue
            self._stacks[key] = stack
            if resource.cfn_resource_type == TASK:
                tasks.setdefault(key, []).append(resource)
        for key, resources in tasks.items():
            ids = logical_ids(self._stacks[key], resources)
            self._resources |= {(key, each): resource for each, resource in zip(ids, resources, strict=True)}

    def assembly(self) -> Assembly:
        """Return the documents as they are now, to be evaluated."""
        return self._app.assembly(self._stacks.values(), self._facts)

    def resource(self, template: str, logical_id: str) -> cdk.CfnResource:
        """Return the construct of a task definition."""
        return self._resources[template, logical_id]

    def _facts(self, key: str) -> ConstructFacts:
        """Return the acknowledgements, which are read for the few stacks in which there is something to fix."""
        tasks = {
            logical_id: resource
            for (template, logical_id), resource in self._resources.items()
            if template == key
        }
        paths = {logical_id: resource.node.path for logical_id, resource in tasks.items()}
        seen: dict[str, dict[str, str]] = {}
        found = {paths[logical_id]: acknowledged(each, seen) for logical_id, each in tasks.items()}
        return ConstructFacts(paths=paths, acknowledged=found)
