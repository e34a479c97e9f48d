from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import cdk_pull
from scripts.build_wheel import build

ROOT = Path(__file__).parents[1]
EPOCH = 1_790_000_000
CONSTRUCTS = sorted(name for name, home in cdk_pull._HOMES.items() if home.startswith("cdk_pull.cdk"))
SOURCES = (
    "setup.py",
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "constraints.txt",
)
TEMPLATE = """\
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties: {RequiresCompatibilities: [FARGATE], Cpu: 256, Memory: 8192}
"""


def _run(*command: str | Path, cwd: Path, status: int = 0) -> str:
    """Run a command away from the checkout, so that only what is installed can be imported; return what it prints."""
    run = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert run.returncode == status, run.stdout
    return run.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution, and the wheel from that, from a copy of the sources."""
    folder = tmp_path_factory.mktemp("dist")
    build(folder, epoch=EPOCH)
    return folder


def _installed(dist: Path, name: str, extra: str = "") -> Path:
    """Install the wheel into an empty environment and return its interpreter."""
    wheel = next(dist.glob("*.whl"))
    _run(sys.executable, "-m", "venv", dist / name, cwd=dist)
    python = dist / name / "bin" / "python"
    _run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", f"{wheel}{extra}", cwd=dist)
    return python


@pytest.fixture(scope="module")
def python(dist: Path) -> Path:
    """Return the interpreter of an environment with the wheel alone."""
    return _installed(dist, "alone")


@pytest.fixture(scope="module")
def python_with_cdk(dist: Path) -> Path:
    """Return the interpreter of an environment with the wheel and what its extra ``cdk`` asks for.

    Its 400 MB are not installed again: each distribution that the wheel's metadata asks for, directly or not, and no
    other, is linked from the environment of the tests, which has it at the release of the constraints.
    """
    environment = dist / "with-cdk"
    _run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=dist)
    python = environment / "bin" / "python"
    wheel = next(dist.glob("*.whl"))
    _run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", wheel, cwd=dist)
    packages = next((environment / "lib").glob("python*")) / "site-packages"
    (installed,) = metadata.distributions(name="cdk-pull", path=[str(packages)])
    for distribution in _closure(installed, {"", "cdk"}):
        for root in {file.parts[0] for file in distribution.files or [] if file.parts[0] != ".."}:
            if not (packages / root).exists():
                (packages / root).symlink_to(Path(str(distribution.locate_file(root))))
    return python


def _closure(
    distribution: metadata.Distribution,
    extras: set[str],
    found: dict[str, metadata.Distribution] | None = None,
) -> list[metadata.Distribution]:
    """Return the distributions that one needs with these of its extras, directly or not."""
    found = {} if found is None else found
    for requirement in map(Requirement, distribution.requires or []):
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in extras):
            continue
        if requirement.name not in found:
            found[requirement.name] = metadata.distribution(requirement.name)
            _closure(found[requirement.name], {"", *requirement.extras}, found)
    return list(found.values())


def _package_files() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "cdk_pull").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_package_and_nothing_else(dist: Path) -> None:
    """The wheel has every file of the package, data included, and no other folder than its metadata."""
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == _package_files()


def test_the_source_distribution_holds_what_a_build_needs(dist: Path) -> None:
    """The source distribution has every file of the package and all that the wheel is built from."""
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {*_package_files(), *SOURCES} <= names


def test_the_wheel_has_the_same_bytes_each_time(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another day, time zone, locale, hash seed and umask change nothing in the wheel."""
    for name, value in {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7"}.items():
        monkeypatch.setenv(name, value)
    mask = os.umask(0o077)
    try:
        again = build(tmp_path, epoch=EPOCH)
    finally:
        os.umask(mask)
    first = next(dist.glob("*.whl"))
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(first.read_bytes()).digest()


def test_the_command_line_works_where_the_wheel_is_installed(python: Path, tmp_path: Path) -> None:
    """In an environment with the wheel alone, `cdk-pull` checks a template."""
    (tmp_path / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    assert "PULL201" in _run(python.parent / "cdk-pull", "check", "template.yaml", cwd=tmp_path, status=1)


def test_the_test_helper_works_where_the_wheel_is_installed(python: Path, tmp_path: Path) -> None:
    """In an environment with the wheel alone, every public name but the constructs can be imported from there."""
    names = ", ".join(sorted({*cdk_pull.__all__} - {*CONSTRUCTS}))
    home = _run(
        python, "-c", f"import cdk_pull; from cdk_pull import {names}; print(cdk_pull.__file__)", cwd=tmp_path
    )
    assert Path(home.strip()).is_relative_to(python.parents[1])


def test_the_wheel_alone_brings_nothing_of_cdk(python: Path, tmp_path: Path) -> None:
    """The wheel's own dependencies are none of CDK's, and small; a construct says what to install."""
    packages = next((python.parents[1] / "lib").glob("python*")) / "site-packages"
    assert [path.name for path in packages.iterdir() if path.name in {"aws_cdk", "constructs", "jsii"}] == []
    brought = [
        path
        for path in packages.rglob("*")
        if path.is_file() and path.relative_to(packages).parts[0] != "pip"
    ]
    assert sum(path.stat().st_size for path in brought) < 70_000_000
    said = _run(python, "-c", "from cdk_pull import FargateTask", cwd=tmp_path, status=1).splitlines()[-1]
    assert said.endswith(
        "A construct or mixin of cdk-pull requires aws-cdk-lib, constructs and jsii: aws-cdk-lib is not installed. "
        'Run: pip install "cdk-pull[cdk]"'
    )


def test_the_constructs_work_where_the_extra_is_installed(python_with_cdk: Path, tmp_path: Path) -> None:
    """In an environment with the wheel and its extra ``cdk``, every public name can be imported."""
    _run(python_with_cdk, "-c", f"from cdk_pull import {', '.join(sorted(cdk_pull.__all__))}", cwd=tmp_path)
