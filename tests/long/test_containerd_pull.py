from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks import containerd_pull
from benchmarks.containerd.machine import cpu_shares, missing_requirements

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(missing_requirements()), reason=missing_requirements() or "it can run"),
]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a path short enough for containerd's sockets, in place of the system's temporary one."""
    with tempfile.TemporaryDirectory(prefix="pull") as path:
        monkeypatch.setattr(tempfile, "tempdir", path)
        yield Path(path)


def test_quick_run_pulls_every_image_at_every_share_and_leaves_nothing_behind(folder: Path) -> None:
    """A quick run has one row for each image and share, and leaves no process, mount or folder behind."""
    out = folder / "page.md"

    status = containerd_pull.main(["--quick", "--out", str(out)])

    rows = re.findall(
        r"^\| ([0-9.]+) \| (small-\w+) \|.*\| (?:yes|NO) \|$", out.read_text("utf-8"), re.MULTILINE
    )
    shares = [share for share in cpu_shares((0.5, 1.0)) if not share.skipped]
    assert (status, rows) == (
        0,
        [(f"{share.vcpu:g}", image) for share in shares for image in ("small-gzip", "small-zstd")],
    )
    assert [path.name for path in folder.iterdir()] == ["page.md"]
    assert str(folder) not in Path("/proc/self/mounts").read_text("utf-8")
    assert not [line for line in _command_lines() if str(folder) in line and "containerd" in line]


def _command_lines() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
