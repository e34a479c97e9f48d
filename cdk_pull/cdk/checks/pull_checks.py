"""The rules at every synth: a policy validation plugin."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
import jsii

from cdk_pull.cdk.checks.suppressed import acknowledged_above
from cdk_pull.cdk.installed import VALIDATIONS, require_cdk
from cdk_pull.errors import InvalidValueError
from cdk_pull.image.context import is_ours
from cdk_pull.printing import line_safe, printable
from cdk_pull.records import replace
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.not_evaluated import summarize
from cdk_pull.rules.engine.registry import documented_rules, find_rule
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.rules.engine.suppress import PLUGIN, is_cdks_own
from cdk_pull.rules.support.image_facts import ImageFactsBook
from cdk_pull.template.cloud_assembly import read_cloud_assembly
from cdk_pull.template.model import ConstructFacts
from cdk_pull.windows.window import to_date

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cdk_pull.rules.engine.finding import Finding

__all__ = ["PullChecks"]

require_cdk(
    VALIDATIONS, what="PullChecks", instead="Until then, run `cdk-pull check cdk.out` after `cdk synth`"
)


@jsii.implements(cdk.IPolicyValidationPlugin)
class PullChecks:
    """Checks at every synth what pulls images slowly, stale, from afar, or not at all.

    ``cdk.Validations.of(app).add_plugins(PullChecks())`` checks every stack, those of stages and nested stacks included.
    An error fails the synth, a warning does with ``cdk synth --strict``; in stages, with ``cdk synth '**'``. A finding that
    shall stay is acknowledged in CDK's own way, with its reason kept in ``validation-report.json``:
    ``cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id="cdk-pull::PULL101", reason="…"))``.
    Nothing in the templates is changed, and neither the network nor the clock is asked.

    Args:
        select: ids, or beginnings of ids such as ``PULL1``, of the rules to run; all by default.
        ignore: those of rules not to run.
        severities: by rule id, ``error``, ``warning`` or ``info`` in place of the rule's own.
        date: the day to judge Windows images by; without one the report says that those rules were not evaluated.
        images: what is known of images, such as ``{"web:1": {"compressed": "800MB", "uncompressed": "2.4GB"}}``; what
            ``cdk-pull lookup`` has written into ``cdk.context.json`` is known as well.

    Raises:
        InvalidValueError: for an unknown rule, or an invalid value.
    """

    def __init__(
        self,
        *,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        severities: Mapping[str, str] | None = None,
        date: dt.date | str | None = None,
        images: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Checks at every synth what pulls images slowly, stale, from afar, or not at all."""
        levels = [severity.value for severity in Severity]
        for rule_id, severity in (severities or {}).items():
            if severity not in levels:
                raise InvalidValueError(f"invalid severity for {rule_id}", severity, allowed=levels)
        self._images = {} if images is None else images
        self._options = Options(
            select=select,
            ignore=ignore,
            severities={
                find_rule(rule_id).id: Severity(severity) for rule_id, severity in (severities or {}).items()
            },
            facts=ImageFactsBook.of_context({"images": self._images}),
            today=to_date(date) if date is not None else None,
        )
        # An invalid option is an error here rather than in the midst of a synth, which does not wait for imports, either.
        self._options.rules()

    @property
    def name(self) -> str:
        """The name under which rules are acknowledged."""
        return PLUGIN

    @property
    def version(self) -> str:
        """The version of this package."""
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import

        try:
            return version(PLUGIN)
        except PackageNotFoundError:
            return "0.0.0"

    @property
    def rule_ids(self) -> list[str]:
        """The ids of all rules."""
        return [rule.id for rule in documented_rules()]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Check the templates of a synthesized app; CDK calls this."""
        # CDK's stack_templates has them, too, at eight calls to JavaScript for each stack.
        folder = Path(os.path.commonpath([Path(path).parent for path in context.template_paths]))
        known = cast("dict[str, Any]", context.app_construct.node.get_all_context())
        facts = ImageFactsBook.of_context(
            {**{key: value for key, value in known.items() if is_ours(key)}, "images": self._images}
        )
        assembly = read_cloud_assembly(folder)
        above = acknowledged_above(context.app_construct)
        for template in assembly.templates:
            # CDK finds the constructs itself, where they were created and what is acknowledged on them, on stages and
            # on the app; it keeps the reasons, and has no use for lines. It compares ids exactly, though.
            template.source = None
            template.read_facts = partial(
                _not_taken_by_cdk, template.may_acknowledge, template.read_facts, above
            )
        result = check([assembly], replace(self._options, facts=facts, synthesizing=True))
        findings = result.findings
        gaps = [f"{gap} ({gap.named})" for gap in summarize(result.not_evaluated)]
        for gap in gaps:
            # CDK keeps a plugin's metadata in its report and does not print it.
            sys.stderr.write(f"cdk-pull: not evaluated: {line_safe(printable(gap))}\n")
        return cdk.PolicyValidationPluginReport(
            success=all(finding.severity is not Severity.ERROR for finding in findings),
            violations=_violations(findings),
            metadata={f"not evaluated ({number})": gap for number, gap in enumerate(gaps, 1)},
        )


def _not_taken_by_cdk(
    may_acknowledge: Callable[[], bool],
    read: Callable[[], ConstructFacts],
    above: Mapping[str, Mapping[str, str]],
) -> ConstructFacts:
    """Return the acknowledgements whose ids CDK does not take for ours, such as those in lower case."""
    own = _not_exact(above)
    if not own and not may_acknowledge():
        return ConstructFacts()
    facts = read()
    return ConstructFacts(paths=facts.paths, acknowledged={**_not_exact(facts.acknowledged), **own})


def _not_exact(acknowledged: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    found = {
        path: {rule: reason for rule, reason in rules.items() if not is_cdks_own(rule)}
        for path, rules in acknowledged.items()
    }
    return {path: rules for path, rules in found.items() if rules}


def _violations(findings: Iterable[Finding]) -> list[cdk.PolicyViolation]:
    """Return one violation for all resources of which the same is said."""
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for each in findings:
        key = (each.rule, each.message, each.fix, each.severity.value, *_quote(each).values())
        alike.setdefault(key, []).append(each)
    return [
        cdk.PolicyViolation(
            rule_name=finding.rule,
            description=line_safe(printable(finding.message)),
            fix=line_safe(printable(finding.fix)),
            severity=finding.severity.value,
            rule_metadata={"explain": f"cdk-pull explain {finding.rule}", **_quote(finding)},
            violating_resources=[
                cdk.PolicyViolatingResource(
                    resource_logical_id=one.logical_id,
                    template_path=one.file,
                    locations=[one.property_path] if one.property_path else [],
                )
                for one in same
            ],
        )
        for same in alike.values()
        for finding in same[:1]
    ]


def _quote(finding: Finding) -> dict[str, str]:
    if not finding.quote:
        return {}
    number = f"{finding.line_in_text}: " if finding.line_in_text else ""
    return {"line": f"{number}{finding.quote}"}
