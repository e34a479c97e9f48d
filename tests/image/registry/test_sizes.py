from __future__ import annotations

import gzip
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.fargate.estimate.start_model import load_start_model
from cdk_pull.image.profile import Compression
from cdk_pull.image.registry.sizes import UnpackedSize, from_annotations, from_bytes

GIB = 2**30
_MODULO = "gzip keeps the size modulo 4 GiB"


def usual(compression: Compression, compressed: int) -> int:
    """Return the unpacked size that the start-up model expects."""
    return round(compressed * load_start_model().expansion[compression.value])


def trailer(size: int) -> bytes:
    """Return a gzip trailer for a stream of ``size`` bytes."""
    return b"\0\0\0\0" + (size % 2**32).to_bytes(4, "little")


@given(st.binary(max_size=5000), st.integers(0, 9))
def test_any_gzip_stream(data: bytes, level: int) -> None:
    """The last eight bytes of what gzip writes give the size, at every level."""
    blob = gzip.compress(data, level)
    assert from_bytes(Compression.GZIP, len(blob), blob[-8:]) == UnpackedSize(len(data), "measured")


def test_zeroes_in_gzip() -> None:
    """A layer that shrinks a thousandfold is measured too."""
    blob = gzip.compress(bytes(20_000_000))
    assert from_bytes(Compression.GZIP, len(blob), blob[-8:]) == UnpackedSize(20_000_000, "measured")


@pytest.mark.parametrize(
    ("compressed", "size", "expected"),
    [
        (2 * GIB, 7 * GIB, UnpackedSize(7 * GIB, "estimated", f"{_MODULO}, and 6 sizes are possible")),
        (2 * GIB, 5 * GIB, UnpackedSize(5 * GIB, "estimated", f"{_MODULO}, and 5 sizes are possible")),
        (300 * 2**20, 3 * GIB, UnpackedSize(3 * GIB, "measured")),
        (6 * GIB, 13 * GIB, UnpackedSize(13 * GIB, "estimated", f"{_MODULO}, and 16 sizes are possible")),
    ],
)
def test_gzip_beyond_its_counter(compressed: int, size: int, expected: UnpackedSize) -> None:
    """Above 4 GiB the likeliest of the possible sizes is an estimate; a single possible one is measured."""
    assert from_bytes(Compression.GZIP, compressed, trailer(size)) == expected


def test_only_the_last_of_many_gzip_streams() -> None:
    """A trailer that tells less than the blob itself is that of one stream of several."""
    many = b"".join(gzip.compress(bytes([n]) * 9_000_000, 0) for n in range(3))
    assert from_bytes(Compression.GZIP, len(many), many[-8:]) == UnpackedSize(
        usual(Compression.GZIP, len(many)), "estimated", "the last gzip stream is only a part of the layer"
    )


@pytest.mark.skipif(shutil.which("zstd") is None, reason="not installed: zstd")
@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 65_791, 65_792, 3_000_000])
@pytest.mark.parametrize("options", [[], ["-19"], ["--no-check"], ["-T2", "--ultra", "-20"]])
def test_zstd_frames_that_state_their_size(count: int, options: list[str]) -> None:
    """The header gives the size, in each width of the field."""
    data = b"ab" * (count // 2) + b"a" * (count % 2)
    command = ["zstd", "-q", "-c", f"--stream-size={count}", *options]
    blob = subprocess.run(command, input=data, capture_output=True, check=True).stdout
    assert from_bytes(Compression.ZSTD, len(blob), blob[:18]) == UnpackedSize(count, "measured")


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"", "the blob does not begin with a zstd frame"),
        (b"\x50\x2a\x4d\x18\x04\0\0\0", "the blob does not begin with a zstd frame"),
        (b"\x28\xb5\x2f\xfd\x00\x58", "the zstd frame does not state its size"),
        (b"\x28\xb5\x2f\xfd\xc0\x58\x01", "the blob is shorter than a zstd header"),
        (b"\x28\xb5\x2f\xfd\x20\x10", "the first zstd frame is only a part of the layer"),
    ],
)
def test_zstd_frames_that_do_not(head: bytes, why: str) -> None:
    """What the header does not tell is estimated, and the reason is told."""
    assert from_bytes(Compression.ZSTD, 100_000, head) == UnpackedSize(
        usual(Compression.ZSTD, 100_000), "estimated", why
    )


@given(st.sampled_from(Compression), st.integers(0, 2**62), st.binary(max_size=20))
def test_any_bytes(compression: Compression, compressed: int, part: bytes) -> None:
    """No bytes make the reader fail, hang or answer with a negative size."""
    assert from_bytes(compression, min(compressed, 2**40), part).count >= 0


def test_annotations() -> None:
    """A layer's descriptor alone says it where it is not compressed, or where its tool wrote it down."""
    stated = {
        "io.containers.estargz.uncompressed-size": "250",
        "containerd.io/snapshot/stargz/toc.digest": "x",
    }
    toc = {"containerd.io/snapshot/stargz/toc.digest": "x"}
    chunked = {"io.github.containers.zstd-chunked.manifest-position": "1:2:3:1"}
    assert from_annotations(Compression.NONE, 100, {}) == UnpackedSize(100, "measured")
    assert from_annotations(Compression.GZIP, 100, stated) == UnpackedSize(250, "measured")
    assert from_annotations(Compression.GZIP, 100, toc) == UnpackedSize(
        usual(Compression.GZIP, 100), "estimated", "eStargz: the layer is many gzip streams"
    )
    assert from_annotations(Compression.ZSTD, 100, chunked) == UnpackedSize(
        usual(Compression.ZSTD, 100), "estimated", "zstd:chunked: the layer is many zstd frames"
    )
    assert from_annotations(Compression.GZIP, 100, {}) is None
