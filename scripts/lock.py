"""Writes requirements.lock, the releases of constraints.txt with the hashes of their files: `make lock`.

Hashes of releases that are locked already stay, as the files of a release do not change; only new ones are asked for.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

__all__ = ["missing", "pins", "read_lock", "written"]

ROOT: Final = Path(__file__).parents[1]
LOCK: Final = ROOT / "requirements.lock"
CONSTRAINTS: Final = ROOT / "constraints.txt"
_BLOCK: Final = re.compile(
    r"^([A-Za-z0-9][\w.-]*)==(\S+)(?: \\\n    --hash=sha256:[0-9a-f]{64})+$", re.MULTILINE
)
_OPTIONS: Final = (
    "--quiet", "--generate-hashes", "--allow-unsafe", "--no-strip-extras", "--no-header", "--no-annotate",
    "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options",
)  # fmt: skip


def pins(text: str) -> dict[str, str]:
    """Return the release of each distribution that ``constraints.txt`` pins."""
    lines = (line.partition("==") for line in text.splitlines() if "==" in line)
    return {canonicalize_name(name): release.strip() for name, _, release in lines}


def read_lock(text: str) -> dict[tuple[str, str], str]:
    """Return the lines of each distribution in a lock file, by its name and release."""
    return {(canonicalize_name(each[1]), each[2]): each[0] for each in _BLOCK.finditer(text)}


def missing(pinned: dict[str, str], locked: dict[tuple[str, str], str]) -> list[str]:
    """Return the pins that the lock file does not hold."""
    return [f"{name}=={release}" for name, release in pinned.items() if (name, release) not in locked]


def written(pinned: dict[str, str], locked: dict[tuple[str, str], str]) -> str:
    """Return the lock file of some pins, sorted by name."""
    return "\n".join(locked[name, pinned[name]] for name in sorted(pinned)) + "\n"


def main(compiler: str) -> None:
    """Ask the package index for the new releases with pip-compile, and write the file."""
    pinned = pins(CONSTRAINTS.read_text(encoding="utf-8"))
    locked = read_lock(LOCK.read_text(encoding="utf-8")) if LOCK.exists() else {}
    if new := missing(pinned, locked):
        with tempfile.TemporaryDirectory(prefix="cdk-pull-lock-") as folder:
            source, output = Path(folder) / "new.txt", Path(folder) / "new.lock"
            source.write_text("\n".join(new) + "\n", encoding="utf-8")
            command = [compiler, *_OPTIONS, "-c", str(CONSTRAINTS), "--output-file", str(output), str(source)]
            subprocess.run(command, check=True)
            locked |= read_lock(output.read_text(encoding="utf-8"))
    LOCK.write_text(written(pinned, locked), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
