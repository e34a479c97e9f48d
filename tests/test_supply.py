"""What is installed and run comes by its content, not by its name alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from scripts.licenses import license_of, table
from scripts.lock import missing, pins, read_lock, written

ROOT = Path(__file__).parents[1]
_PINNED = re.compile(r"[\w.-]+(?:/[\w.-]+)+@[0-9a-f]{40}")
_REQUIREMENT = re.compile(
    r"^([A-Za-z0-9][\w.-]*)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE
)
# Licences under which a distribution may be used by, and beside, a package under Apache-2.0.
_PERMISSIVE = re.compile(r"MIT|Apache|BSD|PSF|Python Software Foundation|Mozilla Public License 2.0|ISC|Zlib")


def _lock() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_every_python_package_is_pinned_by_its_content() -> None:
    """The lock file holds the releases of constraints.txt, each with hashes, and nothing else; `make lock` writes it."""
    pinned, locked = pins((ROOT / "constraints.txt").read_text(encoding="utf-8")), read_lock(_lock())
    assert missing(pinned, locked) == [], "run make lock"
    assert written(pinned, locked) == _lock()


def test_another_package_of_the_same_name_is_refused(tmp_path: Path) -> None:
    """Pip does not install a package whose release is right and whose bytes are not."""
    (line,) = (part for part in _REQUIREMENT.finditer(_lock()) if part[1] == "idna")
    (tmp_path / "one.txt").write_text(line[0])
    with zipfile.ZipFile(tmp_path / f"idna-{line[2]}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("idna.py", "")
    options = ["--dry-run", "--no-index", "--ignore-installed", "--find-links", ".", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "install", *options, "-r", "one.txt"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode != 0
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr


@pytest.mark.parametrize(
    "path",
    [ROOT / "action.yml", *sorted((ROOT / "examples" / "ci").glob("*.yml"))],
    ids=lambda path: path.name,
)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    """Each action of somebody else's is named by a commit, with its release beside it."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    jobs = workflow["jobs"].values() if "jobs" in workflow else [workflow["runs"]]
    used = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    others = [each for each in used if each != "owner/cdk-pull@v1"]
    assert others
    assert [each for each in others if not _PINNED.fullmatch(each)] == []
    for line in path.read_text(encoding="utf-8").splitlines():
        if "uses:" in line and "owner/cdk-pull" not in line:
            assert re.search(r"  # v\d+\.\d+\.\d+$", line), line


def test_the_security_policy_says_how_to_report() -> None:
    """SECURITY.md names a private way, what counts, and what to expect."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for part in ("Report a vulnerability", "What counts", "within five working days"):
        assert part in text


def test_every_licence_is_known_and_permissive() -> None:
    """What users install may be used beside Apache-2.0."""
    assert [row for row in table() if not _PERMISSIVE.search(row[2])] == []
    assert license_of("click") == "BSD-3-Clause"
