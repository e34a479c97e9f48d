"""A disk of its own with a limited throughput: a file as a loop device, held to a rate by the block I/O cgroup."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["missing_storage", "throttled_disk"]

_THROTTLE = Path("/sys/fs/cgroup/blkio")
"""Of cgroup version 1, whose root group holds back what the kernel writes later, too; version 2 has no such group."""


def missing_storage() -> str:
    """Return why a throttled disk cannot be had here, or an empty text."""
    if not os.access(_THROTTLE / "blkio.throttle.write_bps_device", os.W_OK):
        return "no writable block I/O cgroup of version 1, so storage cannot be throttled"
    missing = [name for name in ("losetup", "mkfs.ext4", "mount") if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    done = subprocess.run(["losetup", "--find"], check=False, capture_output=True)  # noqa: S607 - Debian's own
    return "" if done.returncode == 0 else "no loop device"


@contextmanager
def throttled_disk(folder: Path, *, bytes_per_second: int, size_bytes: int) -> Iterator[Path]:
    """Yield the mount point of a new file system that reads and writes no faster; it is gone afterwards."""
    image, mount = folder / "disk.img", folder / "disk"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(size_bytes)
    _run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
    device = _run("losetup", "--find", "--show", str(image)).strip()
    try:
        number = _number(device)
        _run("mount", "-o", "noatime", device, str(mount))
        try:
            for what in ("read", "write"):
                _limit(what, number, bytes_per_second)
            yield mount
        finally:
            for what in ("read", "write"):
                _limit(what, number, 0)
            _run("umount", str(mount))
    finally:
        _run("losetup", "--detach", device)
        image.unlink()


def _number(device: str) -> str:
    status = Path(device).stat()
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"


def _limit(what: str, number: str, rate: int) -> None:
    path = _THROTTLE / f"blkio.throttle.{what}_bps_device"
    path.write_text(f"{number} {rate}", encoding="ascii")


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
