"""The app before it is written: the templates that CDK would write now, for rules and for whoever evaluates a value."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from cdk_pull.cdk.fargate.apply_size import is_token, region_of
from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.cdk.synth.written import logical_ids, written_template
from cdk_pull.template.assembly import Assembly
from cdk_pull.template.context import Context, Environment
from cdk_pull.template.ecs.view import EcsView
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.model import ConstructFacts, Template
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from constructs import IConstruct

    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["UnwrittenApp"]


class UnwrittenApp:
    """The stacks of an app that is complete; the template of one is made when it is first looked at.

    What stacks have of one another is followed as the reader of a ``cdk.out`` follows it: exports, outputs of nested
    stacks, and CDK's references to another Region. That is whole when CDK has resolved the references, as it has when it
    validates.

    Args:
        construct: any construct of the app.
    """

    def __init__(self, construct: IConstruct) -> None:
        self._root = construct.node.root
        self._documents: dict[str, dict[str, Any]] = {}

    def assembly(
        self, stacks: Iterable[cdk.Stack], facts: Callable[[str], ConstructFacts] | None = None
    ) -> Assembly:
        """Return the templates of some stacks, and those around nested ones, to be checked together.

        Args:
            stacks: the stacks.
            facts: returns what is known of the constructs of a stack, by the key of its template.
        """
        wanted: dict[str, cdk.Stack] = {}
        for stack in stacks:
            around: cdk.Stack | None = stack
            while around is not None:
                wanted[identity(around)] = around
                around = around.nested_stack_parent
        assembly = _Linked([self._template(each, facts) for each in wanted.values()], self)
        _nest(assembly, wanted.values())
        return assembly

    def evaluate(self, value: object, stack: cdk.Stack) -> Any:
        """Return what a value of a stack, a token or already resolved, comes to: JSON or an unknown."""
        resolved = stack.resolve(value) if isinstance(value, str) and is_token(value) else value
        (template,) = (each for each in self.assembly([stack]).templates if each.key == identity(stack))
        return evaluate(resolved, template.context)

    def task_definitions(self, resources: Sequence[cdk.CfnResource]) -> dict[str, TaskDefinition]:
        """Return what the templates will have of task definitions, by the identity of each."""
        by_stack: dict[str, tuple[cdk.Stack, list[cdk.CfnResource]]] = {}
        for resource in resources:
            stack = cdk.Stack.of(resource)
            by_stack.setdefault(identity(stack), (stack, []))[1].append(resource)
        view = EcsView(self.assembly([stack for stack, _ in by_stack.values()]))
        known = {(each.resource.template.key, each.resource.logical_id): each for each in view.tasks}
        return {
            identity(resource): known[key, logical_id]
            for key, (stack, here) in by_stack.items()
            for resource, logical_id in zip(here, logical_ids(stack, here), strict=True)
        }

    @cached_property
    def whole(self) -> Assembly:
        """All stacks of the app."""
        stacks = [each for each in self._root.node.find_all() if isinstance(each, cdk.Stack)]
        assembly = Assembly("app", [self._template(each) for each in stacks])
        _nest(assembly, stacks)
        return assembly

    def _template(self, stack: cdk.Stack, facts: Callable[[str], ConstructFacts] | None = None) -> Template:
        key, account = identity(stack), stack.account
        if key not in self._documents:
            self._documents[key] = written_template(stack)
        document = self._documents[key]
        environment = Environment(None if is_token(account) else account, region_of(stack))
        return Template(
            key=key,
            name=stack.node.path,
            document=document,
            context=Context(environment, document, stack_name=_name(stack), home=key),
            read_facts=ConstructFacts if facts is None else lambda: facts(key),
        )


class _Linked(Assembly):
    """Some templates of an app, which look at the others only where they refer to them."""

    def __init__(self, templates: Iterable[Template], app: UnwrittenApp) -> None:
        super().__init__("app", templates)
        self._app = app

    def exported(self, name: str, environment: Environment) -> Any:
        """Return the value that a stack of this environment exports under a name."""
        found = super().exported(name, environment)
        return self._app.whole.exported(name, environment) if isinstance(found, Unknown) else found

    def nested_output(self, home: str, logical_id: str, output: str) -> Any:
        """Return an output of the nested stack that a resource stands for."""
        found = super().nested_output(home, logical_id, output)
        if isinstance(found, Unknown):
            return self._app.whole.nested_output(home, logical_id, output)
        return found

    def sent_across_regions(self, name: str) -> Any:
        """Return the value that a stack of another Region hands over, as CDK's cross-region references do."""
        found = super().sent_across_regions(name)
        return self._app.whole.sent_across_regions(name) if isinstance(found, Unknown) else found

    def stack_output(self, stack_name: str, output: str, region: str | None) -> Any:
        """Return an output of the stack of this name in a Region, or in any when the Region is None."""
        found = super().stack_output(stack_name, output, region)
        if isinstance(found, Unknown):
            return self._app.whole.stack_output(stack_name, output, region)
        return found


def _nest(assembly: Assembly, stacks: Iterable[cdk.Stack]) -> None:
    """Say which nested stack each nested-stack resource stands for."""
    templates = {each.key: each for each in assembly.templates}
    for stack in stacks:
        parent, resource = stack.nested_stack_parent, stack.nested_stack_resource
        if parent is None or resource is None or identity(parent) not in templates:
            continue
        found = assembly.resource(identity(parent), parent.resolve(resource.logical_id))
        if found is not None:
            assembly.nest(found, templates[identity(stack)])


def _name(stack: cdk.Stack) -> str | None:
    name = stack.stack_name
    return None if is_token(name) else name
