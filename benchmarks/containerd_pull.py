"""Real cold pulls with containerd, against the start-up estimate for this machine's rates.

Writes ``docs/pull-benchmark.md``, which says how to repeat it; ``--quick`` is a small run that ends in seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.containerd.images import build_images
from benchmarks.containerd.machine import (
    CpuShare,
    cpu_shares,
    drop_caches,
    missing_requirements,
    processor,
    versions,
)
from benchmarks.containerd.pulls import cold_pull, push, working_snapshotter
from benchmarks.containerd.rates import measure_rates
from benchmarks.containerd.report import Machine, page
from benchmarks.containerd.servers import registry

__all__ = ["main"]

_SIZES = {"small": 60_000_000, "medium": 200_000_000, "large": 500_000_000}
_QUICK_SIZES = {"small": 30_000_000}
_SHARES = (0.25, 0.5, 1.0, 2.0)
_QUICK_SHARES = (0.5, 1.0)
_MOST_BYTES_PER_VCPU = 600_000_000
"""Bounds the run: what would take longer than the largest image with one processor is not pulled."""


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and write its page; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.containerd_pull", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small image, 0.5 and 1 vCPU")
    parser.add_argument("--out", type=Path, default=Path("docs/pull-benchmark.md"))
    options = parser.parse_args(arguments)
    if reason := missing_requirements():
        print(f"the containerd benchmark cannot run here: {reason}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="cdk-pull-benchmark-") as folder:
        text = _run(
            Path(folder),
            _QUICK_SIZES if options.quick else _SIZES,
            cpu_shares(_QUICK_SHARES if options.quick else _SHARES),
        )
    options.out.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _run(folder: Path, sizes: dict[str, int], shares: list[CpuShare]) -> str:
    load = os.getloadavg()[0]
    _say("making the images")
    images = build_images(sizes, folder)
    with registry(folder) as address:
        for image in images:
            push(image, address)
        snapshotter = working_snapshotter(images[0], address, folder)
        before = measure_rates(images, address, folder)
        pulls = []
        for share in shares:
            for image in images:
                size = image.profile.uncompressed_bytes or 0
                if share.skipped or size > _MOST_BYTES_PER_VCPU * share.vcpu:
                    continue
                _say(f"{share.vcpu:g} vCPU, {image.name}")
                pulls.append(cold_pull(image, address, share, folder=folder, snapshotter=snapshotter))
        # Before and after, as the machine may have become slower or faster meanwhile.
        rates = before + measure_rates(images, address, folder)
    machine = Machine(
        date=datetime.now(UTC).date().isoformat(),
        processor=processor(),
        versions=versions(),
        snapshotter=snapshotter,
        load=load,
        caches_dropped=drop_caches(),
    )
    return page(pulls, rates, machine, [share for share in shares if share.skipped])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
