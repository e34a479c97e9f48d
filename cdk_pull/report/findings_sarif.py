"""Findings as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import json
import os
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from cdk_pull.printing import json_safe
from cdk_pull.report.paths import in_repository
from cdk_pull.rules.engine.not_evaluated import summarize
from cdk_pull.rules.engine.registry import documented_rules

if TYPE_CHECKING:
    from cdk_pull.rules.engine.finding import FileFix, Finding
    from cdk_pull.rules.engine.registry import Rule
    from cdk_pull.rules.engine.runner import Result

__all__ = ["render"]

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_RULES: Final = "https://cdk-pull.readthedocs.io/en/stable/rules/"
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}


def render(result: Result, *, colour: bool = False, show_suppressed: bool = False) -> str:  # noqa: ARG001 - one signature for all forms
    """Return one run; a finding's place is the app's own line where the assembly tells it, then the template's."""
    rules = documented_rules()
    places = {rule.id: index for index, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "cdk-pull",
                "version": _version(),
                "rules": [_descriptor(rule) for rule in rules],
            }
        },
        "results": [_result(finding, places) for finding in (*result.findings, *result.suppressed)],
        "invocations": [
            {
                "executionSuccessful": not result.errors,
                "toolExecutionNotifications": [
                    *({"level": "error", "message": {"text": error}} for error in result.errors),
                    *(
                        {
                            "level": "note",
                            "descriptor": {"id": "not-evaluated"},
                            "message": {"text": f"not evaluated: {gap}"},
                            "properties": gap.to_json(),
                        }
                        for gap in summarize(result.not_evaluated)
                    ),
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
    }
    return json_safe(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1))


def _version() -> str:
    try:
        return version("cdk-pull")
    except PackageNotFoundError:
        return "0"


def _descriptor(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.check.__name__.split("_")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.page.partition("\n")[0]},
        "helpUri": f"{_RULES}#{rule.id.lower()}",
        "help": {"text": rule.page, "markdown": f"# {rule.id}: {rule.title}\n\n{rule.page}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["ecs", "container-images"], "precision": rule.confidence.value},
    }


def _result(finding: Finding, places: dict[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": places.get(finding.rule, -1),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. Fix: {finding.fix}"},
        "properties": {"confidence": finding.confidence.value},
        "partialFingerprints": {"cdkPull/v1": finding.fingerprint},
        "locations": [_location(finding, file, line) for file, line in _first_place(finding)],
    }
    if finding.source_file and finding.file:
        found["relatedLocations"] = [{"id": 0, **_location(finding, finding.file, finding.line or 1)}]
    if finding.file_fix is not None and finding.file_fix.edits:
        found["fixes"] = [_fix(finding.file_fix, finding.file)]
    if finding.suppression is not None:
        in_source = finding.suppression.kind != "baseline"
        found["suppressions"] = [
            {"kind": "inSource" if in_source else "external", "justification": finding.suppression.reason}
        ]
    return found


def _fix(fix: FileFix, file: str) -> dict[str, Any]:
    replacements = [
        {
            "deletedRegion": {
                "startLine": region.start_line,
                "startColumn": region.start_column,
                "endLine": region.end_line,
                "endColumn": region.end_column,
            },
            "insertedContent": {"text": edit.text},
        }
        for edit, region in zip(fix.edits, fix.regions, strict=True)
    ]
    return {
        "description": {"text": fix.what},
        "artifactChanges": [{"artifactLocation": {"uri": _uri(file)}, "replacements": replacements}],
        "properties": {"safe": fix.safe},
    }


def _first_place(finding: Finding) -> list[tuple[str, int]]:
    if finding.source_file:
        return [(finding.source_file, finding.source_line)]
    return [(finding.file, finding.line or 1)]


def _location(finding: Finding, file: str, line: int) -> dict[str, Any]:
    logical = {
        "fullyQualifiedName": finding.construct_path or f"{finding.stack}/{finding.logical_id}",
        "name": finding.logical_id,
        "kind": "resource",
    }
    location: dict[str, Any] = {"logicalLocations": [logical]}
    if file:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(file)},
            "region": {"startLine": max(line, 1)},
        }
    return location


def _uri(file: str) -> str:
    """Return a path relative to the repository where it lies in it, as code scanning wants it; else a URI."""
    path = in_repository(file)
    # A name that is no UTF-8 text is quoted byte by byte.
    try:
        return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))
    except UnicodeEncodeError:  # half of a surrogate pair, which no file can be named by
        return quote(path.as_posix().encode("utf-8", "replace"))
