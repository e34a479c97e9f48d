"""PULL000: what an exception inside a rule is reported under; it is no rule to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.finding import Problem
    from cdk_pull.template.model import Resource

__all__ = ["rule_failed"]


@rule(
    "PULL000",
    "A rule failed on this resource",
    severity=Severity.WARNING,
    on="annotated",
    fix="Report it with the template, or ignore the rule for now",
    sources=("cdk_pull.rules.engine.runner",),
)
def rule_failed(_resource: Resource, _context: CheckContext) -> Iterator[Problem]:
    """Another rule failed while it looked at this resource.

    ## What it does
    Stands for an exception inside another rule. It finds nothing itself.

    ## Why it matters
    The other rules went on, but the rule that failed has not checked this resource: no finding of it does not mean
    that there is nothing to find.

    ## Example
    `PULL201 failed here, so that this resource is not checked by it: KeyError: 'Cpu'`

    ## Use instead
    `cdk-pull check … --ignore PULL201`, and an issue with the part of the template.

    ## Fix safety
    Ignoring the rule leaves the resource unchecked by it.

    ## References
    - `cdk_pull.rules.engine.runner`
    """
    yield from ()
