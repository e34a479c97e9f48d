"""The examples for pipelines, as far as they run here."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk import assertions

from cdk_pull.cli import main
from examples.checked_app import verify
from examples.ci.cdk_pipeline import CHECK, CheckedPipeline
from examples.ci.stages import Shop, apply_to_app, deploy

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).parents[2] / "examples" / "ci"
BAD: dict[str, Any] = {
    "Resources": {
        "Td": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {"RequiresCompatibilities": ["FARGATE"], "Cpu": "256", "Memory": "8192"},
        }
    }
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Run a command line of cdk-pull where there is a cdk.out with a bad task definition."""
    out = tmp_path / "cdk.out"
    out.mkdir()
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "App.template.json"}}
    (out / "manifest.json").write_text(json.dumps({"artifacts": {"App": stack}}))
    (out / "App.template.json").write_text(json.dumps(BAD))
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path)

    def runner(line: str) -> int:
        program, *arguments = shlex.split(line)
        assert program == "cdk-pull"
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        return int(exit_.value.code or 0)

    return runner


def test_github_actions(run: Callable[[str], int], capsys: pytest.CaptureFixture[str]) -> None:
    """The workflow's own commands annotate, fail, and write SARIF all the same."""
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["check"]["steps"]
    annotate, sarif = (step["run"] for step in steps if str(step.get("run")).startswith("cdk-pull"))
    assert run(annotate) == 1
    assert capsys.readouterr().out.startswith(
        "::error file=cdk.out/App.template.json,line=1,title=PULL201 Td::"
    )
    assert run(sarif) == 0
    (uploaded,) = (step["with"]["sarif_file"] for step in steps if "upload-sarif" in str(step.get("uses")))
    assert json.loads(Path(uploaded).read_text(encoding="utf-8"))["runs"][0]["results"]


def test_cdk_pipelines(run: Callable[[str], int]) -> None:
    """The pipeline's build runs the check on the assembly that it hands on."""
    app = cdk.App()
    template = assertions.Template.from_stack(CheckedPipeline(app, "Pipeline"))
    projects = template.find_resources("AWS::CodeBuild::Project")
    assert any(CHECK in str(project) for project in projects.values())
    assert run(CHECK) == 1
    assert "PULL201" in Path("reports/pulls.xml").read_text(encoding="utf-8")


def test_a_stage_of_a_pipeline_gets_the_mixin() -> None:
    """A stage that is made before the mixin is applied and handed to the pipeline after has its user data."""
    app = cdk.App()
    deploy(app, CheckedPipeline(app, "Pipeline").pipeline)
    (nested,) = app.synth().nested_assemblies
    (stack,) = nested.nested_assembly.stacks
    assert "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached" in json.dumps(stack.template)


def test_the_nearer_mixin_counts() -> None:
    """A mixin on a cluster goes before one on the app."""
    app = cdk.App()
    first, releases = Shop(app, "First"), Shop(app, "Releases")
    apply_to_app(app, releases.cluster)
    found = {
        stack.node.id: "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached"
        in json.dumps(assertions.Template.from_stack(stack).to_json())
        for stack in (first, releases)
    }
    assert found == {"First": False, "Releases": True}


def test_pre_commit() -> None:
    """The hook starts our own command line."""
    (hook,) = yaml.safe_load((EXAMPLES.parents[1] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["entry"] == "cdk-pull check"
    assert (Path(sys.executable).parent / "cdk-pull").exists()
    named = {
        "template.yaml": True,
        "infra/app.template.json": True,
        "cloudformation/ecs.yml": True,
        "deploy/cfn-ecs.json": True,
        "cfn/templates/ecs.yaml": True,
        "chart/templates/deployment.yaml": False,
        "templates/service.yaml": False,
        ".github/ISSUE_TEMPLATE/bug.yml": False,
        "src/email_template.json": False,
        "k8s/pod-template.yaml": False,
    }
    assert {path: bool(re.search(hook["files"], path)) for path in named} == named


def test_the_checked_app() -> None:
    """The example holds to what its test says."""
    verify()
