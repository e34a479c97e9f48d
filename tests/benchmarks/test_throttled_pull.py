from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.containerd.images import BenchmarkImage
from benchmarks.containerd.machine import CpuShare
from benchmarks.throttled_pull import Setting, page, slopes
from cdk_pull.image.profile import ImageProfile

_IMAGE = BenchmarkImage(
    "one-gzip", Path(), ImageProfile.of_size(compressed_bytes=74_000_000, uncompressed_bytes=223_000_000)
)


def test_the_slope_is_a_power_of_the_vcpu() -> None:
    """1 is a pull that takes half the time on twice the vCPU, 0 one that takes as long; without 1 vCPU there is none."""
    times = {Setting(1.0, "a"): (1.0, 2.0), Setting(0.5, "a"): (9.0, 4.0), Setting(0.25, "a"): (9.0, 2.0)}
    assert slopes(times, "a") == {0.25: 0.0, 0.5: pytest.approx(1.0)}
    assert slopes({Setting(0.5, "a"): (1.0, 1.0)}, "a") == {}


def test_the_page_has_each_setting_and_says_what_is_left_out() -> None:
    """A cell has the pull and the time until it is on the disk; a share that the machine cannot grant is named."""
    text = page(
        [_IMAGE],
        {Setting(0.5, "one-gzip"): (7.84, 11.1), Setting(1.0, "one-gzip"): (4.7, 8.1)},
        {"date": "2026-11-26"},
        [CpuShare(0.25, "no cgroup")],
    )
    assert "| 0.5 | 7.8 (11.1) |" in text
    assert "0.25 vCPU is left out: no cgroup." in text
    assert "| one-gzip | 0.45 |" in text
    assert "| one-gzip | 1 | 74 MB | 223 MB |" in text
    assert "What it is not:\na measurement of Fargate" in text
