"""Applies what rules would change of task definitions to templates in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.records import dataclass, replace
from cdk_pull.rules.engine.context import CheckContext
from cdk_pull.rules.engine.finding import Problem
from cdk_pull.rules.engine.runner import run_rule
from cdk_pull.rules.engine.suppress import suppression
from cdk_pull.template.context import value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cdk_pull.rules.engine.registry import Rule
    from cdk_pull.rules.fixes.declaration import Patch
    from cdk_pull.rules.support.image_facts import ImageFactsBook
    from cdk_pull.template.assembly import Assembly

__all__ = ["Patched", "fix_tasks"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Patched:
    """One property that was changed.

    Attributes:
        rule: whose finding it fixes.
        template: the key of the template.
        logical_id: of the task definition.
        patch: the property and its value.
        message: the finding.
        before: the value that it takes the place of; None where there was none.
    """

    rule: Rule
    template: str
    logical_id: str
    patch: Patch
    message: str
    before: Any = None


def fix_tasks(
    assembly: Callable[[], Assembly], rules: Iterable[Rule], facts: ImageFactsBook
) -> list[Patched]:
    """Change in the documents of an assembly what the rules would change of its task definitions.

    A finding that somebody keeps, by an acknowledgement or by metadata, is left alone.

    Args:
        assembly: reads the documents anew, as they are then.
        rules: whose findings to fix, in the order in which they build on one another.
        facts: what is known of images.

    Returns:
        Each change, in order; of one property the last one holds.
    """
    made: list[Patched] = []
    current = assembly()
    for rule in rules:
        if rule.on != "task":
            continue
        context = CheckContext(current, facts)
        found = [
            Patched(
                rule=rule,
                template=task.resource.template.key,
                logical_id=task.resource.logical_id,
                patch=patch,
                message=problem.message,
            )
            for task in context.ecs.tasks
            for problem, _, _ in run_rule(rule, task, context)
            if isinstance(problem, Problem)
            for patch in problem.patches
            if suppression(rule.id, task.resource) is None
        ]
        made += [_applied(current, each) for each in found]
        if found:
            current = assembly()
    return made


def _applied(assembly: Assembly, patched: Patched) -> Patched:
    document = next(each.document for each in assembly.templates if each.key == patched.template)
    holder: Any = document["Resources"][patched.logical_id].setdefault("Properties", {})
    before = value_at(holder, patched.patch.path)
    *above, last = patched.patch.path
    for step in above:
        holder = holder[step]
    holder[last] = patched.patch.value
    return replace(patched, before=before)
