"""What is suppressed: one answer for metadata and acknowledgements, in every form of an id and a reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.rules.engine.runner import Options, Result, check
from cdk_pull.rules.engine.suppress import acknowledged_rules, is_cdks_own, misstated, suppressed_rules
from cdk_pull.template.load import load

if TYPE_CHECKING:
    from pathlib import Path

TASK = {
    "Type": "AWS::ECS::TaskDefinition",
    "Properties": {
        "RequiresCompatibilities": ["FARGATE"],
        "Cpu": "256",
        "Memory": "8192",
        "ContainerDefinitions": [{"Name": "c", "Image": "nginx:1.27.2"}],
    },
}


def _assembly(folder: Path, acknowledged: Any, *, in_file: bool = False, at: str = "/App/Web") -> Result:
    """Check an assembly of one task with what is acknowledged on a construct around it."""
    metadata: dict[str, Any] = {
        "/App/Web/Td/Resource": [{"type": "aws:cdk:logicalId", "data": "A"}],
        "/App/Other/Resource": [{"type": "aws:cdk:logicalId", "data": "B"}],
    }
    metadata.setdefault(at, []).append({"type": "aws:cdk:acknowledged-rules", "data": acknowledged})
    stack: dict[str, Any] = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "t.json"},
        "displayName": "App",
        "metadata": {} if in_file else metadata,
    }
    if in_file:
        stack["additionalMetadataFile"] = "m.json"
        (folder / "m.json").write_text(json.dumps(metadata))
    resources = {"A": TASK, "B": {"Type": "AWS::ECS::Cluster"}}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"App": stack}}))
    (folder / "t.json").write_text(json.dumps({"Resources": resources}))
    return check(load([folder]).assemblies, Options(select=("PULL201", "PULL001")))


@pytest.mark.parametrize("in_file", [False, True])
@pytest.mark.parametrize(
    "rule_id", ["cdk-pull::PULL201", "cdk-pull::pull201", "CDK-Pull::Pull201", " cdk-pull::PULL201 "]
)
def test_acknowledged_in_any_case(tmp_path: Path, rule_id: str, *, in_file: bool) -> None:
    """An acknowledgement counts in upper and lower case, wherever the assembly keeps it."""
    result = _assembly(tmp_path, {rule_id: "known"}, in_file=in_file)
    assert result.findings == ()
    (finding,) = result.suppressed
    assert finding.suppression is not None
    assert (finding.suppression.kind, finding.suppression.reason) == ("acknowledged", "known")


@pytest.mark.parametrize(
    ("rule_id", "said"),
    [
        (
            "cdk-pull::PULL999",
            "the acknowledgement of 'cdk-pull::PULL999' on App/Web has no effect: no rule has",
        ),
        (
            "cdk-pull::pull2O1",
            "the acknowledgement of 'cdk-pull::pull2O1' on App/Web has no effect: no rule has",
        ),
        ("CDK-PULL::", "the acknowledgement of 'CDK-PULL::' on App/Web has no effect: no rule has this id"),
        ("cdk-pull::PULL2", "the acknowledgement of 'cdk-pull::PULL2' on App/Web has no effect: no rule has"),
        ("PULL201", "the acknowledgement of 'PULL201' on App/Web has no effect: write cdk-pull::PULL201"),
        ("pull201", "the acknowledgement of 'pull201' on App/Web has no effect: write cdk-pull::PULL201"),
    ],
)
@pytest.mark.parametrize("in_file", [False, True])
def test_an_id_that_no_rule_has(tmp_path: Path, rule_id: str, said: str, *, in_file: bool) -> None:
    """An acknowledgement that suppresses nothing is a finding of its own, once."""
    result = _assembly(tmp_path, {rule_id: "known"}, in_file=in_file)
    assert sorted(finding.rule for finding in result.findings) == ["PULL001", "PULL201"]
    (finding,) = (each for each in result.findings if each.rule == "PULL001")
    assert finding.message.startswith(said)
    assert finding.logical_id == "A"


@pytest.mark.parametrize("at", ["/App", "/App/Other", "/App/Other/Resource"])
def test_where_a_misspelled_acknowledgement_is_reported(tmp_path: Path, at: str) -> None:
    """It stands at the first resource at or below its construct."""
    result = _assembly(tmp_path, {"cdk-pull::PULL999": "known"}, at=at)
    (finding,) = (each for each in result.findings if each.rule == "PULL001")
    assert finding.logical_id == ("A" if at == "/App" else "B")


@pytest.mark.parametrize(
    "rule_id", ["AwsSolutions::IAM4", "CKV_AWS_1", "pull-requests::PULL201x", "", "x::y"]
)
def test_other_plugins(tmp_path: Path, rule_id: str) -> None:
    """What is acknowledged to another plugin is none of ours."""
    assert misstated(rule_id) == ""
    assert [each.rule for each in _assembly(tmp_path, {rule_id: "known"}).findings] == ["PULL201"]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"id": "PULL201"}, "it gives no reason"),
        ({"id": "PULL201", "reason": ""}, "the reason must not be empty"),
        ({"id": "PULL201", "reason": " \n"}, "the reason must not be empty"),
        ({"id": "PULL201", "reason": 2024}, "the reason must be a string: 2024"),
        ({"id": "PULL201", "reason": True}, "the reason must be a string: True"),
        ({"id": "PULL201", "reason": None}, "the reason must be a string: None"),
        ({"id": "PULL201", "reason": ["x"]}, "the reason must be a string: ['x']"),
        ({"id": "PULL201", "reason": {"Ref": "P"}}, "the reason must be a string: {'Ref': 'P'}"),
        ({"id": "PULL999", "reason": "x"}, "no rule has this id: 'PULL999'"),
        ({"id": "PULL2", "reason": "x"}, "no rule has this id: 'PULL2'"),
        ({"id": 201, "reason": "x"}, "it names no rule by id"),
        ({"reason": "x"}, "it names no rule by id"),
        ("PULL201", "it names no rule by id"),
        (None, "it names no rule by id"),
    ],
)
def test_metadata_without_effect(tmp_path: Path, entry: Any, why: str) -> None:
    """An entry suppresses nothing without a rule's id and a string as its reason, and is reported."""
    assert suppressed_rules({"suppress": [entry]}) == {}
    task = {**TASK, "Metadata": {"cdk-pull": {"suppress": [entry]}}}
    (tmp_path / "t.json").write_text(json.dumps({"Resources": {"A": task}}))
    result = check(load([tmp_path / "t.json"]).assemblies, Options(select=("PULL201", "PULL001")))
    assert sorted(finding.rule for finding in result.findings) == ["PULL001", "PULL201"]
    assert any(f"this suppression has no effect: {why}" in finding.message for finding in result.findings)


@pytest.mark.parametrize(
    "metadata", [{}, {"suppress": None}, {"suppress": {"id": "PULL201"}}, {"suppress": 1}]
)
def test_no_list(metadata: dict[str, Any]) -> None:
    """Where there is no list, nothing is suppressed."""
    assert suppressed_rules(metadata) == {}


def test_the_first_entry_counts() -> None:
    """Of two entries for one rule the first gives the reason."""
    entries = [
        {"id": "PULL201", "reason": 1},
        {"id": "pull201", "reason": "a"},
        {"id": "PULL201", "reason": "b"},
    ]
    assert suppressed_rules({"suppress": entries}) == {"PULL201": "a"}


def test_what_cdk_takes_itself() -> None:
    """CDK compares ids exactly; what else names a rule of ours is left to us."""
    ids = ["cdk-pull::PULL201", "cdk-pull::pull201", "cdk-pull::PULL999", "PULL201"]
    assert [is_cdks_own(each) for each in ids] == [True, False, False, False]
    assert acknowledged_rules(dict.fromkeys(ids, "x")) == {"PULL201": "x"}
