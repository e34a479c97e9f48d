from __future__ import annotations

from pathlib import Path

from benchmarks.containerd.images import BenchmarkImage
from benchmarks.pre_pull import Start, page
from cdk_pull.image.profile import ImageProfile


def test_the_page_has_a_row_for_each_image() -> None:
    """A row has the sizes of the image, its first task both ways, and what the boot takes longer."""
    image = BenchmarkImage(
        "small", Path(), ImageProfile.of_size(compressed_bytes=24_000_000, uncompressed_bytes=60_000_000)
    )
    text = page([image], {"small": (Start(0.0, 4.21), Start(3.9, 0.28))}, {"date": "2026-11-26"})
    assert "| 24 MB | 60 MB | 4.2 s | 0.3 s | 3.9 s |" in text
    assert "| date | 2026-11-26 |" in text
    assert "What it is not: a measurement of Amazon EC2" in text
