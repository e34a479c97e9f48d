"""Findings as JUnit XML, a test case for each rule and resource that was found wanting."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from cdk_pull.printing import printable, xml_safe
from cdk_pull.report.findings_text import place_of
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.not_evaluated import summarize

if TYPE_CHECKING:
    from cdk_pull.rules.engine.finding import Finding
    from cdk_pull.rules.engine.runner import Result

__all__ = ["render"]


def render(
    result: Result,
    *,
    colour: bool = False,  # noqa: ARG001 - one signature for all forms
    show_suppressed: bool = False,  # noqa: ARG001 - as above
    fail_on: str = "info",
) -> str:
    """Return one test suite: findings that fail are failures, suppressed ones skipped, what could not be checked errors.

    A finding below the severity that fails is a test that passes, with the finding in its output.
    """
    findings, suppressed = result.findings, result.suppressed
    failing = [] if fail_on == "never" else result.at_least(Severity(fail_on))
    failing_ids = set(map(id, failing))
    suite = ET.Element(
        "testsuite",
        name="cdk-pull",
        tests=str(len(findings) + len(suppressed) + len(result.errors) or 1),
        failures=str(len(failing)),
        errors=str(len(result.errors)),
        skipped=str(len(suppressed)),
    )
    for finding in findings:
        message = printable(f"{finding.severity}: {finding.message}")
        lines = (place_of(finding), finding.quote, f"fix: {finding.fix}")
        said = "\n".join(printable(line) for line in lines if line)
        case = _case(suite, finding)
        if id(finding) in failing_ids:
            ET.SubElement(case, "failure", message=message, type=finding.rule).text = said
        else:
            ET.SubElement(case, "system-out").text = f"{message}\n{said}"
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
