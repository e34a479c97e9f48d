from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.containerd.images import BenchmarkImage
from benchmarks.containerd.machine import CpuShare
from benchmarks.containerd.pulls import ColdPull
from benchmarks.containerd.rates import MachineRates, start_model
from benchmarks.containerd.report import Machine, compare, page, table
from cdk_pull.fargate.estimate.start_model import load_start_model
from cdk_pull.image.profile import Compression, ImageProfile

_RATES = MachineRates(
    decoder={Compression.GZIP: [390, 400, 500], Compression.ZSTD: [1000]},
    unpacker={Compression.GZIP: [100, 90, 110], Compression.ZSTD: [200]},
    storage=[500, 400, 600],
    network=[1000],
)


def _pull(vcpu: float, whole: float) -> ColdPull:
    profile = ImageProfile.of_size(compressed_bytes=100_000_000, uncompressed_bytes=300_000_000)
    return ColdPull(BenchmarkImage("some-gzip", Path("layout"), profile), CpuShare(vcpu), 0.5, 3, whole)


def test_estimate_is_the_packages_formula_at_the_machines_rates() -> None:
    """The estimate divides bytes by the machine's median rates, and scales the processor's by vCPU below 1."""
    model = start_model(_RATES, _RATES.unpacker)

    rows = compare([_pull(0.5, 1), _pull(1, 1), _pull(2, 1)], model)

    scale = load_start_model().pull_scale
    assert [row.download / scale for row in rows] == pytest.approx([100 / 500] * 3)
    assert [row.unpack / scale for row in rows] == pytest.approx([6, 3, 3])


@pytest.mark.parametrize(("whole", "verdict"), [(3.7, "yes"), (0.1, "NO"), (100, "NO")])
def test_table_tells_a_pull_inside_the_interval_from_one_outside(whole: float, verdict: str) -> None:
    """A row ends with whether the interval holds the whole pull."""
    rows = table(compare([_pull(1, whole)], start_model(_RATES, _RATES.unpacker))).splitlines()

    assert (len(rows), rows[-1].split("|")[-2].strip()) == (3, verdict)


def test_page_counts_the_pulls_inside_and_says_what_was_skipped() -> None:
    """The page says how many pulls are inside with either rate, and why a share was skipped."""
    machine = Machine(
        date="2026-11-23",
        processor="2 x some",
        versions={},
        snapshotter="overlayfs",
        load=0,
        caches_dropped=False,
    )

    text = page([_pull(1, 3.7), _pull(1, 100)], _RATES, machine, [CpuShare(0.25, "no cgroup")])

    assert text.count("1 of 2 pulls are inside") == 1
    assert text.count("0 of 2 pulls are inside") + text.count("1 of 2 pulls are inside") == 2
    assert "0.25 vCPU was skipped: no cgroup." in text
    assert "| kernel's caches dropped | no, the machine does not permit it |" in text


def test_page_sets_the_effect_of_the_processors_beside_the_formulas() -> None:
    """The page compares the same images at other shares with 1 vCPU, as measured and by the formula."""
    machine = Machine(date="", processor="", versions={}, snapshotter="", load=0, caches_dropped=True)

    text = page([_pull(0.5, 6), _pull(1, 4)], _RATES, machine, [])

    assert "the same images take 1.50 times at 0.5 vCPU (formula: 1.94)." in text
