from __future__ import annotations

from pathlib import Path

from benchmarks.containerd.builds import ADVISED, BUILDS, FIRST
from benchmarks.containerd.images import BenchmarkImage
from benchmarks.containerd.machine import CpuShare
from benchmarks.image_forms import page
from cdk_pull.image.dockerfile.advice import advise
from cdk_pull.image.dockerfile.build import build_of_dockerfile
from cdk_pull.image.dockerfile.parse import parse_dockerfile
from cdk_pull.image.profile import ImageProfile


def test_the_page_has_each_form_and_says_what_is_missing() -> None:
    """One row for each image with its sizes and seconds, the advice as it was printed, and why there is no index."""
    image = BenchmarkImage(
        "first-zstd",
        Path(),
        ImageProfile.of_size(compressed_bytes=74_000_000, uncompressed_bytes=223_000_000),
    )
    text = page([image], {(0.5, "first-zstd"): 7.84}, [CpuShare(0.5)], "What would…", {"date": "2026-11-26"})
    assert "| image | layers | MB compressed | MB unpacked | s at 0.5 vCPU |" in text
    assert "| first, zstd | 1 | 74 | 223 | 7.8 |" in text
    assert "```text\nWhat would…\n```" in text
    assert "No image with a SOCI index is in the table" in text
    assert "| date | 2026-11-26 |" in text


def test_the_second_dockerfile_follows_the_advice_on_the_first() -> None:
    """The first Dockerfile is advised on in each of its habits, the second in nothing that it can help."""
    assert list(BUILDS.values()) == [FIRST, ADVISED]
    first, advised = (
        [each.code for each in advise(build_of_dockerfile(parse_dockerfile(text)))]
        for text in BUILDS.values()
    )
    assert sorted(first) == ["cache", "copied-twice", "recommends", "removed-late"]
    assert advised == []
