"""Applies what rules would change of task definitions to templates in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.records import dataclass
from cdk_pull.rules.engine.context import CheckContext
from cdk_pull.rules.engine.finding import Problem
from cdk_pull.rules.engine.runner import run_rule
from cdk_pull.rules.engine.suppress import suppression

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
    """

    rule: Rule
    template: str
    logical_id: str
    patch: Patch
    message: str


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
        for each in found:
            _apply(current, each)
        if found:
            made += found
            current = assembly()
    return made


def _apply(assembly: Assembly, patched: Patched) -> None:
    document = next(each.document for each in assembly.templates if each.key == patched.template)
    holder: Any = document["Resources"][patched.logical_id].setdefault("Properties", {})
    *above, last = patched.patch.path
    for step in above:
        holder = holder[step]
    holder[last] = patched.patch.value
