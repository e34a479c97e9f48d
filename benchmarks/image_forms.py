"""One application in each form that can be built here: gzip and zstd, as first written and as advised, pulled cold.

Writes ``docs/image-forms.md``, which says how to repeat it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import geometric_mean, median
from typing import TYPE_CHECKING, Final

from benchmarks.containerd.builds import ADVISED, FIRST, built, missing_builder
from benchmarks.containerd.machine import cpu_shares, missing_requirements, processor, versions
from benchmarks.containerd.pulls import push, whole_pull, working_snapshotter
from benchmarks.containerd.servers import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.containerd.images import BenchmarkImage
    from benchmarks.containerd.machine import CpuShare

__all__ = ["main", "page"]

_SHARES: Final = (0.5, 1.0, 2.0)


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and write its page; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.image_forms", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="pulls of each, of which the median counts")
    parser.add_argument("--out", type=Path, default=Path("docs/image-forms.md"))
    options = parser.parse_args(arguments)
    if reason := missing_requirements() or missing_builder():
        print(f"the benchmark of image forms cannot run here: {reason}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="cdk-pull-forms-") as folder:
        text = _run(Path(folder), options.rounds)
    options.out.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _run(folder: Path, rounds: int) -> str:
    load = os.getloadavg()[0]
    _say("building the images")
    images, context = built(folder)
    shares = [share for share in cpu_shares(_SHARES) if not share.skipped]
    found: dict[tuple[float, str], list[float]] = {}
    with registry(folder) as address:
        for image in images:
            push(image, address)
        advice = _advice(f"{address}/first-gzip:benchmark", context)
        snapshotter = working_snapshotter(images[0], address, folder)
        for _ in range(rounds):
            for share in shares:
                for image in images:
                    _say(f"{share.vcpu:g} vCPU, {image.name}")
                    _, flushed = whole_pull(image, address, share, folder=folder, snapshotter=snapshotter)
                    found.setdefault((share.vcpu, image.name), []).append(flushed)
    known = versions()
    buildah = subprocess.run(["buildah", "--version"], check=True, capture_output=True, text=True).stdout  # noqa: S607
    about: dict[str, str] = {
        "date": datetime.now(UTC).date().isoformat(),
        "processors": processor(),
        "load average before": f"{load:.1f}",
        "snapshotter": snapshotter,
        "pulls of each": str(rounds),
        "buildah": buildah.strip(),
        **{name: known[name] for name in ("containerd", "docker-registry", "kernel") if name in known},
    }
    return page(images, {key: median(runs) for key, runs in found.items()}, shares, advice, about)


def _advice(image: str, context: Path) -> str:
    """Return what the command says of the first image, by its Dockerfile and the sizes in the registry."""
    done = subprocess.run(
        [Path(sys.executable).with_name("cdk-pull"), "inspect", image, "--dockerfile", context],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "120"},
    )
    return done.stdout[done.stdout.index("What would make it smaller") :].strip()


def page(
    images: Sequence[BenchmarkImage],
    seconds: Mapping[tuple[float, str], float],
    shares: Sequence[CpuShare],
    advice: str,
    about: Mapping[str, str],
) -> str:
    """Return the page.

    Args:
        images: in the order of the table.
        seconds: of a pull until all of it is on the disk, by vCPU and name.
        shares: of the processors.
        advice: what the command says of the first image.
        about: the machine.
    """
    rows = [
        f"| {image.name.replace('-', ', ')} | {len(image.profile.layers)} | {image.profile.compressed_bytes / 1e6:.0f} "
        f"| {(image.profile.uncompressed_bytes or 0) / 1e6:.0f} | "
        + " | ".join(f"{seconds[share.vcpu, image.name]:.1f}" for share in shares)
        + " |"
        for image in images
    ]
    return "\n".join(
        [
            _INTRODUCTION,
            "| image | layers | MB compressed | MB unpacked | "
            + " | ".join(f"s at {share.vcpu:g} vCPU" for share in shares)
            + " |",
            "|---|---:|---:|---:|" + "---:|" * len(shares),
            *rows,
            "",
            _SECONDS,
            *_against_gzip(images, seconds, shares),
            "",
            "## The Dockerfile as first written, and what is advised on it",
            "",
            f"```dockerfile\n{FIRST}```",
            "",
            f"`cdk-pull inspect IMAGE --dockerfile PATH`, with the sizes of the registry:\n\n```text\n{advice}\n```",
            "",
            f"With the advice followed, and a `.dockerignore`:\n\n```dockerfile\n{ADVISED}```",
            "",
            "## The machine",
            "",
            "| | |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in about.items()),
            "",
            _REPEAT,
        ]
    )


def _against_gzip(
    images: Sequence[BenchmarkImage], seconds: Mapping[tuple[float, str], float], shares: Sequence[CpuShare]
) -> Iterator[str]:
    """Yield a sentence for each image in zstd whose counterpart in gzip is there."""
    by_name = {image.name: image for image in images}
    for image in images:
        plain = by_name.get(image.name.replace("-zstd", "-gzip"))
        if plain is None or plain is image:
            continue
        bytes_ = image.profile.compressed_bytes / plain.profile.compressed_bytes
        times = [seconds[share.vcpu, image.name] / seconds[share.vcpu, plain.name] for share in shares]
        yield (
            f"Of the {image.name.partition('-')[0]} image, zstd has {bytes_:.2f} times the bytes of gzip, and its pulls took "
            f"{geometric_mean(times):.2f} times as long (geometric mean over the processors)."
        )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


_INTRODUCTION: Final = """\
# One application in gzip and zstd

<!-- Written by `python -m benchmarks.image_forms`; do not edit. -->

What this is: one application, a Python program with numpy and a model of 60 MB, built by buildah from two Dockerfiles,
pushed in gzip and in zstd to a registry on the same machine, and pulled from there into an empty containerd. What it is
not: a measurement of Fargate.
"""

_SECONDS: Final = """\
Seconds: from the call over the CRI until all of the image is on the disk.

No image with a SOCI index is in the table: neither the `soci` program nor its snapshotter is in Debian's, PyPI's or
npm's packages, and the benchmark downloads nothing else. An index leaves the bytes of the image as they are, and adds its
own; with it a container starts before the image is there, which this pull does not show.
"""

_REPEAT: Final = """\
## Repeat it

On Debian 12, as root, with 2 processors, 12 GB of free disk and a Debian mirror:

```console
apt-get install buildah containerd debootstrap docker-registry pigz skopeo zstd
python -m benchmarks.image_forms
```

The base is what debootstrap makes of Debian's packages. Each pull is cold: a new containerd with empty folders, and the
kernel's caches dropped; the median of the rounds counts. Nothing else on the machine should be busy meanwhile.
"""


if __name__ == "__main__":
    sys.exit(main())
