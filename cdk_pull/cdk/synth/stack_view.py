"""Evaluates values of a construct tree that is complete but not yet written, as the template's reader would."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from cdk_pull.cdk.fargate.apply_size import is_token
from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.template.context import Context, Environment, Guard
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import IConstruct

__all__ = ["StackView", "region_of"]

_WRITER = "Custom::CrossRegionExportWriter"


def region_of(stack: cdk.Stack) -> str | None:
    """Return a stack's Region, or None when it can be deployed to any."""
    region = stack.region
    return None if is_token(region) else region


class StackView:
    """The stacks of an app, and what they give to one another.

    It is made when all cross-stack references are resolved, which is when CDK validates, and used at once.
    """

    def __init__(self, root: IConstruct) -> None:
        self._constructs = root.node.find_all()
        self._contexts: dict[str, Context] = {}
        self._guard = Guard()

    def evaluate(self, value: object, stack: cdk.Stack) -> Any:
        """Return what a value of a stack, a token or already resolved, comes to: JSON or an unknown."""
        resolved = stack.resolve(value) if isinstance(value, str) and is_token(value) else value
        return evaluate(resolved, self._context(stack))

    def region(self, stack: cdk.Stack) -> str | None:
        """Return a stack's Region, or None when it can be deployed to any."""
        return self._context(stack).environment.region

    def exported(self, name: str, environment: Environment) -> Any:
        """Return the value that a stack of this environment exports under a name."""
        for output in self._outputs:
            stack = cdk.Stack.of(output)
            if self._environment(stack) == environment and stack.resolve(output.export_name) == name:
                return self.evaluate(output.value, stack)
        return Unknown(reason=f"no stack of this app exports {name}")

    def nested_output(self, home: str, logical_id: str, output: str) -> Any:
        """Return an output of the nested stack that a resource of the stack ``home`` stands for."""
        for stack in self._of_type(cdk.NestedStack):
            parent, resource = stack.nested_stack_parent, stack.nested_stack_resource
            if parent is None or resource is None or identity(parent) != home:
                continue
            if parent.resolve(resource.logical_id) == logical_id:
                return self._output_of(stack, output)
        return Unknown(reason=f"no nested stack of this app is {logical_id}")

    def sent_across_regions(self, name: str) -> Any:
        """Return the value that a stack of another Region hands over, as CDK's cross-region references do."""
        for writer in self._untyped():
            if writer.cfn_resource_type != _WRITER:
                continue
            stack = cdk.Stack.of(writer)
            # Protected in TypeScript, and the one way to an L1's properties when its class is not typed.
            properties = stack.resolve(writer._cfn_properties)  # noqa: SLF001
            exports = properties["WriterProps"]["exports"]
            if name in exports:
                return self.evaluate(exports[name], stack)
        return Unknown(reason=f"no stack of this app sends {name}")

    def stack_output(self, stack_name: str, output: str, region: str | None) -> Any:
        """Return an output of the stack of this name in a Region, or in any when the Region is None."""
        for stack in self._of_type(cdk.Stack):
            if stack.stack_name == stack_name and region in {None, region_of(stack)}:
                return self._output_of(stack, output)
        return Unknown(reason=f"no stack of this app is {stack_name}")

    def _context(self, stack: cdk.Stack) -> Context:
        key = identity(stack)
        if key not in self._contexts:
            self._contexts[key] = Context(
                environment=self._environment(stack),
                document=self._document(stack),
                home=key,
                arguments=self._arguments(stack),
                links=self,
                guard=self._guard,
            )
        return self._contexts[key]

    def _environment(self, stack: cdk.Stack) -> Environment:
        account = stack.account
        return Environment(account=None if is_token(account) else account, region=region_of(stack))

    def _document(self, stack: cdk.Stack) -> dict[str, Any]:
        """Return as much of the stack's template as an image can refer to."""
        key = identity(stack)
        resources: dict[str, Any] = {}
        parameters: dict[str, Any] = {}
        for element in self._declared.get(key, []):
            name = stack.resolve(element.logical_id)
            if isinstance(element, cdk.CfnParameter):
                parameters[name] = _given(Type=element.type, Default=element.default)
            elif isinstance(element, ecr.CfnRepository):
                properties = _given(RepositoryName=stack.resolve(element.repository_name))
                resources[name] = {"Type": element.cfn_resource_type, "Properties": properties}
            else:
                resources[name] = {"Type": element.cfn_resource_type}
        for nested in self._of_type(cdk.NestedStack):
            parent, resource = nested.nested_stack_parent, nested.nested_stack_resource
            if parent is not None and resource is not None and identity(parent) == key:
                resources[stack.resolve(resource.logical_id)] = {"Type": resource.cfn_resource_type}
        conditions = {
            stack.resolve(each.logical_id): stack.resolve(each.expression)
            for each in self._conditions.get(key, [])
        }
        return {"Resources": resources, "Parameters": parameters, "Conditions": conditions}

    def _arguments(self, stack: cdk.Stack) -> dict[str, Any]:
        parent, resource = stack.nested_stack_parent, stack.nested_stack_resource
        if parent is None or not isinstance(resource, cdk.CfnStack):
            return {}
        arguments = self.evaluate(parent.resolve(resource.parameters), parent)
        return arguments if isinstance(arguments, dict) else {}

    def _output_of(self, stack: cdk.Stack, name: str) -> Any:
        for output in self._of_type(cdk.CfnOutput):
            owner = cdk.Stack.of(output)
            if identity(owner) == identity(stack) and stack.resolve(output.logical_id) == name:
                return self.evaluate(output.value, stack)
        return Unknown(reason=f"{stack.node.path} has no output {name}")

    @cached_property
    def _declared(self) -> dict[str, list[cdk.CfnParameter | cdk.CfnResource]]:
        """What an image can refer to, by stack: an untyped resource may be CDK's reader of another Region's values."""
        found: dict[str, list[cdk.CfnParameter | cdk.CfnResource]] = {}
        for element in (*self._of_type(ecr.CfnRepository, cdk.CfnParameter), *self._untyped()):
            found.setdefault(identity(cdk.Stack.of(element)), []).append(element)
        return found

    @cached_property
    def _conditions(self) -> dict[str, list[cdk.CfnCondition]]:
        found: dict[str, list[cdk.CfnCondition]] = {}
        for element in self._of_type(cdk.CfnCondition):
            found.setdefault(identity(cdk.Stack.of(element)), []).append(element)
        return found

    @cached_property
    def _outputs(self) -> list[cdk.CfnOutput]:
        return [output for output in self._of_type(cdk.CfnOutput) if output.export_name is not None]

    def _untyped(self) -> Iterator[cdk.CfnResource]:
        return (resource for resource in self._of_type(cdk.CfnResource) if type(resource) is cdk.CfnResource)

    def _of_type(self, *kinds: type[Any]) -> Iterator[Any]:
        return (construct for construct in self._constructs if isinstance(construct, kinds))


def _given(**properties: object) -> dict[str, object]:
    return {name: value for name, value in properties.items() if value is not None}
