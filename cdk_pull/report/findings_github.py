"""Findings as annotations of a GitHub Actions run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.printing import line_safe, printable
from cdk_pull.report.findings_text import counted
from cdk_pull.report.paths import in_repository
from cdk_pull.rules.engine.not_evaluated import summarize

if TYPE_CHECKING:
    from cdk_pull.rules.engine.finding import Finding
    from cdk_pull.rules.engine.runner import Result

__all__ = ["render"]

_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}


def render(result: Result, *, colour: bool = False, show_suppressed: bool = False) -> str:  # noqa: ARG001 - one signature for all forms
    """Return a workflow command for each finding, at the app's own line where the assembly tells it."""
    lines = [_command(finding) for finding in result.findings]
    lines += [f"::error title=cdk-pull::{_data(error)}" for error in result.errors]
    lines += [
        f"::notice title=cdk-pull: not evaluated::{_data(f'{gap} ({gap.named})')}"
        for gap in summarize(result.not_evaluated)
    ]
    return "\n".join([*lines, f"cdk-pull: {counted(result)}"])


def _command(finding: Finding) -> str:
    file, line = finding.source_file or finding.file, finding.source_line or finding.line or 1
    properties = {
        "file": in_repository(file).as_posix() if file else "",
        "line": str(line) if file else "",
        "title": f"{finding.rule} {finding.subject}",
    }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{_COMMANDS[finding.severity]} {listed}::{_data(f'{finding.message}. Fix: {finding.fix}')}"


def _data(text: str) -> str:
    return line_safe(printable(text)).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
