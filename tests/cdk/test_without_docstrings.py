"""A synth where Python leaves docstrings and assertions out."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_APP = """
import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
import cdk_pull as pull

app = cdk.App(outdir="cdk.out", analytics_reporting=False)
stack = cdk.Stack(app, "S", env=cdk.Environment(region="eu-central-1"))
pull.FargateTask(
    stack, "Task", image=ecs.ContainerImage.from_registry("nginx:1.27.2"), compressed="600MB",
    start_within=cdk.Duration.minutes(1),
)
cdk.Mixins.of(app).apply(pull.PullFixes())
cdk.Validations.of(app).add_plugins(pull.PullChecks())
app.synth()
assert False, "assertions are left out"
"""


@pytest.mark.needs_cdk("2.252.0", "validations")
def test_synth_without_docstrings(tmp_path: Path) -> None:
    """Under ``python -OO`` an app is synthesized and checked as without it, and the template is the same."""
    environment = {**os.environ, "CDK_VALIDATION": "false"}
    written = {}
    for name, options, app in (
        ("plain", (), _APP.replace("assert False", "assert True")),
        ("bare", ("-OO",), _APP),
    ):
        folder = tmp_path / name
        folder.mkdir()
        run = subprocess.run(
            [sys.executable, *options, "-c", app],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        report = folder / "cdk.out" / "validation-report.json"
        written[name] = (folder / "cdk.out" / "S.template.json").read_text(), report.exists()
    assert written["bare"] == written["plain"]
