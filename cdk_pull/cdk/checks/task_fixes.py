"""Fixes the task definitions of a scope, once the tree is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecs as ecs
from constructs import IValidation

from cdk_pull.cdk.checks.selected_fixes import SelectedFixes, fix_decision
from cdk_pull.cdk.checks.stack_documents import StackDocuments
from cdk_pull.cdk.ec2.capacity import identity, stage_of
from cdk_pull.cdk.ec2.scopes import WRITTEN_BEFORE, StageUserData
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.image.context import is_ours
from cdk_pull.rules.fixes.apply import Patched, fix_tasks
from cdk_pull.rules.support.image_facts import ImageFactsBook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import IConstruct

__all__ = ["TaskFixes"]

_NESTED: Final = "AWS::CloudFormation::Stack"


@jsii.implements(IValidation)
class TaskFixes:
    """Changes what the rules would change of the task definitions below a scope.

    It does so when CDK validates, and all that one stack has of another is known; and in nested stacks before, because
    by then CDK has named their templates by what is in them, and would not deploy a change.

    Args:
        scope: whose task definitions are fixed.
        fixes: the rules.
        images: what is known of images, besides CDK's context.
    """

    def __init__(self, scope: IConstruct, fixes: SelectedFixes, images: Mapping[str, Any]) -> None:
        self._scope = scope
        self._fixes = fixes
        self._images = images
        self._told: set[tuple[str, str]] = set()

    def fix_nested(self) -> None:
        """Change what is in nested stacks."""
        if cdk.ConstructSelector.resources_of_type(_NESTED).select(self._scope):
            self._fix(nested=True)

    def validate(self) -> list[str]:
        """Return one line for each task definition that is written too early; what cannot be fixed the checks find."""
        return [
            f"{each.node.path}: {WRITTEN_BEFORE.format('PullFixes')}"
            for each in self._fix(nested=False)
            if self._is_below(each) and not StageUserData.has_fixes(each)
        ]

    def _fix(self, *, nested: bool) -> list[cdk.CfnResource]:
        """Change what is in nested stacks, or else in all others; return the task definitions of other stages."""
        if not self._fixes.properties:
            return []
        documents = StackDocuments(stage_of(self._scope))
        known: Mapping[str, Any] = self._scope.node.get_all_context()
        facts = ImageFactsBook.of_context(
            {**{key: value for key, value in known.items() if is_ours(key)}, "images": dict(self._images)}
        )
        made: dict[tuple[str, str, str], list[Patched]] = {}
        for patched in fix_tasks(documents.assembly, self._fixes.properties, facts):
            made.setdefault((patched.rule.id, patched.template, patched.logical_id), []).append(patched)
        for (_, template, logical_id), patches in made.items():
            resource = documents.resource(template, logical_id)
            if self._is_below(resource) and cdk.Stack.of(resource).nested == nested:
                for patched in patches:
                    _set(resource, patched)
                self._record(resource, patches)
        return documents.elsewhere

    def _is_below(self, resource: cdk.CfnResource) -> bool:
        path = self._scope.node.path
        return not path or f"{resource.node.path}/".startswith(f"{path}/")

    def _record(self, resource: cdk.CfnResource, patches: Sequence[Patched]) -> None:
        first = patches[0]
        key = (identity(resource), first.rule.id)
        if key not in self._told:
            self._told.add(key)
            # Two findings of one rule may come to the same patch.
            said = {each.patch.path: each.patch.value for each in patches}
            what = ", ".join(f"{'.'.join(map(str, path))} is {value}" for path, value in said.items())
            record(resource.node, fix_decision(first.rule, what, first.message))


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
