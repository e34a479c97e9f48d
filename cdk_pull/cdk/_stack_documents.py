"""The stacks of a stage as templates in memory, as far as the rules for task definitions look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import aws_cdk as cdk

from cdk_pull.cdk._capacity import identity, stage_of
from cdk_pull.cdk._kept import acknowledged
from cdk_pull.cdk._sized import is_token, region_of
from cdk_pull.report.decision import TEMPLATE_KEY
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
    """The task definitions below a construct that is complete, with the resources that say where they run.

    What an ``add_property_override`` has put into them is not in here, as CDK does not show it.

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
        by_stack: dict[str, list[cdk.CfnResource]] = {}
        found = cast("list[cdk.CfnResource]", cdk.ConstructSelector.resources_of_type(*_TYPES).select(root))
        for resource in found if any(each.cfn_resource_type == TASK for each in found) else ():
            stack = cdk.Stack.of(resource)
            key = identity(stack)
            self._stacks[key] = stack
            by_stack.setdefault(key, []).append(resource)
        for key, resources in by_stack.items():
            if identity(stage_of(self._stacks[key])) != here:
                self.elsewhere += [each for each in resources if each.cfn_resource_type == TASK]
                continue
            self._documents[key] = self._document(key, resources)

    def assembly(self) -> Assembly:
        """Return the documents as they are now, to be evaluated."""
        return Assembly("app", [self._template(key) for key in self._documents])

    def resource(self, template: str, logical_id: str) -> cdk.CfnResource:
        """Return the construct of a resource."""
        return self._resources[template, logical_id]

    def _document(self, key: str, resources: list[cdk.CfnResource]) -> dict[str, Any]:
        # Protected in JavaScript, and the one way to all of an L1's properties in one call; a map, as CDK drops from a
        # list what comes out empty.
        held = {
            str(number): {"id": resource.logical_id, "properties": resource._cfn_properties}  # noqa: SLF001
            for number, resource in enumerate(resources)
        }
        written = self._stacks[key].resolve(held)
        document: dict[str, Any] = {}
        for number, resource in enumerate(resources):
            said = written[str(number)]
            document[said["id"]] = {
                "Type": resource.cfn_resource_type,
                "Properties": _in_capitals(said.get("properties", {})),
            }
            self._resources[key, said["id"]] = resource
            if resource.cfn_resource_type == TASK:
                document[said["id"]]["Metadata"] = {TEMPLATE_KEY: resource.get_metadata(TEMPLATE_KEY) or {}}
        return {"Resources": document}

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
        """Return what reads the acknowledgements, for the few stacks in which there is something to mend."""

        def read() -> ConstructFacts:
            tasks = {
                logical_id: resource
                for (template, logical_id), resource in self._resources.items()
                if template == key and resource.cfn_resource_type == TASK
            }
            paths = {logical_id: resource.node.path for logical_id, resource in tasks.items()}
            return ConstructFacts(
                paths=paths,
                acknowledged={paths[logical_id]: acknowledged(each) for logical_id, each in tasks.items()},
            )

        return read


def _in_capitals(value: Any) -> Any:
    """Return an L1's properties under the names that CloudFormation gives them."""
    match value:
        case dict():
            return {
                key if "::" in key else f"{key[:1].upper()}{key[1:]}": _in_capitals(each)
                for key, each in value.items()
            }
        case list():
            return [_in_capitals(each) for each in value]
    return value
