"""The start of a task with and without a pre-pull: real Docker, a registry, and the user data as it is.

Writes ``docs/pre-pull-benchmark.md``, which says what it is.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.containerd.images import BenchmarkImage, runnable_images
from benchmarks.containerd.instance import Instance, missing_docker
from benchmarks.containerd.machine import drop_caches, processor
from benchmarks.containerd.pulls import push
from benchmarks.containerd.servers import registry
from cdk_pull.agent.pre_pull import PrePull

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Start", "main", "page"]

_SIZES = {"small": 60_000_000, "medium": 200_000_000, "large": 500_000_000}
_QUICK = {"small": 10_000_000}
_WITHIN = 300

# What the agent does for a task: it pulls unless prefer-cached finds the image, and creates and starts the container.
_TASK = """
systemctl start docker
now() {{ date +%s.%N; }}
began=$(now)
docker image inspect {image} >/dev/null 2>&1 || docker pull -q {image} >/dev/null
id=$(docker create --network none {image}) && docker start $id >/dev/null && [ "$(docker wait $id)" = 0 ] \\
&& echo "task $began $(now)"
"""
_TIMED = '#!/bin/bash\nsystemctl start docker\necho "began $(date +%s.%N)"\n{commands}echo "ended $(date +%s.%N)"\n'


@dataclass(frozen=True, slots=True)
class Start:
    """The seconds of one boot and the first task after it.

    Attributes:
        boot: of the pre-pull in the user data.
        task: from the task's arrival until its container has started and ended.
    """

    boot: float
    task: float


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and write its page; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pre_pull", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small image, once")
    parser.add_argument(
        "--rounds", type=int, default=3, help="boots of each kind, of which the median counts"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/pre-pull-benchmark.md"))
    options = parser.parse_args(arguments)
    reason = missing_docker() or ("" if platform.machine() == "x86_64" else "the images run on x86-64 alone")
    if reason:
        print(f"the pre-pull benchmark cannot run here: {reason}", file=sys.stderr)
        return 1
    rounds = 1 if options.quick else options.rounds
    with tempfile.TemporaryDirectory(prefix="pull") as folder:
        text = _run(Path(folder), _QUICK if options.quick else _SIZES, rounds)
    options.out.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _run(folder: Path, sizes: dict[str, int], rounds: int) -> str:
    load = os.getloadavg()[0]
    images = runnable_images(sizes, folder)
    found: dict[str, list[tuple[Start, Start]]] = {}
    with registry(folder) as address:
        for image in images:
            push(image, address)
        for number in range(rounds):
            for image in images:
                print(f"round {number + 1}, {image.name}", file=sys.stderr, flush=True)
                both = [
                    _start(folder, f"{address}/{image.name}:benchmark", pre_pulls=each)
                    for each in (False, True)
                ]
                found.setdefault(image.name, []).append((both[0], both[1]))
    medians = {
        name: (
            Start(median(one.boot for one, _ in runs), median(one.task for one, _ in runs)),
            Start(median(other.boot for _, other in runs), median(other.task for _, other in runs)),
        )
        for name, runs in found.items()
    }
    docker = subprocess.run(["dockerd", "--version"], check=True, capture_output=True, text=True).stdout  # noqa: S607 - Debian's own
    about = {
        "date": datetime.now(UTC).date().isoformat(),
        "processors": processor(),
        "load average before": f"{load:.1f}",
        "boots of each kind": str(rounds),
        "Docker": docker.strip(),
        "kernel": platform.release(),
    }
    return page(images, medians, about)


def _start(folder: Path, image: str, *, pre_pulls: bool) -> Start:
    """Return the seconds of a new instance and its first task."""
    commands = PrePull(images=(image,), within_seconds=_WITHIN).linux() if pre_pulls else ""
    with tempfile.TemporaryDirectory(prefix="i", dir=folder) as own:
        instance = Instance.at(Path(own))
        drop_caches()
        run = instance.boot(_TIMED.format(commands=commands), _TASK.format(image=image))
    words = {line.split()[0]: line.split()[1:] for line in run.stdout.splitlines() if line}
    if not {"began", "ended", "task"} <= words.keys():
        raise RuntimeError(f"the task did not start: {run.stdout}{run.stderr}")
    task = [float(each) for each in words["task"]]
    return Start(float(words["ended"][0]) - float(words["began"][0]), task[1] - task[0])


def page(
    images: Sequence[BenchmarkImage], medians: Mapping[str, tuple[Start, Start]], about: Mapping[str, str]
) -> str:
    """Return the page."""
    rows = [
        f"| {image.profile.compressed_bytes / 1e6:.0f} MB | {(image.profile.uncompressed_bytes or 0) / 1e6:.0f} MB "
        f"| {without.task:.1f} s | {pulled.task:.1f} s | {pulled.boot:.1f} s |"
        for image in images
        for without, pulled in [medians[image.name]]
    ]
    facts = [f"| {name} | {value} |" for name, value in about.items()]
    return "\n".join(
        [
            _INTRODUCTION,
            "| image | unpacked | first task without pre-pull | first task with | the boot takes longer by |",
            "|---:|---:|---:|---:|---:|",
            *rows,
            "",
            _MEANING,
            "| | |",
            "|---|---|",
            *facts,
            "",
            _REPEAT,
        ]
    )


_INTRODUCTION = """\
# The first task, with and without a pre-pull

<!-- Written by `make bench-pre-pull`; do not edit. -->

What this is: one machine with Docker and a registry on it. A new instance, without any image, boots with the user data
that `PrePulledImages` writes, or without it. Then its first task arrives. What it is not: a measurement of Amazon EC2 and
Amazon ECR, whose network and disks are others. It shows which part of a start a pre-pull moves, and where to.
"""

_MEANING = """\
The first task's time goes from its arrival until its container has run and ended; the container itself does nothing. The
pull does not vanish: the instance takes its first task later by the last column. It pays where the task comes after the
boot, such as a deployment, a replaced task, a warm pool, or a group with a reserve of instances. Where the instance is
launched for a task that waits, the wait stays the same.

## The machine
"""

_REPEAT = """\
## Repeat it

On Debian 12 on x86-64, as root:

```console
apt-get install apache2-utils docker.io docker-registry skopeo zstd
make bench-pre-pull
```

Each boot is a new instance: mounts and processes of its own, an empty Docker, and the kernel's caches dropped before. The
median of the rounds counts. systemd alone is a stand-in, which starts dockerd.
"""

if __name__ == "__main__":
    sys.exit(main())
