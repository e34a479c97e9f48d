from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest

from cdk_pull.report.decisions import read_decisions
from examples.app import builders

ROOT = Path(__file__).parents[2]
CLI = ROOT / "node_modules" / ".bin" / "cdk"
BUILDERS = builders()


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_each_example_stands_alone(name: str, tmp_path: Path) -> None:
    """An example synthesizes in an app of its own, and has at least one stack."""
    app = cdk.App(outdir=str(tmp_path))
    BUILDERS[name](app)
    assert app.synth().stacks_recursively


def _synth(folder: Path) -> Path:
    """Synthesize all examples as `make synth` does: the real CLI, cdk.json, the built-in validation on."""
    if not CLI.exists():
        pytest.skip("the CDK CLI is not installed: run `make install`")
    environment = {key: value for key, value in os.environ.items() if key != "CDK_VALIDATION"}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    run = subprocess.run(
        [CLI, "synth", "--quiet", "--no-lookups", "--output", folder],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cloud assembly of all examples."""
    return _synth(tmp_path_factory.mktemp("assembly"))


def _templates(assembly: Path) -> dict[str, bytes]:
    return {
        path.relative_to(assembly).as_posix(): path.read_bytes()
        for path in sorted(assembly.rglob("*.template.json"))
    }


def test_synth_is_deterministic(assembly: Path, tmp_path: Path) -> None:
    """Two synths of all examples, in two processes, give the same templates byte for byte."""
    first, second = _templates(assembly), _templates(_synth(tmp_path))
    assert len(first) >= len(BUILDERS)
    assert first == second


def test_every_template_is_clean(assembly: Path) -> None:
    """cfn-lint finds no error in any template of the examples."""
    templates = sorted(assembly.rglob("*.template.json"))
    lint = Path(sys.executable).with_name("cfn-lint")
    run = subprocess.run(
        [lint, "--format", "json", "--non-zero-exit-code", "error", "--", *templates],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    errors = [
        f"{Path(finding['Filename']).name}: {finding['Rule']['Id']} {finding['Message']}"
        for finding in json.loads(run.stdout or "[]")
        if finding["Level"] == "Error"
    ]
    assert errors == []
    assert (run.returncode, run.stderr) == (0, "")


def test_every_example_says_what_it_decided(assembly: Path) -> None:
    """Each stack of the examples has decisions to print, and each decision says why."""
    stacks = {
        stack.stack: [recorded.decision for recorded in stack.decisions] for stack in read_decisions(assembly)
    }
    assert [name for name, decisions in stacks.items() if not decisions] == []
    assert all(decision.why for decisions in stacks.values() for decision in decisions)
