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
    """Another rule failed on this resource.

    ## What it does
    Reports an exception in another rule.

    ## Why it matters
    The other rules were evaluated. The rule that failed has not checked this resource.

    ## Example
    `PULL201 failed here, so that this resource is not checked by it: KeyError: 'Cpu'`

    ## Use instead
    Report it with the relevant part of the template. Until it is solved, run `cdk-pull check … --ignore PULL201`.

    ## Fix safety
    An ignored rule checks no resource.

    ## References
    - `cdk_pull.rules.engine.runner`
    """
    yield from ()
