"""Findings as JUnit XML, a test case for each rule and resource that was found wanting."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from cdk_pull.printing import printable, xml_safe
from cdk_pull.report.findings_text import place_of
from cdk_pull.rules.engine.not_evaluated import summarize

if TYPE_CHECKING:
    from cdk_pull.rules.engine.finding import Finding
    from cdk_pull.rules.engine.runner import Result

__all__ = ["render"]


def render(result: Result, *, colour: bool = False, show_suppressed: bool = False) -> str:  # noqa: ARG001 - one signature for all forms
    """Return one test suite: findings are failures, suppressed ones skipped, what could not be checked errors."""
    findings, suppressed = result.findings, result.suppressed
    suite = ET.Element(
        "testsuite",
        name="cdk-pull",
        tests=str(len(findings) + len(suppressed) + len(result.errors) or 1),
        failures=str(len(findings)),
        errors=str(len(result.errors)),
        skipped=str(len(suppressed)),
    )
    for finding in findings:
        message = printable(f"{finding.severity}: {finding.message}")
        failure = ET.SubElement(_case(suite, finding), "failure", message=message, type=finding.rule)
        lines = (place_of(finding), finding.quote, f"fix: {finding.fix}")
        failure.text = "\n".join(printable(line) for line in lines if line)
    for finding in suppressed:
        reason = finding.suppression.reason if finding.suppression else ""
        ET.SubElement(_case(suite, finding), "skipped", message=printable(reason))
    for error in result.errors:
        case = ET.SubElement(suite, "testcase", classname="cdk-pull", name="read")
        ET.SubElement(case, "error", message=printable(error))
    gaps = summarize(result.not_evaluated)
    if not len(suite):
        ET.SubElement(suite, "testcase", classname="cdk-pull", name="all rules")
    if gaps:
        said = "\n".join(printable(f"not evaluated: {gap} ({gap.named})") for gap in gaps)
        ET.SubElement(suite, "system-out").text = said
    return xml_safe(ET.tostring(suite, encoding="unicode", xml_declaration=True))


def _case(suite: ET.Element, finding: Finding) -> ET.Element:
    return ET.SubElement(
        suite,
        "testcase",
        classname=printable(finding.stack),
        name=printable(f"{finding.rule} {finding.subject}"),
    )
