"""What could not be judged: gathered, counted, and said in every form."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from cdk_pull.report.formats import render
from cdk_pull.rules.engine import runner
from cdk_pull.rules.engine.finding import Confidence, Problem, Severity
from cdk_pull.rules.engine.not_evaluated import Gap, Missing, NotEvaluated, summarize
from cdk_pull.rules.engine.registry import find_rule
from cdk_pull.rules.engine.runner import Options, Result, check
from cdk_pull.template.assembly import from_document
from cdk_pull.testing import NotEvaluatedWarning, assert_pulls_well

SIZE = Missing("image of unknown size", "images of unknown size", "run `cdk-pull lookup`")
ROLE = Missing("imported role", "imported roles")
SUBNET = Missing("subnet of another stack", "subnets of another stack")
DIGEST = "sha256:" + "0" * 64


def _gap(missing: Missing, name: str, rule: str) -> Gap:
    return Gap(rule=rule, missing=missing, name=name, reason="", stack="S", logical_id="T")


def _model(**more: Any) -> dict[str, Any]:
    """Return a template with a small Fargate task that runs a model image."""
    return {
        "Resources": {
            "Task": {
                "Type": "AWS::ECS::TaskDefinition",
                "Properties": {
                    "RequiresCompatibilities": ["FARGATE"],
                    "Cpu": "256",
                    "Memory": "512",
                    "ExecutionRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                    "ContainerDefinitions": [
                        {
                            "Name": "c",
                            "Image": f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/model@{DIGEST}",
                        }
                    ],
                },
                **more,
            },
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {
                        "Statement": [
                            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
                        ]
                    },
                    "ManagedPolicyArns": [
                        "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
                    ],
                },
            },
        }
    }


def _check(document: dict[str, Any], **options: Any) -> Result:
    return check([from_document(document, region="eu-west-1")], Options(**options))


def test_summary() -> None:
    """Things are counted once by kind, rules once by what there is to do, and what has no advice comes last."""
    gaps = [
        _gap(ROLE, "A", "PULL306"),
        *(_gap(SIZE, name, f"PULL20{number}") for name in ("web", "api", "db") for number in range(6)),
        _gap(ROLE, "B", "PULL306"),
        _gap(SUBNET, "C", "PULL303"),
    ]
    assert [str(each) for each in summarize(gaps)] == [
        "3 images of unknown size: 6 rules not evaluated; run `cdk-pull lookup`",
        "2 imported roles, 1 subnet of another stack: not judged",
    ]
    assert [each.named for each in summarize(gaps)] == ["web, api, db", "A, B, C"]


def test_many_names_are_cut() -> None:
    """A summary names the first five things and counts the others."""
    (summary,) = summarize(_gap(SIZE, f"i{number}", "PULL203") for number in range(7))
    assert summary.named == "i0, i1, i2, i3, i4 and 2 more"


def test_a_task_of_unknown_images_is_never_clean() -> None:
    """A small task with a model image of unknown size does not read as nothing found in any form."""
    result = _check(_model())
    assert result.findings == ()
    assert {gap.rule for gap in result.not_evaluated} == {"PULL203", "PULL204", "PULL206", "PULL211"}
    said = "1 image of unknown size: 4 rules not evaluated; run `cdk-pull lookup`"
    for form in ("text", "json", "sarif", "github", "junit"):
        text = render(result, form)
        assert said in text
        assert "nothing found" not in text
    assert json.loads(render(result, "json"))["not_evaluated"][0]["missing"] == [
        {
            "what": "image of unknown size",
            "count": 1,
            "names": [f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/model@{DIGEST}"],
        }
    ]
    places = json.loads(render(result, "json"))["not_evaluated"][0]["places"]
    assert {each["reason"] for each in places} == {"image of unknown size"}
    assert ET.fromstring(render(result, "junit")).get("failures") == "0"  # noqa: S314 - our own


def test_known_sizes_leave_no_gap() -> None:
    """With the size stated the rules are evaluated, and nothing is left to say."""
    images = {"model": {"compressed": "80MB", "uncompressed": "200MB", "platforms": ["linux/amd64"]}}
    metadata = {"cdk-pull": {"images": {f"model@{DIGEST}": images["model"]}}}
    result = _check(_model(Metadata=metadata))
    assert result.not_evaluated == ()
    assert render(result, "text") == "nothing found in 2 resources"


def test_what_is_suppressed_or_ignored_leaves_no_gap() -> None:
    """A rule that would not have counted is not missed."""
    ids = ("PULL203", "PULL204", "PULL206", "PULL211")
    suppress = [{"id": each, "reason": "measured by hand"} for each in ids]
    assert _check(_model(Metadata={"cdk-pull": {"suppress": suppress}})).not_evaluated == ()
    assert _check(_model(), ignore=ids).not_evaluated == ()


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (
            f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/cdk-hnb659fds-container-assets-1-x:{'a' * 64}",
            "image asset of unknown",
        ),
        ({"Ref": "Image"}, "image that only the deployment names"),
        ("web:1", "image of unknown size"),
    ],
)
def test_why_a_size_is_unknown(image: Any, said: str) -> None:
    """An asset and a name that the deployment gives are told apart from what a look-up finds."""
    document = _model()
    document["Resources"]["Task"]["Properties"]["ContainerDefinitions"][0]["Image"] = image
    document["Parameters"] = {"Image": {"Type": "String"}}
    (summary,) = summarize(_check(document, select=("PULL203",)).not_evaluated)
    assert str(summary).startswith(f"1 {said}")


def test_windows_without_a_day() -> None:
    """The rule that needs a day says so where none is given."""
    document = _model()
    properties = document["Resources"]["Task"]["Properties"]
    properties["RuntimePlatform"] = {"OperatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
    properties["ContainerDefinitions"][0]["Image"] = "mcr.microsoft.com/windows/servercore:10.0.20348.1906"
    (summary,) = summarize(_check(document, select=("PULL402",)).not_evaluated)
    assert str(summary) == (
        "1 Windows image without a day to judge it by: 1 rule not evaluated; "
        "give the day with --date, or date=… in Python"
    )


def test_the_helper_warns() -> None:
    """A test that passes warns of what it could not judge."""
    with pytest.warns(NotEvaluatedWarning, match="1 image of unknown size: 4 rules not evaluated"):
        assert_pulls_well(_model(), region="eu-west-1")


def test_cannot_tell_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finding of low confidence is at most a warning, unless the configuration says otherwise."""
    rule = find_rule("PULL201")
    unsure = Problem(message="cannot tell", confidence=Confidence.LOW)

    def told(**options: Any) -> tuple[Severity, Confidence]:
        made = replace(rule, check=lambda _task, _context: iter([unsure]))
        monkeypatch.setattr(Options, "rules", lambda _self, on: (made,) if on == "task" else ())
        (finding,) = _check(_model(), **options).findings
        return finding.severity, finding.confidence

    assert told() == (Severity.WARNING, Confidence.LOW)
    assert told(severities={"PULL201": Severity.ERROR}) == (Severity.ERROR, Confidence.LOW)


def test_confidence_is_printed() -> None:
    """Text, JSON and SARIF state the confidence of a finding that is not certain."""
    document = _model()
    result = check([from_document(document)], Options(select=("PULL301",)))
    assert "info PULL301 (low confidence)  cannot tell" in render(result, "text")
    assert json.loads(render(result, "json"))["findings"][0]["confidence"] == "low"
    sarif = json.loads(render(result, "sarif"))["runs"][0]["results"][0]
    assert sarif["properties"] == {"confidence": "low"}


def test_a_rule_yields_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a rule could not judge stands beside its problems, with its own place."""
    rule = find_rule("PULL201")
    gap = NotEvaluated(missing=ROLE, name="arn:x", reason="of another\nstack", path=("Properties", "Role"))
    said: list[Problem | NotEvaluated] = [Problem(message="bad"), gap]
    made = replace(rule, check=lambda _task, _context: said)
    monkeypatch.setattr(runner, "chosen_rules", lambda *chosen: (made,) if chosen[2] == "task" else ())
    result = _check(_model())
    assert [finding.message for finding in result.findings] == ["bad"]
    assert result.not_evaluated == (
        Gap(
            rule="PULL201",
            missing=ROLE,
            name="arn:x",
            reason="of another stack",
            stack="template",
            logical_id="Task",
            property_path="Properties.Role",
        ),
    )
