"""What the benchmark asks of the machine: programs, privilege, a share of the processors, cold caches."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "CpuShare",
    "cpu_shares",
    "drop_caches",
    "limited",
    "missing_requirements",
    "processor",
    "versions",
]

_PROGRAMS = {
    "containerd": ("containerd", ["--version"]),
    "ctr": ("containerd", []),
    "docker-registry": ("docker-registry", ["--version"]),
    "skopeo": ("skopeo", ["--version"]),
    "unpigz": ("pigz", ["--version"]),
    "zstd": ("zstd", ["--version"]),
    "taskset": ("util-linux", ["--version"]),
}
"""Program: its Debian package, and how it tells its version."""

_CGROUPS = Path("/sys/fs/cgroup")
_PERIOD_US = 100_000
_MINIMUM_PROCESSORS = 2


@dataclass(frozen=True, slots=True)
class CpuShare:
    """How much processor containerd and its client get.

    Attributes:
        vcpu: 0.25, 0.5, 1 or 2.
        skipped: why this machine cannot grant it, or empty.
    """

    vcpu: float
    skipped: str = ""

    @property
    def cpu_units(self) -> int:
        """The share in ECS's units, 1024 to a vCPU."""
        return round(self.vcpu * 1024)

    @property
    def processors(self) -> str:
        """The processors for ``taskset``: the first alone up to 1 vCPU, so that the registry has another one."""
        return "0" if self.vcpu <= 1 else f"0-{round(self.vcpu) - 1}"


def missing_requirements() -> str:
    """Return why the benchmark cannot run here, or an empty text."""
    if os.name != "posix" or os.geteuid() != 0:
        return "containerd mounts snapshots, which needs root"
    missing = sorted({package for name, (package, _) in _PROGRAMS.items() if shutil.which(name) is None})
    if missing:
        return f"not installed: apt-get install {' '.join(missing)}"
    processors = os.cpu_count() or 1
    if processors < _MINIMUM_PROCESSORS:
        return f"{processors} processor, where containerd and the registry need {_MINIMUM_PROCESSORS}"
    return ""


def cpu_shares(wanted: Sequence[float]) -> list[CpuShare]:
    """Return a share for each number of vCPU; fractions need a writable cgroup hierarchy."""
    processors = os.cpu_count() or 1
    reason = "" if _cpu_hierarchy() else "no writable cgroup hierarchy with the cpu controller"
    return [
        CpuShare(
            vcpu,
            reason if vcpu < 1 else f"the machine has {processors} processors" if vcpu > processors else "",
        )
        for vcpu in wanted
    ]


def _cpu_hierarchy() -> Path | None:
    """Return the folder below which a group limits processor time: of version 1, or the one of version 2."""
    version_1 = _CGROUPS / "cpu"
    if os.access(version_1 / "cpu.cfs_quota_us", os.W_OK) or os.access(version_1 / "cgroup.procs", os.W_OK):
        return version_1
    control = _CGROUPS / "cgroup.subtree_control"
    if os.access(control, os.W_OK) and "cpu" in control.read_text(encoding="ascii").split():
        return _CGROUPS
    return None


@contextmanager
def limited(share: CpuShare) -> Iterator[list[str]]:
    """Yield the words to put before a command so that it and its children keep to the share.

    A weight of ten times the usual keeps other work on the machine from being measured.
    """
    taskset = ["taskset", "--cpu-list", share.processors]
    hierarchy = _cpu_hierarchy()
    if hierarchy is None:
        yield taskset
        return
    group = hierarchy / f"pull-benchmark-{os.getpid()}"
    group.mkdir()
    try:
        quota = round(share.vcpu * _PERIOD_US) if share.vcpu < 1 else None
        if hierarchy.name == "cpu":
            _write(group / "cpu.shares", "10240")
            _write(group / "cpu.cfs_period_us", str(_PERIOD_US))
            _write(group / "cpu.cfs_quota_us", str(quota or -1))
        else:
            _write(group / "cpu.weight", "1000")
            _write(group / "cpu.max", f"{quota or 'max'} {_PERIOD_US}")
        yield ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs"), *taskset]
    finally:
        group.rmdir()


def _write(path: Path, value: str) -> None:
    path.write_text(value, encoding="ascii")


def drop_caches() -> bool:
    """Write back what is dirty and forget what is cached; return whether the machine permits it."""
    os.sync()
    try:
        _write(Path("/proc/sys/vm/drop_caches"), "3")
    except OSError:
        return False
    return True


def versions() -> dict[str, str]:
    """Return each program's version, as the program tells it."""
    found = {}
    for name, (_, arguments) in _PROGRAMS.items():
        if arguments:
            done = subprocess.run([name, *arguments], check=False, capture_output=True, text=True)
            lines = (done.stdout + done.stderr).strip().splitlines()
            found[name] = lines[0].strip("* ") if lines else "unknown"
    return {**found, "kernel": platform.release(), "Python": platform.python_version()}


def processor() -> str:
    """Return the processors' number and model, and the memory."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} x {models[0] if models else platform.machine()}, {memory:.0f} GiB of memory"
