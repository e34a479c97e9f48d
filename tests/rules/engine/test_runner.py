"""The runner: order, options, failing rules, suppressions and baselines."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.report.formats import render
from cdk_pull.rules.engine import runner
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.registry import find_rule
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.rules.engine.suppress import read_baseline
from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.view import EcsView
from cdk_pull.template.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_pull.rules.engine.runner import Result


def _task(cpu: str, memory: str, **more: Any) -> dict[str, Any]:
    properties = {
        "RequiresCompatibilities": ["FARGATE"],
        "Cpu": cpu,
        "Memory": memory,
        "ContainerDefinitions": [{"Name": "c", "Image": "nginx:1.27.2"}],
    }
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": properties, **more}


def _check(resources: dict[str, Any], **options: Any) -> Result:
    return check([from_document({"Resources": resources})], Options(**options))


def test_order_and_ids() -> None:
    """Findings come by resource, then by rule."""
    result = _check({"B": _task("256", "8192"), "A": _task("256", "8192")})
    assert [(finding.logical_id, finding.rule) for finding in result.findings] == [
        ("A", "PULL201"),
        ("B", "PULL201"),
        ("B", "PULL302"),
    ]
    assert result.resources == 2


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        ({"select": ("PULL2",)}, {"PULL201"}),
        ({"select": ("PULL2", "PULL302")}, {"PULL201", "PULL302"}),
        ({"ignore": ("PULL3",)}, {"PULL201"}),
        ({"select": ("pull2", " cdk-pull::PULL302")}, {"PULL201", "PULL302"}),
        ({"ignore": ["pull3"]}, {"PULL201"}),
        ({"select": ("PULL3",), "ignore": ("PULL302",)}, set()),
    ],
)
def test_select_and_ignore(options: dict[str, Any], rules: set[str]) -> None:
    """Ids and beginnings of ids choose the rules."""
    result = _check({"A": _task("256", "8192")}, **options)
    assert {finding.rule for finding in result.findings} == rules


@pytest.mark.parametrize("text", ["PULL9", "", "x", "PULL000", "PULL2011"])
def test_an_id_that_no_rule_has(text: str) -> None:
    """A mistyped id, or that of no rule to run, is an error, because it would silently choose nothing."""
    with pytest.raises(
        InvalidValueError, match=f"no rule has this id: '{text}'; allowed: those that `cdk-pull rules` lists"
    ):
        _check({}, select=(text,))


def test_ids_that_are_no_list() -> None:
    """A text in place of a list would choose by its letters."""
    with pytest.raises(InvalidValueError, match="select is not a list of rule ids: 'PULL2'"):
        _check({}, select="PULL2")


def test_other_severities() -> None:
    """A configured severity goes before the rule's own."""
    result = _check({"A": _task("256", "8192")}, severities={"PULL201": Severity.INFO}, select=("PULL201",))
    assert [finding.severity for finding in result.findings] == [Severity.INFO]
    assert result.at_least(Severity.WARNING) == []


def test_an_exception_before_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be worked out for some rules is an error of the result; the other rules go on."""

    def services(_: EcsView) -> None:
        raise KeyError("Cluster\n")

    resources = {"Td": _task("256", "512", Metadata={"cdk-pull": {"suppress": 5}})}
    monkeypatch.setattr(EcsView, "services", property(services))
    result = _check(resources, select=("PULL001", "PULL201", "PULL303"))
    assert [finding.rule for finding in result.findings] == ["PULL001"]
    assert result.errors == tuple(
        f"template cannot be checked by the rules on each {kind}: KeyError: 'Cluster\\n'; report it"
        for kind in ("task", "service")
    )


def test_an_exception_in_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that raises is reported on the resource that it looked at, and the others go on."""

    def broken(_subject: object, _context: object) -> list[Any]:
        raise KeyError("Cpu\n")

    rules = (replace(find_rule("PULL201"), check=broken), find_rule("PULL302"))
    monkeypatch.setattr(runner, "chosen_rules", lambda *chosen: rules if chosen[2] == "task" else ())
    result = _check({"A": _task("256", "8192")})
    assert [(finding.rule, finding.message) for finding in result.findings] == [
        ("PULL000", "PULL201 failed here, so that this resource is not checked by it: KeyError: 'Cpu\\n'"),
        ("PULL302", "nginx:1.27.2 comes from docker.io at every pull"),
    ]


@pytest.mark.parametrize(("metadata", "hinted"), [({}, False), ({"aws:cdk:path": "App/Td/Resource"}, True)])
def test_what_fixes_it_in_cdk(tmp_path: Path, metadata: dict[str, Any], hinted: bool) -> None:  # noqa: FBT001 - a table's column
    """The fix names the mixin where CDK has written the template: to anybody else it is of no use."""
    template = {"Resources": {"Td": _task("256", "8192", Metadata=metadata)}}
    (tmp_path / "t.json").write_text(json.dumps(template))
    result = check(load([tmp_path / "t.json"]).assemblies, Options(select=("PULL201",)))
    assert ["PullFixes()" in finding.fix for finding in result.findings] == [hinted]


@pytest.mark.parametrize("rule_id", ["PULL201", "cdk-pull::PULL201", "pull201"])
def test_suppression_by_metadata(rule_id: str) -> None:
    """A suppression with a reason takes its finding out of the count, and keeps the reason."""
    metadata = {"cdk-pull": {"suppress": [{"id": rule_id, "reason": "fixed at deployment"}]}}
    result = _check({"A": _task("256", "8192", Metadata=metadata)}, select=("PULL201",))
    assert result.findings == ()
    (finding,) = result.suppressed
    assert finding.suppression is not None
    assert (finding.suppression.kind, finding.suppression.reason, finding.suppression.where) == (
        "suppressed",
        "fixed at deployment",
        "A",
    )


@pytest.mark.parametrize(
    "entry", [{"id": "PULL201"}, {"id": "PULL201", "reason": " "}, {"id": "PULL202", "reason": "x"}, "x"]
)
def test_suppression_without_effect(entry: object) -> None:
    """Without a reason, or for another rule, nothing is suppressed."""
    result = _check(
        {"A": _task("256", "8192", Metadata={"cdk-pull": {"suppress": [entry]}})}, select=("PULL201",)
    )
    assert [finding.rule for finding in result.findings] == ["PULL201"]


def test_acknowledgement(tmp_path: Path) -> None:
    """CDK's acknowledgement on a construct covers what is below it, and nothing beside it."""
    manifest = {
        "artifacts": {
            "App": {
                "type": "aws:cloudformation:stack",
                "properties": {"templateFile": "t.json"},
                "displayName": "App",
                "metadata": {
                    "/App/Web": [
                        {"type": "aws:cdk:acknowledged-rules", "data": {"cdk-pull::PULL201": "known"}}
                    ],
                    "/App/Web/Td/Resource": [{"type": "aws:cdk:logicalId", "data": "A"}],
                    "/App/Website/Td/Resource": [{"type": "aws:cdk:logicalId", "data": "B"}],
                },
            }
        }
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "t.json").write_text(json.dumps({"Resources": {k: _task("256", "8192") for k in "AB"}}))
    result = check(load([tmp_path]).assemblies, Options(select=("PULL201",)))
    assert [finding.construct_path for finding in result.findings] == ["App/Website/Td/Resource"]
    (kept,) = result.suppressed
    assert kept.suppression is not None
    assert (kept.suppression.kind, kept.suppression.reason, kept.suppression.where) == (
        "acknowledged",
        "known",
        "App/Web",
    )


def test_baseline(tmp_path: Path) -> None:
    """What an earlier report holds does not count, one more of the same kind does."""
    before = _check({"A": _task("256", "8192")}, select=("PULL201",))
    file = tmp_path / "baseline.json"
    file.write_text(render(before, "json"))
    after = _check(
        {"A": _task("300", "8192"), "B": _task("256", "8192")},
        select=("PULL201",),
        baseline=read_baseline(file),
    )
    assert [finding.logical_id for finding in after.findings] == ["B"]
    assert [finding.suppression.kind for finding in after.suppressed if finding.suppression] == ["baseline"]


@pytest.mark.parametrize(
    ("images", "new"),
    [
        (["ecr", "Nginx:1"], 0),
        (["ecr", "ecr", "Nginx:1"], 0),
        (["Nginx:1", "ecr"], 0),
        (["ecr"], 0),
        (["Nginx:1", "Redis:7"], 1),
    ],
)
def test_baseline_of_a_list(tmp_path: Path, images: list[str], new: int) -> None:
    """A container that moves in its list is no new finding, and one more with the same fault is."""

    def found(names: list[str], **options: Any) -> Result:
        own = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1"
        containers = [{"Name": "c", "Image": own if name == "ecr" else name} for name in names]
        task = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": containers}}
        return _check({"A": task}, select=("PULL307",), **options)

    file = tmp_path / "baseline.json"
    file.write_text(render(found(["ecr", "Nginx:1"]), "json"))
    assert len(found(images, baseline=read_baseline(file)).findings) == new


@pytest.mark.parametrize("text", ["", "[]", '{"findings": 1}', '{"findings": [{}]}'])
def test_baseline_in_another_form(tmp_path: Path, text: str) -> None:
    """A file that is no report is refused."""
    file = tmp_path / "baseline.json"
    file.write_text(text)
    with pytest.raises(InvalidValueError, match=r"^baseline (is not|has no)"):
        read_baseline(file)
