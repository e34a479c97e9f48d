"""The stacks of a stage as templates in memory, for the rules on task definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import aws_cdk as cdk

from cdk_pull.cdk.checks.suppressed import acknowledged
from cdk_pull.cdk.fargate.apply_size import is_token, region_of
from cdk_pull.cdk.synth.constructs import identity, stage_of
from cdk_pull.cdk.synth.written import logical_ids, written_template
from cdk_pull.template.assembly import Assembly
from cdk_pull.template.context import Context, Environment
from cdk_pull.template.model import ConstructFacts, Template

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs import IConstruct

__all__ = ["TASK", "StackDocuments"]

TASK: Final = "AWS::ECS::TaskDefinition"
_TYPES: Final = (
    TASK,
    "AWS::ECS::Service",
    "AWS::ECS::Cluster",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::ECR::PullThroughCacheRule",
    "AWS::ECR::Repository",
)


class StackDocuments:
    """The stacks of a stage that is complete, as far as they have task definitions or what says where these run.

    Args:
        root: the stage or app.

    Attributes:
        elsewhere: the task definitions of the stages below the root, which are written before it.
    """

    def __init__(self, root: IConstruct) -> None:
        self._resources: dict[tuple[str, str], cdk.CfnResource] = {}
        self._stacks: dict[str, cdk.Stack] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self.elsewhere: list[cdk.CfnResource] = []
        here = identity(root)
        found = cast("list[cdk.CfnResource]", cdk.ConstructSelector.resources_of_type(*_TYPES).select(root))
        tasks = [each for each in found if each.cfn_resource_type == TASK]
        by_stack: dict[str, list[cdk.CfnResource]] = {}
        for resource in found if tasks else ():
            stack = cdk.Stack.of(resource)
            self._stacks[identity(stack)] = stack
            by_stack.setdefault(identity(stack), [])
            if resource.cfn_resource_type == TASK:
                by_stack[identity(stack)].append(resource)
        for key, resources in by_stack.items():
            if identity(stage_of(self._stacks[key])) != here:
                self.elsewhere += resources
                continue
            self._documents[key] = written_template(self._stacks[key])
            ids = logical_ids(self._stacks[key], resources)
            self._resources |= {(key, each): resource for each, resource in zip(ids, resources, strict=True)}

    def assembly(self) -> Assembly:
        """Return the documents as they are now, to be evaluated."""
        return Assembly("app", [self._template(key) for key in self._documents])

    def resource(self, template: str, logical_id: str) -> cdk.CfnResource:
        """Return the construct of a task definition."""
        return self._resources[template, logical_id]

    def _template(self, key: str) -> Template:
        stack = self._stacks[key]
        account = stack.account
        environment = Environment(None if is_token(account) else account, region_of(stack))
        document = self._documents[key]
        return Template(
            key=key,
            name=stack.node.path,
            document=document,
            context=Context(environment, document, home=key),
            read_facts=self._facts(key),
        )

    def _facts(self, key: str) -> Callable[[], ConstructFacts]:
        """Return what reads the acknowledgements, for the few stacks in which there is something to fix."""

        def read() -> ConstructFacts:
            tasks = {
                logical_id: resource
                for (template, logical_id), resource in self._resources.items()
                if template == key
            }
            paths = {logical_id: resource.node.path for logical_id, resource in tasks.items()}
            seen: dict[str, dict[str, str]] = {}
            found = {paths[logical_id]: acknowledged(each, seen) for logical_id, each in tasks.items()}
            return ConstructFacts(paths=paths, acknowledged=found)

        return read
