from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

from cdk_pull.report.decisions import read_decisions
from cdk_pull.rules.engine.runner import check
from cdk_pull.template.load import load
from examples.fixes import InheritedStack, JobsStack, fix, main, size

if TYPE_CHECKING:
    from pathlib import Path


def _synth(tmp_path: Path, *, fixed: bool) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the template of the inherited app, and what the checks find in it."""
    stage = cdk.Stage(
        cdk.App(outdir=str(tmp_path / str(fixed))), "Stage", env=cdk.Environment(region="eu-central-1")
    )
    InheritedStack(stage, "Inherited")
    if fixed:
        fix(stage)
    assembly = stage.synth()
    findings = check(load([assembly.directory]).assemblies).findings
    return dict(assembly.stacks[0].template), [(each.rule, each.severity.value) for each in findings]


def test_findings_before_the_one_line_and_none_after(tmp_path: Path) -> None:
    """The inherited app has four errors, one of which gives a note; with one line it has nothing, and the same ids."""
    before, found = _synth(tmp_path, fixed=False)
    assert found == [
        ("PULL102", "info"),
        ("PULL104", "error"),
        ("PULL105", "error"),
        ("PULL118", "error"),
        ("PULL201", "error"),
    ]
    after, left = _synth(tmp_path, fixed=True)
    assert left == []
    changed = [name for name in before["Resources"] if after["Resources"][name] != before["Resources"][name]]
    assert [*after["Resources"]] == [*before["Resources"]]
    assert [before["Resources"][name]["Type"] for name in changed] == [
        "AWS::AutoScaling::LaunchConfiguration",
        "AWS::ECS::TaskDefinition",
    ]


def test_make_fix_writes_both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `make fixes` checks is the same app in a stage, without and with the line."""
    monkeypatch.chdir(tmp_path)
    main()
    counts = {
        name: len(check(load([tmp_path / "cdk.out" / name]).assemblies).findings)
        for name in ("before", "after")
    }
    assert counts == {"before": 5, "after": 0}


def test_each_fix_is_printed(tmp_path: Path) -> None:
    """What `make synth` prints names the rule of every fix and what it changes."""
    _synth(tmp_path, fixed=True)
    [stack] = read_decisions(tmp_path / "True" / "assembly-Stage")
    rules = [each.decision.decided.partition(":")[0] for each in stack.decisions]
    assert sorted(rules) == ["PULL104", "PULL105", "PULL118", "PULL201"]


@pytest.mark.parametrize(("sized", "cpu"), [(False, "256"), (True, "1024")])
def test_one_line_sizes_the_jobs(*, sized: bool, cpu: str) -> None:
    """The injector sizes tasks whose code is as it was."""
    stage = cdk.Stage(cdk.App(), "Stage", env=cdk.Environment(region="eu-central-1"))
    if sized:
        size(stage)
    JobsStack(stage, "Jobs")
    resources = stage.synth().stacks[0].template["Resources"].values()
    tasks = [each for each in resources if each["Type"] == "AWS::ECS::TaskDefinition"]
    assert [each["Properties"]["Cpu"] for each in tasks] == [cpu, cpu]
