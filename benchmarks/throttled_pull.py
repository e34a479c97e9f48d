"""Cold pulls with containerd at task sizes: processor time by cgroup, storage at the 75 MiB/s of a small task.

Gzip against zstd, one large layer against many small ones. Writes ``docs/throttled-pull.md``, which says what it is.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.containerd.images import BenchmarkImage, split_images
from benchmarks.containerd.machine import cpu_shares, missing_requirements, processor, versions
from benchmarks.containerd.pulls import push, whole_pull, working_snapshotter
from benchmarks.containerd.servers import registry
from benchmarks.containerd.storage import missing_storage, throttled_disk
from cdk_pull.fargate.estimate.start_model import load_start_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.containerd.machine import CpuShare

__all__ = ["Setting", "main", "page", "slopes"]

_SHARES = (0.25, 0.5, 1.0, 2.0)
_RATE = 75 * 2**20
_MANY = 24
_DISK = 6 * 2**30


@dataclass(frozen=True, slots=True)
class Setting:
    """What is pulled with how much processor: one cell of the table.

    Attributes:
        vcpu: of containerd and its client.
        image: name of the image, such as ``one-gzip``.
    """

    vcpu: float
    image: str


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and write its page; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throttled_pull", description=__doc__)
    parser.add_argument("--size", type=int, default=200_000_000, help="bytes of each image, unpacked")
    parser.add_argument(
        "--rounds", type=int, default=2, help="pulls of each setting, of which the median counts"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/throttled-pull.md"))
    options = parser.parse_args(arguments)
    if reason := missing_requirements() or missing_storage():
        print(f"the throttled benchmark cannot run here: {reason}", file=sys.stderr)
        return 1
    shares = cpu_shares(_SHARES)
    with tempfile.TemporaryDirectory(prefix="cdk-pull-throttled-") as folder:
        text = _run(Path(folder), options.size, options.rounds, shares)
    options.out.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _run(folder: Path, size: int, rounds: int, shares: Sequence[CpuShare]) -> str:
    load = os.getloadavg()[0]
    images = split_images(size, folder, {"one": 1, "many": _MANY})
    found: dict[Setting, list[tuple[float, float]]] = {}
    with registry(folder) as address:
        for image in images:
            push(image, address)
        snapshotter = working_snapshotter(images[0], address, folder)
        with throttled_disk(folder, bytes_per_second=_RATE, size_bytes=_DISK) as disk:
            for _ in range(rounds):
                for share in shares:
                    if share.skipped:
                        continue
                    for image in images:
                        print(f"{share.vcpu:g} vCPU, {image.name}", file=sys.stderr, flush=True)
                        seconds = whole_pull(image, address, share, folder=disk, snapshotter=snapshotter)
                        found.setdefault(Setting(share.vcpu, image.name), []).append(seconds)
    medians = {
        setting: (median(pull for pull, _ in runs), median(flushed for _, flushed in runs))
        for setting, runs in found.items()
    }
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "processors": processor(),
        "load average before": f"{load:.1f}",
        "snapshotter": snapshotter,
        "pulls of each": str(rounds),
        **{name: version for name, version in versions().items() if name in {"containerd", "kernel"}},
    }
    return page(images, medians, about, [share for share in shares if share.skipped])


def slopes(medians: Mapping[Setting, tuple[float, float]], image: str) -> dict[float, float]:
    """Return how much faster a pull of an image is with more vCPU below 1, as a power of the vCPU.

    0 is no difference, 1 a pull that takes half the time on twice the vCPU.
    """
    whole = medians.get(Setting(1.0, image))
    if whole is None:
        return {}
    return {
        vcpu: math.log(medians[Setting(vcpu, image)][1] / whole[1]) / math.log(1 / vcpu)
        for vcpu in (0.25, 0.5)
        if Setting(vcpu, image) in medians
    }


def page(
    images: Sequence[BenchmarkImage],
    medians: Mapping[Setting, tuple[float, float]],
    about: Mapping[str, str],
    skipped: Sequence[CpuShare],
) -> str:
    """Return the page."""
    names = [image.name for image in images]
    vcpus = sorted({setting.vcpu for setting in medians})
    rows = [
        f"| {vcpu:g} | " + " | ".join(_cell(medians.get(Setting(vcpu, name))) for name in names) + " |"
        for vcpu in vcpus
    ]
    exponents = [
        f"| {name} | " + " | ".join(f"{value:.2f}" for value in slopes(medians, name).values()) + " |"
        for name in names
    ]
    sizes = [
        f"| {image.name} | {len(image.profile.layers)} | {image.profile.compressed_bytes / 1e6:.0f} MB "
        f"| {(image.profile.uncompressed_bytes or 0) / 1e6:.0f} MB |"
        for image in images
    ]
    facts = [f"| {name} | {value} |" for name, value in about.items()]
    missing = [f"{share.vcpu:g} vCPU is left out: {share.skipped}." for share in skipped]
    prior = load_start_model().small_task_exponent
    return "\n".join(
        [
            _INTRODUCTION,
            "| vCPU | " + " | ".join(names) + " |",
            "|---:|" + "---:|" * len(names),
            *rows,
            "",
            "Seconds: until containerd says that the image is there, and in brackets until all of it is on the disk.",
            *missing,
            "",
            "## The slope below 1 vCPU",
            "",
            (
                "The time until all is on the disk, as a power of the vCPU: 0 is no difference between sizes, 1 a pull that "
                f"takes half the time on twice the vCPU. The start-up estimate takes {prior:g} for the storage throughput, and "
                "1 for the decoder, of which the slower counts."
            ),
            "",
            "| image | 0.25 against 1 vCPU | 0.5 against 1 vCPU |",
            "|---|---:|---:|",
            *exponents,
            "",
            "## The images",
            "",
            "| image | layers | compressed | unpacked |",
            "|---|---:|---:|---:|",
            *sizes,
            "",
            "## The machine",
            "",
            "| | |",
            "|---|---|",
            *facts,
            "",
            _REPEAT,
        ]
    )


def _cell(seconds: tuple[float, float] | None) -> str:
    return "-" if seconds is None else f"{seconds[0]:.1f} ({seconds[1]:.1f})"


_INTRODUCTION = """\
# Pulls at the sizes of small tasks

<!-- Written by `make bench-throttled`; do not edit. -->

What this is: containerd on one machine, with its processor time limited by a cgroup to 0.25, 0.5, 1 and 2 vCPU, and its
disk to 75 MiB/s, AWS's figure for a task of 2 vCPU, at every size; the registry is on the same machine. What it is not:
a measurement of Fargate, whose processors, decoder and network are others, and which publishes no storage throughput
below 2 vCPU. It shows how one runtime behaves when these two things alone are scarce.
"""

_REPEAT = """\
## Repeat it

On Debian 12, as root, with 2 processors, cgroups of version 1 and 8 GB of free disk:

```console
apt-get install containerd docker-registry skopeo pigz zstd
make bench-throttled
```

The disk is a file as a loop device, whose throughput the block I/O cgroup limits. Each pull is one over the CRI into an
empty containerd after the kernel's caches were dropped; the median of the rounds counts. Other work on the machine is
held off the processors by weight, not by exclusion.
"""

if __name__ == "__main__":
    sys.exit(main())
