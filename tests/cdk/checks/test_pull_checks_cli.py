"""What the CDK CLI makes of the findings: the exit status of each command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[3]
CLI: Final = ROOT / "node_modules" / ".bin" / "cdk"
APP: Final = """
import os
import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
import cdk_pull as pull

env = cdk.Environment(account="111122223333", region="eu-west-1")
app = cdk.App()
what, where = os.environ["FAULT"].split(" in ")
near = cdk.Stack(app, "Near", env=env)
stack = cdk.NestedStack(cdk.Stack(cdk.Stage(app, "Prod"), "S", env=env), "Nested") if where == "a stage" else near
region = "us-east-1" if what == "a warning" else "eu-west-1"
ecs.CfnTaskDefinition(
    stack, "Task", requires_compatibilities=["FARGATE"], network_mode="awsvpc", cpu="256",
    memory="8192" if what == "an error" else "512", execution_role_arn="arn:aws:iam::111122223333:role/exec",
    container_definitions=[{"name": "a", "image": f"111122223333.dkr.ecr.{region}.amazonaws.com/web:1.0.0"}],
)
cdk.Validations.of(app).add_plugins(pull.PullChecks())
app.synth()
"""


@pytest.mark.parametrize(
    ("fault", "command", "status"),
    [
        ("a warning in the app", ["synth"], 0),
        ("a warning in the app", ["synth", "--strict"], 1),
        ("a warning in the app", ["validate", "--unstable=validate", "--no-online"], 0),
        ("an error in the app", ["synth"], 1),
        # The CLI judges the stacks that it selects, and without a name these are none of a stage.
        ("an error in a stage", ["synth"], 0),
        ("an error in a stage", ["synth", "**"], 1),
        ("an error in a stage", ["validate", "--unstable=validate", "--no-online"], 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_exit_status(tmp_path: Path, fault: str, command: list[str], status: int) -> None:
    """An error fails the commands that look at its stack, a warning only a strict synth, as docs/checking.md says."""
    if not CLI.exists():
        pytest.skip("the CDK CLI is not installed: run `make install`")
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    run = subprocess.run(
        [CLI, *command, "--quiet", "--app", f"{sys.executable} app.py"],
        cwd=tmp_path,
        env={
            **os.environ,
            "FAULT": fault,
            "PYTHONPATH": str(ROOT),
            "CDK_VALIDATION": "false",
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = run.stdout + run.stderr
    assert run.returncode == status, said
    rule = "PULL201" if "error" in fault else "PULL301"
    assert (f"Acknowledge with 'cdk-pull::{rule}'" in said) == ("stage" not in fault or status == 1)
