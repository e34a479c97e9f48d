"""What must hold of every committed file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
# The hosts are spelled with a bracket so that this file does not find itself.
REGISTRIES = re.compile(r"registry[.]npmjs|registry[.]yarnpkg|pypi[.]org/simple|files[.]pythonhosted")
REGISTRY_SETTINGS = re.compile(r'"resolved": *"https?[:]//|--(extra-)?index[-]url|^registry *[=]')

in_a_checkout = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="no git checkout to list the files of"
)


def _tracked() -> list[Path]:
    """Return every file that git tracks and that is still there."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def _lines_with(*patterns: re.Pattern[str]) -> list[str]:
    """Return place and text of every committed line in which a pattern is found."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in _tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if any(pattern.search(line) for pattern in patterns)
    ]


@in_a_checkout
def test_no_file_names_a_package_registry() -> None:
    """Packages come from wherever the machine's pip and npm are told to look: no file says where."""
    assert _lines_with(REGISTRIES, REGISTRY_SETTINGS) == []


@in_a_checkout
def test_no_file_names_the_checkout() -> None:
    """No committed file carries the path of the folder that it was written in."""
    assert _lines_with(re.compile(re.escape(str(ROOT)) + r"\b")) == []


@in_a_checkout
def test_python_files_stay_small() -> None:
    """No Python file is longer than 500 lines."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in _tracked()
        if path.suffix == ".py"
    }
    assert {name: length for name, length in lengths.items() if length > 500} == {}


def test_the_lock_file_holds_every_package_by_its_content() -> None:
    """Every package of the npm lock file has its integrity, since no address is written there."""
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_the_constraints_are_complete() -> None:
    """Each distribution that development needs, directly or not, is pinned at the version installed here."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    pinned = {canonicalize_name(name): release for name, release in pinned.items()}
    needed = _needed("cdk-pull", {"", "dev"})
    assert {name: pinned.get(name) for name in needed} == {name: version(name) for name in needed}


def _needed(distribution: str, extras: set[str], found: set[tuple[str, str]] | None = None) -> set[str]:
    """Return the names of all distributions that one needs, with these of its extras."""
    found = set() if found is None else found
    for text in requires(distribution) or []:
        requirement = Requirement(text)
        applies = any(
            requirement.marker is None or requirement.marker.evaluate({"extra": extra}) for extra in extras
        )
        name = canonicalize_name(requirement.name)
        wanted = {(name, extra) for extra in {"", *requirement.extras}}
        if applies and not wanted <= found:
            found |= wanted
            _needed(name, {"", *requirement.extras}, found)
    return {name for name, _ in found}


def test_the_index_lists_every_decision() -> None:
    """The index of docs/adr links each page there, in order."""
    folder = ROOT / "docs" / "adr"
    linked = re.findall(r"^\| \[\d{4}\]\(([^)]+)\)", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    assert linked == sorted(path.name for path in folder.glob("0*.md"))


def test_the_map_of_packages_is_complete() -> None:
    """CONTRIBUTING has one line for each package of the first level and for those of the rules."""
    table = (
        (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## The packages")[2].partition("\n## ")[0]
    )
    rows = {
        name
        for cell in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", cell)
    }
    package = ROOT / "cdk_pull"
    folders = {path.parent.relative_to(package).as_posix() for path in package.glob("*/__init__.py")}
    folders |= {path.parent.relative_to(package).as_posix() for path in package.glob("rules/*/__init__.py")}
    assert folders - {"rules"} <= rows
    assert {
        name for name in rows if not (package / name).is_dir() and not (package / f"{name}.py").is_file()
    } == set()


def test_every_changelog_fragment_is_rendered() -> None:
    """Towncrier renders each fragment of changelog.d, which is one line."""
    texts = {path.name: path.read_text("utf-8").strip() for path in (ROOT / "changelog.d").glob("*.md")}
    assert {name for name, text in texts.items() if "\n" in text or not text} == set()
    run = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "0.0.0"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert {name for name, text in texts.items() if f"- {text}\n" not in run.stdout} == set()
