from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import cdk_pull

ROOT = Path(__file__).parents[1]
CONSTRUCTS = sorted(name for name, home in cdk_pull._HOMES.items() if home.startswith("cdk_pull.cdk"))


def _run(*command: str | Path, cwd: Path) -> str:
    """Run a command away from the checkout, so that only what is installed can be imported."""
    run = subprocess.run(
        [str(part) for part in command], cwd=cwd, check=False, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources, so that nothing is written into the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "cdk_pull", source / "cdk_pull", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, source, cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path) -> Path:
    """Install the wheel into an empty environment and return its interpreter."""
    environment = wheel.parent / "environment"
    _run(sys.executable, "-m", "venv", environment, cwd=wheel.parent)
    python = environment / "bin" / "python"
    _run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel, cwd=wheel.parent)
    return python


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """The wheel has every file of the package, data included, and no other folder than its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "cdk_pull").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == files


def test_the_command_line_works_where_the_wheel_is_installed(python: Path, tmp_path: Path) -> None:
    """In an environment with the wheel alone, `cdk-pull` runs and imports the package from there."""
    assert "Usage: cdk-pull" in _run(python.parent / "cdk-pull", "--help", cwd=tmp_path)
    home = _run(python, "-c", "import cdk_pull; print(cdk_pull.__file__)", cwd=tmp_path).strip()
    assert Path(home).is_relative_to(python.parents[1])


@pytest.mark.skipif(not CONSTRUCTS, reason="no construct is exported yet")
def test_the_constructs_work_where_the_wheel_is_installed(python: Path, tmp_path: Path) -> None:
    """In an environment with the wheel alone, every public name can be imported, the constructs included."""
    _run(python, "-c", f"from cdk_pull import {', '.join(sorted(cdk_pull.__all__))}", cwd=tmp_path)
