"""The benchmark's figures as a page of the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import geometric_mean, median
from typing import TYPE_CHECKING

from benchmarks.containerd.rates import start_model
from cdk_pull.fargate.estimate.start import estimate_start

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.containerd.machine import CpuShare
    from benchmarks.containerd.pulls import ColdPull
    from benchmarks.containerd.rates import MachineRates
    from cdk_pull.fargate.estimate.start_model import Interval, StartModel

__all__ = ["Comparison", "Machine", "compare", "page", "table"]

_INTRODUCTION = """\
# A real pull, against the estimate

<!-- Written by `make bench-containerd`; do not edit. -->

The start-up estimate of a Fargate task is built from a formula and from rates. Nobody outside AWS can measure the
rates of Fargate one by one. This benchmark checks the **formula** where the rates can be measured: on one machine,
with containerd, which Fargate uses too. It gives the formula this machine's decoder, disk and network rates, and
compares what comes out with real, cold pulls. It says nothing about how fast Fargate is.
"""

_BARE = """\
The rate to put in is that of the whole unpacking, which also verifies digests and writes files. Benchmarks of decoders
publish the rate of the decompression alone; with that one in its place:"""

_REPEAT = """\
## Repeat it

On Debian 12 or later, as root, with 2 processors and 8 GB of free disk:

```console
apt-get install containerd docker-registry skopeo pigz zstd
make bench-containerd
```

It starts a registry and a containerd of its own on 127.0.0.1 below a temporary folder, and ends and removes both. It
takes less than six minutes and rewrites this page. Nothing else on the machine should be busy meanwhile.
"""

_METHOD = """\
## How it was measured

- The images are made of the machine's own files below `/usr`, up to 25 MB each and well mixed, in four layers of 50,
  30, 15 and 5 percent, so that they compress and unpack as images do; gzip level 6 and zstd level 3 of the same
  contents.
- Each pull is cold: a new containerd with empty folders, and the kernel's caches dropped.
- *Download* is `ctr content fetch`: every blob fetched from the registry over the loopback interface, verified and
  flushed to the disk. *Unpack* is `ctr snapshots unpack`. *Whole* is one pull over the CRI, in another empty
  containerd, which unpacks a layer while the next ones still arrive.
- 1 vCPU and less: containerd and its client on one processor, the registry on the other. 2 vCPU: all on both. Fractions:
  one processor with a cgroup quota in periods of 100 ms, without the images that would take minutes.
- The rates are medians of measurements before and after the pulls. *Unpacked*, among them, is the decompressing program with its output's digest computed by `sha256sum` and its
  files written by `tar`, all on one processor: what containerd does, without containerd.
- The estimate is `cdk_pull.fargate.estimate.start.estimate_start` with the rates below and without Fargate's phases before
  and after the pull. It keeps the package's own scale and factor, so the interval is as wide as a user's.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """Where and when the figures were taken.

    Attributes:
        date: as ISO 8601.
        processor: number, model and memory.
        versions: of the programs.
        snapshotter: containerd's.
        load: the load average before the benchmark began.
        caches_dropped: whether the machine permits to drop the kernel's caches.
    """

    date: str
    processor: str
    versions: dict[str, str]
    snapshotter: str
    load: float
    caches_dropped: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A cold pull and its estimate.

    Attributes:
        pull: as measured.
        estimated: the pull, download and unpacking together.
        download: the estimate's expectation of the download alone.
        unpack: the estimate's expectation of the unpacking alone.
    """

    pull: ColdPull
    estimated: Interval
    download: float
    unpack: float

    @property
    def inside(self) -> bool:
        """Whether the interval holds the whole pull."""
        return self.estimated.low <= self.pull.whole <= self.estimated.high

    @property
    def ratio(self) -> float:
        """Measured over expected."""
        return self.pull.whole / self.estimated.expected


def compare(pulls: Iterable[ColdPull], model: StartModel) -> list[Comparison]:
    """Return each pull with the estimate for its layers and its share of the processors."""
    found = []
    for pull in pulls:
        estimate = estimate_start(pull.image.profile, cpu=pull.share.cpu_units, model=model)
        phases = {phase.name: phase.seconds.expected for phase in estimate.phases}
        found.append(Comparison(pull, estimate.pull, phases["download"], phases["unpack"]))
    return found


def table(comparisons: Sequence[Comparison]) -> str:
    """Return one row for each pull, in Markdown."""
    header = "vCPU|image|MB compressed|uncompressed|download s|unpack s|whole pull s|estimate s|measured / expected|inside"
    names = header.split("|")
    rows = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    for row in comparisons:
        pull, profile = row.pull, row.pull.image.profile
        rows.append(
            f"| {pull.share.vcpu:g} | {pull.image.name} | {profile.compressed_bytes / 1e6:.0f} "
            f"| {(profile.uncompressed_bytes or 0) / 1e6:.0f} | {pull.download:.2f} ({row.download:.2f}) "
            f"| {pull.unpack:.2f} ({row.unpack:.2f}) | {pull.whole:.2f} "
            f"| {row.estimated.expected:.2f} ({row.estimated.low:.2f}-{row.estimated.high:.2f}) "
            f"| {row.ratio:.2f} | {'yes' if row.inside else 'NO'} |"
        )
    return "\n".join(rows)


def page(
    pulls: Sequence[ColdPull], rates: MachineRates, machine: Machine, skipped: Sequence[CpuShare]
) -> str:
    """Return the whole page."""
    comparisons = compare(pulls, start_model(rates, rates.unpacker))
    bare = compare(pulls, start_model(rates, rates.decoder))
    parts = [
        _INTRODUCTION,
        f"## Result\n\n{_summary(comparisons)}\n\n{_effect_of_cpu(comparisons)}\n\n{_BARE} {_summary(bare)}",
        f"{table(comparisons)}\n\nIn brackets: what the estimate expects of the phase, and its interval.",
        *(f"{share.vcpu:g} vCPU was skipped: {share.skipped}." for share in skipped),
        f"## The machine\n\n{_machine(machine)}",
        f"## Its rates\n\n{_rates(rates)}",
        _METHOD,
        _REPEAT,
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _summary(comparisons: Sequence[Comparison]) -> str:
    centre = geometric_mean(row.ratio for row in comparisons)
    spread = max(max(row.ratio / centre, centre / row.ratio) for row in comparisons)
    inside = sum(row.inside for row in comparisons)
    return (
        f"{inside} of {len(comparisons)} pulls are inside the estimate's interval; they took {centre:.2f} times what "
        f"was expected (geometric mean), and with that one factor taken out the furthest is off by {spread:.2f}."
    )


def _effect_of_cpu(comparisons: Sequence[Comparison]) -> str:
    """Return how the pulls' length depends on the share of the processors, beside what the formula makes of it."""
    whole = {row.pull.image.name: row for row in comparisons if row.pull.share.vcpu == 1}
    effects = []
    for vcpu in sorted({row.pull.share.vcpu for row in comparisons} - {1}):
        pairs = [
            (row, whole[row.pull.image.name])
            for row in comparisons
            if row.pull.share.vcpu == vcpu and row.pull.image.name in whole
        ]
        measured = geometric_mean(row.pull.whole / at_1.pull.whole for row, at_1 in pairs)
        expected = geometric_mean(row.estimated.expected / at_1.estimated.expected for row, at_1 in pairs)
        effects.append(f"{measured:.2f} times at {vcpu:g} vCPU (formula: {expected:.2f})")
    overlap = geometric_mean(row.pull.whole / (row.pull.download + row.pull.unpack) for row in comparisons)
    text = f"A whole pull takes {overlap:.2f} times the sum of its download and its unpacking (formula: 1)."
    if effects:
        text += f" Against 1 vCPU, the same images take {', '.join(effects)}."
    return text


def _machine(machine: Machine) -> str:
    rows = {
        "date": machine.date,
        "processors": machine.processor,
        "load average before": f"{machine.load:.2f}",
        "snapshotter": machine.snapshotter,
        "kernel's caches dropped": "yes" if machine.caches_dropped else "no, the machine does not permit it",
        **machine.versions,
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def _rates(rates: MachineRates) -> str:
    rows = {
        **{f"{name.value}, decompressed": found for name, found in rates.decoder.items()},
        **{f"{name.value}, unpacked": found for name, found in rates.unpacker.items()},
        "disk, sequential write and flush": rates.storage,
        "registry, one blob over loopback": rates.network,
    }
    return "\n".join(
        [
            "| rate, on one processor | MB/s, median | all |",
            "|---|---:|---|",
            *(
                f"| {name} | {median(found):.0f} | {', '.join(f'{rate:.0f}' for rate in found)} |"
                for name, found in rows.items()
            ),
        ]
    )
