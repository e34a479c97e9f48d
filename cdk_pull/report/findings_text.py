"""Findings for people: grouped by construct, with the offending line, the fix and the line that acknowledges it."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Final

from cdk_pull.printing import log_safe, printable
from cdk_pull.rules.engine.finding import Confidence, Finding, Severity
from cdk_pull.rules.engine.not_evaluated import summarize
from cdk_pull.rules.engine.suppress import PLUGIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.runner import Result

__all__ = ["counted", "place_of", "render", "suppress_line"]

_NARROWEST: Final = 40
_CODES: Final = {"error": "1;31", "warning": "1;33", "info": "1;36", "dim": "2", "bold": "1", "fix": "32"}


def render(
    result: Result, *, colour: bool = False, show_suppressed: bool = False, list_errors: bool = True
) -> str:
    """Return the findings as text, one construct at a time, and how to go on with them at the foot."""
    paint = _Paint(colour=colour)
    shown = _ordered([*result.findings, *(result.suppressed if show_suppressed else ())])
    lines: list[str] = []
    for _, group in groupby(shown, key=lambda each: (each.stack, each.subject)):
        members = list(group)
        lines += [_heading(members[0], paint), ""]
        for finding in members:
            lines += [*_finding(finding, paint), ""]
    lines += _foot(result, paint)
    if list_errors:
        lines += [f"{paint('cannot check', 'error')}: {paint(error)}" for error in result.errors]
    for gap in summarize(result.not_evaluated):
        lines += [f"{paint('not evaluated', 'info')}: {paint(str(gap))}", f"    {paint(gap.named, 'dim')}"]
    lines.append(_summary(result, paint))
    return log_safe("\n".join(lines))


def _ordered(findings: list[Finding]) -> list[Finding]:
    """Keep the stacks in their order, and bring together what is about one construct."""
    stacks = {stack: index for index, stack in enumerate(dict.fromkeys(each.stack for each in findings))}
    return sorted(
        findings, key=lambda each: (stacks[each.stack], each.subject, -each.severity.rank, each.rule)
    )


def _heading(finding: Finding, paint: _Paint) -> str:
    subject = finding.subject.removesuffix("/Resource")
    where = f"{finding.logical_id}, " if finding.construct_path else ""
    stack = "" if finding.subject.startswith(finding.stack) else f" in {finding.stack}"
    return f"{paint(subject, 'bold')} {paint(f'({where}{finding.resource_type}){stack}', 'dim')}"


def _finding(finding: Finding, paint: _Paint) -> Iterator[str]:
    severity = finding.severity.value
    sure = "" if finding.confidence is Confidence.HIGH else f" ({finding.confidence} confidence)"
    head = f"{severity} {finding.rule}{sure}"
    first, *others = paint.wrapped(f"  {head}  {finding.message}")
    yield f"  {paint(head, severity)}{first.removeprefix(f'  {head}')}"
    yield from others
    if place := place_of(finding):
        yield f"    {paint('at', 'dim')}    {paint(place)}"
    if finding.quote:
        number = f"{finding.line_in_text}: " if finding.line_in_text else ""
        yield f"    {paint('line', 'dim')}  {paint(number + finding.quote)}"
    yield f"    {paint('fix', 'dim')}   {paint(finding.fix, 'fix')}"
    if (kept := finding.suppression) is not None:
        yield f"    {paint('kept', 'dim')}  {paint(f'{_KEPT[kept.kind]}, {kept.where}: {kept.reason}')}"


def place_of(finding: Finding) -> str:
    """Return where a finding stands: in the app's code and in the template, as far as that is known."""
    parts = []
    if finding.source_file:
        parts.append(f"{finding.source_file}:{finding.source_line}")
    if finding.file:
        parts.append(f"{finding.file}:{finding.line or 1}")
    if finding.property_path:
        parts.append(finding.property_path)
    return "  ".join(parts)


def _foot(result: Result, paint: _Paint) -> list[str]:
    """Return what to do about findings, each once: with the first finding's rule, in the language of each kind of file."""
    if not result.findings:
        return []
    explain = f"cdk-pull explain {result.findings[0].rule}"
    lines = [f"{paint('explain', 'dim')}   {explain}"]
    if any(each.fixable for each in result.findings):
        lines.append(f"{paint('fix', 'dim')}       cdk-pull check --fix; --diff shows what it changes")
    suppressions = {_language(each): suppress_line(each) for each in reversed(result.findings)}
    lines += [f"{paint('suppress', 'dim')}  {paint(line)}" for line in reversed(suppressions.values())]
    return [*lines, ""]


def _language(finding: Finding) -> str:
    return "cdk" if finding.construct_path else "json" if finding.file.endswith(".json") else "yaml"


def suppress_line(finding: Finding) -> str:
    """Return the exact line that suppresses a finding: CDK's where there is a construct, else metadata."""
    language = _language(finding)
    if language == "cdk":
        return f'cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id="{PLUGIN}::{finding.rule}", reason="…"))'
    if language == "json":
        return f'"Metadata": {{"cdk-pull": {{"suppress": [{{"id": "{finding.rule}", "reason": "…"}}]}}}}'
    return f"Metadata: {{cdk-pull: {{suppress: [{{id: {finding.rule}, reason: …}}]}}}}"


def _summary(result: Result, paint: _Paint) -> str:
    kept = Counter(each.suppression.kind for each in result.suppressed if each.suppression)
    hidden = ", ".join(f"{count} {_KEPT[kind]}" for kind, count in sorted(kept.items()))
    tail = f" ({hidden})" if hidden else ""
    joined = "of" if result.not_evaluated and not result.findings else "in"
    text = f"{counted(result)} {joined} {result.resources} resource{'' if result.resources == 1 else 's'}"
    if result.errors:
        text = f"{text}, {len(result.errors)} not checked"
    rules = len({gap.rule for gap in result.not_evaluated})
    if rules:
        text = f"{text}, {rules} rule{'' if rules == 1 else 's'} not fully evaluated"
    return f"{paint(text, 'bold')}{tail}"


_KEPT: Final = {
    "acknowledged": "acknowledged",
    "suppressed": "suppressed by metadata",
    "baseline": "in the baseline",
}


def counted(result: Result) -> str:
    """Return how many findings of each severity there are, such as ``1 error, 2 warnings``."""
    numbers = Counter(finding.severity for finding in result.findings)
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    parts = [
        f"{numbers[severity]} {word}{'' if numbers[severity] == 1 else 's'}"
        for severity, word in words.items()
        if numbers[severity]
    ]
    nothing = "no problem in what was evaluated" if result.not_evaluated else "nothing found"
    return ", ".join(parts) or nothing


class _Paint:
    """Makes texts printable and, on a terminal, coloured and not wider than it is."""

    def __init__(self, *, colour: bool) -> None:
        self.colour = colour
        self.columns = 0
        if colour:
            import shutil  # noqa: PLC0415 - slow to import, and only a terminal has a width

            self.columns = shutil.get_terminal_size().columns

    def wrapped(self, text: str) -> list[str]:
        """Return a text for people in lines; what is there to be copied stays in one."""
        text = printable(text)
        if len(text) <= self.columns or not self.columns:
            return [text]
        import textwrap  # noqa: PLC0415 - slow to import, and only a terminal wraps

        return textwrap.wrap(
            text,
            max(self.columns, _NARROWEST),
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )

    def __call__(self, text: str, style: str = "") -> str:
        text = printable(text)
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and style else text
