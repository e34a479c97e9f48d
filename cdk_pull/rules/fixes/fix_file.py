"""Fixes a template file in memory, until nothing is left that can be fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.agent.fixes.case import replaced
from cdk_pull.records import dataclass, replace
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.load import template_assembly
from cdk_pull.template.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_pull.rules.engine.finding import Finding
    from cdk_pull.rules.fixes.selected import SelectedFixes
    from cdk_pull.template.assembly import Assembly

__all__ = ["FixedFile", "fix_file"]

# Each round fixes one finding of each resource, and a script seldom has more than a few.
_ROUNDS: Final = 100


@dataclass(frozen=True)
class FixedFile:
    """A template file after fixing.

    Attributes:
        assembly: the template as it is then.
        made: the findings that were fixed, in order, each with its line at that moment.
    """

    assembly: Assembly
    made: tuple[Finding, ...] = ()

    @property
    def text(self) -> str:
        """The text of the file; empty for a template in memory."""
        source = self.assembly.templates[0].source
        return source.text if source is not None else ""


def fix_file(assembly: Assembly, options: Options, fixes: SelectedFixes) -> FixedFile:
    """Return a template with the findings fixed whose fixes are selected.

    Each fix is worked out on the template that the ones before have left, so that a second run finds nothing to do.

    Args:
        assembly: of one template file.
        options: what to check by; what is suppressed or in the baseline is left alone.
        fixes: the rules to fix, each with whether also by what is not safe.
    """
    unsafe = {rule.id: also for rule, also in fixes.rules}
    options = replace(options, select=tuple(unsafe), ignore=(), file_fixes=True)
    made: list[Finding] = []
    seen: set[str] = set()
    for _ in range(_ROUNDS if unsafe else 0):
        (template,) = assembly.templates
        if template.source is None or template.path is None or template.source.text in seen:
            break
        seen.add(template.source.text)
        chosen = _chosen(check([assembly], options).findings, unsafe)
        if not chosen:
            break
        environment = template.context.environment
        for findings in (chosen, chosen[:1]):
            edits = {edit for each in findings if each.file_fix for edit in each.file_fix.edits}
            try:
                source = Source(template.source.name, replaced(template.source.text, edits))
                assembly = template_assembly(source, template.path, environment)
            except TemplateError:
                continue
            made += findings
            break
        else:
            break
    return FixedFile(assembly, tuple(made))


def _chosen(findings: Iterable[Finding], unsafe: dict[str, bool]) -> list[Finding]:
    """Return the first finding of each resource that can be fixed."""
    chosen: dict[str, Finding] = {}
    for each in findings:
        fix = each.file_fix
        if fix is not None and fix.edits and (fix.safe or unsafe[each.rule]):
            chosen.setdefault(each.logical_id, each)
    return list(chosen.values())
