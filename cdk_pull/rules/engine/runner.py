"""Runs the rules over templates, and gathers what they find."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk_pull.records import dataclass, field, replace
from cdk_pull.rules.engine.context import CheckContext
from cdk_pull.rules.engine.finding import Confidence, FileFix, Finding, Problem, Severity, Suppression
from cdk_pull.rules.engine.not_evaluated import Gap, NotEvaluated
from cdk_pull.rules.engine.registry import CRASHED, Rule, Subject, chosen_rules, chosen_subjects
from cdk_pull.rules.engine.suppress import suppression
from cdk_pull.rules.support.image_facts import ImageFactsBook
from cdk_pull.template.source import from_here

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.model import Resource

__all__ = ["Options", "Result", "check", "run_rule"]

_LONGEST_QUOTE = 160


@dataclass(frozen=True, kw_only=True)
class Options:
    """What to check by.

    Attributes:
        select: the ids, or beginnings of ids such as ``PULL1``, of the rules to run; all when empty.
        ignore: those of rules not to run.
        severities: by rule id, another severity than the rule's own.
        facts: what is known of images.
        today: the day to judge Windows images by; None leaves the rules that need one out.
        synthesizing: whether constructs show their own warnings beside the findings, as at a synth.
        baseline: fingerprints of findings that do not count, and how many of each.
        file_fixes: whether to work out what fixes each finding in its file.
    """

    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    facts: ImageFactsBook = field(default_factory=ImageFactsBook)
    today: date | None = None
    synthesizing: bool = False
    baseline: Mapping[str, int] = field(default_factory=dict)
    file_fixes: bool = False

    def subjects(self) -> tuple[Subject, ...]:
        """Return what the rules to run look at.

        Raises:
            InvalidValueError: for an id that no rule has or begins with.
        """
        return chosen_subjects(self.select, self.ignore)

    def rules(self, on: Subject | None = None) -> tuple[Rule, ...]:
        """Return the rules to run; with ``on``, those that look at it.

        Raises:
            InvalidValueError: for an id that no rule has or begins with.
        """
        return chosen_rules(self.select, self.ignore, on)


@dataclass(frozen=True)
class Result:
    """What the rules have found.

    Attributes:
        findings: what counts, in the order of the templates, then of resources, then of rules.
        suppressed: what does not, each with the reason.
        resources: how many resources were there.
        errors: what could not be checked, a line each.
        failed: whether one of them is a failure of the rules rather than of the input.
        not_evaluated: what rules could not judge; ``summarize`` of :mod:`cdk_pull.rules.engine.not_evaluated` counts it.
    """

    findings: tuple[Finding, ...] = ()
    suppressed: tuple[Finding, ...] = ()
    resources: int = 0
    errors: tuple[str, ...] = ()
    not_evaluated: tuple[Gap, ...] = ()
    failed: bool = False

    def at_least(self, severity: Severity) -> list[Finding]:
        """Return the findings that matter as much as a severity, or more."""
        return [finding for finding in self.findings if finding.severity.rank >= severity.rank]


def check(assemblies: Iterable[Assembly], options: Options | None = None) -> Result:
    """Run the rules over assemblies.

    An exception in a rule becomes a finding on the resource that it looked at; the others go on. One before the rules
    becomes an error of the result.

    Raises:
        InvalidValueError: when the options name a rule that there is not.
    """
    options = options or Options()
    kinds = options.subjects()
    baseline = Counter(options.baseline)
    counted: list[Finding] = []
    suppressed: list[Finding] = []
    resources = 0
    errors: dict[str, bool] = {}
    gaps: dict[Gap, None] = {}
    for assembly in assemblies:
        resources += sum(len(template.context.resources) for template in assembly.templates)
        order = {template.key: index for index, template in enumerate(assembly.templates)}
        found = sorted(
            _findings(assembly, kinds, options, errors, gaps),
            key=lambda pair: (order[pair[0].template.key], pair[1].subject, pair[1].logical_id, pair[1].rule),
        )
        for _, finding in found:
            if baseline and finding.suppression is None and baseline[finding.fingerprint] > 0:
                baseline[finding.fingerprint] -= 1
                known = Suppression("baseline", "found before", "baseline")
                suppressed.append(replace(finding, suppression=known))
            elif finding.suppression is not None:
                suppressed.append(finding)
            else:
                counted.append(finding)
        errors |= {template.unread: False for template in assembly.templates if template.unread}
    return Result(
        tuple(counted), tuple(suppressed), resources, tuple(errors), tuple(gaps), any(errors.values())
    )


def _findings(
    assembly: Assembly,
    kinds: tuple[Subject, ...],
    options: Options,
    errors: dict[str, bool],
    gaps: dict[Gap, None],
) -> Iterator[tuple[Resource, Finding]]:
    context = CheckContext(assembly, options.facts, options.today, options.synthesizing)
    for kind in kinds:
        try:
            subjects = list(_subjects(kind, context))
        except Exception as error:  # noqa: BLE001 - what cannot be worked out here must not hide the other findings
            why = " ".join(f"{type(error).__name__}: {error}".split())[:500]
            errors[f"{assembly.name} cannot be checked by the rules on each {kind}: {why}; report it"] = True
            continue
        # Rules that have nothing to look at are not imported.
        chosen = options.rules(kind) if subjects else ()
        for subject, resource in subjects:
            for each in chosen:
                for problem, rule_id, own in run_rule(each, subject, context):
                    where = problem.resource or resource
                    if isinstance(problem, NotEvaluated):
                        # What is suppressed would not have counted.
                        if suppression(rule_id, where) is None:
                            gaps[_gap(problem, rule_id, where)] = None
                        continue
                    finding = _finding(problem, each, rule_id, own, options, where)
                    if options.file_fixes and rule_id == each.id and finding.suppression is None:
                        finding = replace(finding, file_fix=_file_fix(problem, each, subject, where))
                    yield where, finding


def _file_fix(problem: Problem, rule: Rule, subject: Any, where: Resource) -> FileFix | None:
    from cdk_pull.rules.fixes.in_file import file_fix  # noqa: PLC0415 - slow to import, and only where asked for

    try:
        return file_fix(problem, rule, subject, where)
    except Exception as error:  # noqa: BLE001 - what cannot be fixed must not hide the finding
        why = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        return FileFix(what="", safe=True, refused=f"the fix failed: {why}; report it")


def _subjects(kind: Subject, context: CheckContext) -> Iterator[tuple[Any, Resource]]:
    """Yield what the rules of a kind look at, and the resource that it is about."""
    match kind:
        case "capacity":
            yield from ((each, each.resource) for each in context.ecs.capacities)
        case "task":
            yield from ((each, each.resource) for each in context.ecs.tasks)
        case "service":
            yield from ((each, each.resource) for each in context.ecs.services)
        case "repository":
            yield from ((each, each) for each in context.ecs.repositories)
        case "cache":
            caches = (*context.ecs.pull_through_rules, *context.ecs.creation_templates)
            yield from ((each, each) for each in caches)
        case "annotated":
            for template in context.assembly.templates:
                yield from ((each, each) for each in template.annotated())


def run_rule(
    each: Rule, subject: Any, context: CheckContext
) -> list[tuple[Problem | NotEvaluated, str, Severity]]:
    """Return what a rule says of one subject, each with the id and the severity that it is reported under.

    An exception in the rule is a problem under another id, and has no patches.
    """
    try:
        return [(problem, each.id, each.severity) for problem in each.check(subject, context)]
    except Exception as error:  # noqa: BLE001 - one rule's mistake must not hide what the others find
        message = f"{each.id} failed here, so that this resource is not checked by it: {type(error).__name__}: {error}"
        problem = Problem(
            message=" ".join(message.split())[:500],
            fix="Report it with the template, or ignore the rule here",
        )
        return [(problem, CRASHED, Severity.WARNING)]


def _fix(problem: Problem, rule: Rule, rule_id: str, resource: Resource) -> tuple[str, bool]:
    """Return what to write instead, what does it in CDK where the template can be of CDK, and whether --fix may do it."""
    fix = problem.fix or rule.fix
    # What stands for an exception in the rule has another id, and nothing fixes it.
    if rule.autofix is None or rule_id != rule.id or not (rule.autofix.codes or problem.patches):
        return fix, False
    autofix = problem.autofix
    if problem.patches:
        autofix = "safe" if rule.autofix.safe else "unsafe"
    if resource.template.source is not None and not resource.is_cdks:
        return fix, autofix == "safe"
    hint = rule.autofix.hint(rule.id, autofix)
    return (f"{fix} (in CDK: {hint})" if hint else fix), False


def _gap(gap: NotEvaluated, rule_id: str, resource: Resource) -> Gap:
    return Gap(
        rule=rule_id,
        missing=gap.missing,
        name=_shortened(gap.name),
        reason=_shortened(gap.reason),
        stack=resource.template.name,
        logical_id=resource.logical_id,
        construct_path=resource.construct_path,
        property_path=".".join(map(str, gap.path)),
        file=str(resource.template.path or ""),
    )


def _finding(
    problem: Problem, rule: Rule, rule_id: str, own: Severity, options: Options, resource: Resource
) -> Finding:
    confidence = problem.confidence or rule.confidence
    severity = problem.severity or own
    if confidence is Confidence.LOW and severity is Severity.ERROR:
        severity = Severity.WARNING
    severity = options.severities.get(rule_id, severity)
    fix, fixable = _fix(problem, rule, rule_id, resource)
    template = resource.template
    created = template.facts.created.get(resource.logical_id, ("", 0))
    return Finding(
        rule=rule_id,
        severity=severity,
        message=" ".join(problem.message.split()),
        fix=fix,
        stack=template.name,
        logical_id=resource.logical_id,
        resource_type=resource.type,
        construct_path=resource.construct_path,
        property_path=".".join(map(str, problem.path)),
        file=str(template.path or ""),
        line=resource.line(*problem.path, inner_line=problem.line_in_text, quote=problem.quote),
        line_in_text=problem.line_in_text,
        quote=_shortened(problem.quote),
        source_file=str(from_here(Path(created[0]))) if created[0] else "",
        source_line=created[1],
        suppression=suppression(rule_id, resource),
        confidence=confidence,
        fixable=fixable,
    )


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
