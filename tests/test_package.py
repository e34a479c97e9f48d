from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import cdk_pull
from cdk_pull.cli import main

PACKAGE = Path(cdk_pull.__file__).parent
PLAIN_MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] != "cdk" and path.name != "__main__.py"
)
CONSTRUCTS = sorted(name for name, home in cdk_pull._HOMES.items() if home.startswith("cdk_pull.cdk"))

# Counts what a fresh interpreter imported and started while it ran a piece of code.
PROBE = """
import contextlib, json, subprocess, sys
started = []
def hook(event, arguments):
    if event == "subprocess.Popen":
        started.append(str(arguments[0]))
sys.addaudithook(hook)
with contextlib.suppress(SystemExit):
    {code}
print("\\n" + json.dumps({{"modules": sorted(sys.modules), "started": started}}))
"""


def _probe(code: str) -> tuple[set[str], list[str]]:
    """Run code in a fresh interpreter; return the top-level modules it imported and the processes it started."""
    run = subprocess.run(
        [sys.executable, "-c", PROBE.format(code=code)], check=False, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout.splitlines()[-1])
    return {name.partition(".")[0] for name in seen["modules"]}, seen["started"]


def _type_checking_imports() -> dict[str, str]:
    """Return name and module of each import that only type checkers see."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        alias.asname or alias.name: statement.module or ""
        for block in blocks
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def test_the_three_lists_of_public_names_agree() -> None:
    """What is exported, what is resolved lazily and what type checkers see are the same names."""
    assert sorted(cdk_pull._HOMES) == sorted(cdk_pull.__all__)
    assert _type_checking_imports() == cdk_pull._HOMES


@pytest.mark.parametrize("name", sorted(cdk_pull.__all__))
def test_every_public_name_resolves(name: str) -> None:
    """Each public name can be had from the package and is listed by `dir`."""
    assert getattr(cdk_pull, name).__name__ == name
    assert name in dir(cdk_pull)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A name that the package does not have fails as it does for any module."""
    with pytest.raises(AttributeError, match="module 'cdk_pull' has no attribute 'Nothing'"):
        _ = cdk_pull.Nothing  # type: ignore[attr-defined]


def test_the_plain_layers_import_no_cdk() -> None:
    """The package and all its plain modules together import no aws_cdk and start no process."""
    modules, started = _probe(f"import {', '.join(PLAIN_MODULES)}")
    assert "cdk_pull" in modules
    assert modules.isdisjoint({"aws_cdk", "constructs", "jsii"})
    assert started == []


def test_the_help_imports_no_command() -> None:
    """`cdk-pull --help` imports no aws_cdk and none of the libraries that single commands need."""
    modules, started = _probe("from cdk_pull.cli import main; main(['--help'])")
    assert "click" in modules
    assert modules.isdisjoint({"aws_cdk", "jsii", "rich", "boto3", "httpx", "tomlkit", "tree_sitter", "yaml"})
    assert started == []


def test_a_construct_imports_cdk() -> None:
    """Asking the package for a construct does import aws_cdk, which starts Node."""
    modules, started = _probe(f"from cdk_pull import {CONSTRUCTS[0]}")
    assert "aws_cdk" in modules
    assert len(started) == 1


def test_the_version_is_the_distribution_s(capsys: pytest.CaptureFixture[str]) -> None:
    """`cdk-pull --version` prints the version that pip knows."""
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.split()[-1] == version("cdk-pull")
