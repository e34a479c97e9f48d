"""Builds the source distribution, and from it the wheel, with the same bytes each time: `make wheel`.

What a build takes from its surroundings is fixed: the time of each file (the commit's, or ``SOURCE_DATE_EPOCH``),
their permissions, the umask, and the releases of the build tools (`constraints.txt`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["build"]

ROOT: Final = Path(__file__).parents[1]
_BESIDE: Final = (
    "CHANGELOG.md",
    "LICENSE",
    "MANIFEST.in",
    "README.md",
    "constraints.txt",
    "pyproject.toml",
    "setup.py",
)
_FILE_MODE: Final = 0o644
_UMASK: Final = 0o022


def build(folder: Path, *, epoch: int | None = None) -> Path:
    """Build both of this checkout into a folder and return the wheel.

    Args:
        folder: where to.
        epoch: the time of each file in the wheel, in seconds since 1970; by default ``SOURCE_DATE_EPOCH``, then the
            time of the last commit.
    """
    before = set(folder.glob("*.whl"))
    with tempfile.TemporaryDirectory(prefix="cdk-pull-wheel-") as name:
        source = Path(name) / "source"
        for path in _files():
            copy = source / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / path, copy)
            copy.chmod(_FILE_MODE)
        environment = {
            **os.environ,
            "SOURCE_DATE_EPOCH": str(_epoch() if epoch is None else epoch),
            "PIP_CONSTRAINT": str(ROOT / "constraints.txt"),
        }
        command = [sys.executable, "-m", "build", "--outdir", str(folder), str(source)]
        subprocess.run(command, check=True, env=environment, umask=_UMASK, stdout=subprocess.DEVNULL)
    (wheel,) = set(folder.glob("*.whl")) - before
    return wheel


def _files() -> list[str]:
    """Return what goes into the wheel, as git knows it; everything but caches where there is no git."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--", "cdk_pull", *_BESIDE],  # noqa: S607 - git is found where it is
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())
    package = [path for path in (ROOT / "cdk_pull").rglob("*") if path.is_file()]
    names = [path.relative_to(ROOT).as_posix() for path in package if "__pycache__" not in path.parts]
    return sorted([*names, *_BESIDE])


def _epoch() -> int:
    if stated := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(stated)
    command = ["git", "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    target = ROOT / "dist"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    build(target)
    print(*sorted(path.relative_to(ROOT) for path in target.iterdir()), sep="\n")
