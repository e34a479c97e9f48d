"""What a command imports, which is most of what a small one takes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_IMPORTED = """
import json, sys
before = set(sys.modules)
from cdk_pull.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print(json.dumps([end.code, sorted(set(sys.modules) - before)]))
"""
_BUCKET: dict[str, Any] = {"Type": "AWS::S3::Bucket"}
_TASK: dict[str, Any] = {
    "Type": "AWS::ECS::TaskDefinition",
    "Properties": {"ContainerDefinitions": [{"Name": "web", "Image": "web:1.0.0", "Memory": 256}]},
}


def _imported(arguments: list[str], folder: Path) -> set[str]:
    """Return the modules that a fresh interpreter imports for a command."""
    run = subprocess.run(
        [sys.executable, "-c", _IMPORTED, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    status, modules = json.loads(run.stdout.splitlines()[-1])
    assert status == 0
    return set(modules)


@pytest.mark.parametrize(("resource", "most", "rules"), [(_BUCKET, 80, 0), (_TASK, 135, 32)])
def test_a_small_template_imports_what_it_needs(
    tmp_path: Path, resource: dict[str, Any], most: int, rules: int
) -> None:
    """A check of a JSON template imports no parser of options, no YAML, no reader of scripts, and the rules that have something to look at."""
    (tmp_path / "template.json").write_text(json.dumps({"Resources": {"A": resource}}))
    modules = _imported(["check", "template.json"], tmp_path)
    heavy = {
        "aws_cdk",
        "click",
        "dataclasses",
        "importlib.metadata",
        "inspect",
        "jsii",
        "rich",
        "tempfile",
        "yaml",
    }
    assert modules & heavy == set()
    assert not [each for each in modules if each.startswith(("tree_sitter", "cdk_pull.agent.script"))]
    assert len([each for each in modules if each.startswith("cdk_pull.rules.checks.pull")]) <= rules
    assert len([each for each in modules if each.startswith("cdk_pull")]) <= most


def test_help_imports_no_command(tmp_path: Path) -> None:
    """The list of commands imports none of them, no shell completion and no rule."""
    modules = _imported(["--help"], tmp_path)
    assert (
        modules & {"cdk_pull.cli.check", "click.shell_completion", "cdk_pull.rules", "rich", "yaml"} == set()
    )
