"""Fixes the task definitions and the user data of a stage, once the tree is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.checks.task_documents import TaskDocuments
from cdk_pull.cdk.ec2.capacity import LAUNCH_TYPES
from cdk_pull.cdk.ec2.stage_user_data import StageUserData
from cdk_pull.cdk.synth.constructs import identity, select
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.cdk.synth.stage_work import StageWork
from cdk_pull.cdk.synth.tasks import TASK
from cdk_pull.image.context import is_ours
from cdk_pull.records import dataclass, field
from cdk_pull.rules.fixes.apply import Patched, fix_tasks
from cdk_pull.rules.fixes.selected import SelectedFixes, fix_decision
from cdk_pull.rules.support.image_facts import ImageFactsBook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import IConstruct

    from cdk_pull.cdk.synth.stage_work import Application, Reached

__all__ = ["FixRequest", "StageFixes"]

_NESTED: Final = "AWS::CloudFormation::Stack"


@dataclass(frozen=True, kw_only=True)
class FixRequest:
    """What one PullFixes asks for.

    Attributes:
        fixes: the rules to fix.
        images: what is known of images, besides CDK's context.
    """

    fixes: SelectedFixes
    images: Mapping[str, Any] = field(default_factory=dict)


class StageFixes(StageWork):
    """Changes what the rules would change of a stage's task definitions, and hands on what they would of user data.

    It changes task definitions when CDK validates, and all that one stack has of another is known; and in nested stacks
    before, because by then CDK has named their templates by what is in them, and would not deploy a change.
    """

    mixin: ClassVar = "PullFixes"
    resource_types: ClassVar = (*LAUNCH_TYPES, TASK)
    order: ClassVar = 1
    nothing_id: ClassVar = "cdk-pull:nothingToFix"
    nothing: ClassVar = (
        "no ECS task definition and no EC2 capacity is in this scope, so there is nothing to fix"
    )

    def __init__(self, stage: IConstruct) -> None:
        super().__init__(stage)
        self._recorded: set[tuple[str, str]] = set()

    def complete(self) -> None:
        """Hand the fixes of user data on, and fix what is in nested stacks."""

        def hand_on(reached: Reached, application: Application) -> None:
            fixes: SelectedFixes = application.request.fixes
            if reached.resource.cfn_resource_type != TASK and fixes.codes:
                StageUserData.of(self.stage).fix(reached.resource, fixes)

        self.for_each(hand_on)
        if select(self.stage, _NESTED):
            self._fix(nested=True)

    def check(self) -> list[str]:
        """Fix the other task definitions; what cannot be fixed the checks find."""
        self._fix(nested=False)
        return []

    def _fix(self, *, nested: bool) -> None:
        """Change what is in nested stacks, or else in all others."""
        by_request: list[tuple[FixRequest, set[str]]] = []

        def sort(reached: Reached, application: Application) -> None:
            request: FixRequest = application.request
            if reached.resource.cfn_resource_type == TASK and request.fixes.properties:
                tasks = next((tasks for other, tasks in by_request if other == request), None)
                if tasks is None:
                    by_request.append((request, tasks := set()))
                tasks.add(identity(reached.resource))

        self.for_each(sort)
        for request, tasks in by_request:
            self._fix_tasks(request, tasks, nested=nested)

    def _fix_tasks(self, request: FixRequest, tasks: set[str], *, nested: bool) -> None:
        """Change some of the task definitions, as one request asks for it."""
        # Fixing changes the documents, also those of tasks that another request is for.
        documents = TaskDocuments(self.stage)
        context: Mapping[str, Any] = self.stage.node.get_all_context()
        known = {key: value for key, value in context.items() if is_ours(key)}
        facts = ImageFactsBook.of_context({**known, "images": dict(request.images)})
        made: dict[tuple[str, str, str], list[Patched]] = {}
        for patched in fix_tasks(documents.assembly, request.fixes.properties, facts):
            made.setdefault((patched.rule.id, patched.template, patched.logical_id), []).append(patched)
        for (_, template, logical_id), patches in made.items():
            resource = documents.resource(template, logical_id)
            if identity(resource) in tasks and self.stack_of(resource).nested == nested:
                for patched in patches:
                    _set(resource, patched)
                self._record(resource, patches)

    def _record(self, resource: cdk.CfnResource, patches: Sequence[Patched]) -> None:
        first = patches[0]
        key = (identity(resource), first.rule.id)
        if key not in self._recorded:
            self._recorded.add(key)
            # Two findings of one rule may come to the same patch: the first of them has what was there before.
            before = {each.patch.path: each.before for each in reversed(patches)}
            made = {each.patch.path: each.patch for each in patches}.values()
            what = ", ".join(filter(None, (patch.what(before[patch.path]) for patch in made)))
            diff = [line for patch in made for line in patch.diff(before[patch.path])]
            record(resource.node, fix_decision(first.rule, what, first.message, diff))


def _set(resource: cdk.CfnResource, patched: Patched) -> None:
    """Override a property, whatever was overridden before: that is in the template which was fixed."""
    path, value = patched.patch.path, patched.patch.value
    resource.add_property_override(".".join(map(str, path)), value)
    # Who looks at the construct finds the same.
    if isinstance(resource, ecs.CfnTaskDefinition):
        match path:
            case ("Cpu",):
                resource.cpu = value
            case ("Memory",):
                resource.memory = value
