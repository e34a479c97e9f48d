"""How large a layer is once unpacked, read from a few bytes of the compressed blob."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Literal

from cdk_pull.data import facts_of
from cdk_pull.image.profile import Compression
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "GZIP_TRAILER_BYTES",
    "MAX_LAYER_BYTES",
    "ZSTD_HEADER_BYTES",
    "UnpackedSize",
    "from_annotations",
    "from_bytes",
    "usual",
]

GZIP_TRAILER_BYTES = 8
MAX_LAYER_BYTES = 1 << 40
"""The largest layer, packed or unpacked, to believe in: Amazon ECR accepts 52,000 MiB, and a task has 200 GiB."""
# RFC 8878 §3.1.1: magic 4, descriptor 1, window 1, dictionary id 4, content size 8.
ZSTD_HEADER_BYTES = 18

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_TWO_TO_32 = 2**32
# Real layers lie well inside: less than 1 is what an incompressible file costs in headers, and more than 12 is a
# layer of zeroes. Only one candidate inside means that the size is known; two mean that it is a guess.
_LEAST_RATIO = 0.99
_LEAST_SLACK = 512
_MAX_RATIO = 12.0
_SMALL = 10**6

_STARGZ_SIZE = "io.containers.estargz.uncompressed-size"
_STARGZ_TOC = "containerd.io/snapshot/stargz/toc.digest"
_CHUNKED_ZSTD = "io.github.containers.zstd-chunked.manifest-position"


@dataclass(frozen=True, slots=True)
class UnpackedSize:
    """The size of a layer once unpacked.

    Attributes:
        count: bytes.
        source: ``measured`` when the blob itself says it, ``estimated`` when it is the usual ratio.
        why: for an estimate, why nothing better is known; otherwise empty.
    """

    count: int
    source: Literal["measured", "estimated"]
    why: str = ""


def usual(compression: Compression, compressed_bytes: int, why: str) -> UnpackedSize:
    """Return the estimate for a layer that says nothing of itself."""
    return UnpackedSize(round(compressed_bytes * _usual_ratios()[compression]), "estimated", why)


@cache
def _usual_ratios() -> dict[Compression, float]:
    """Return unpacked bytes for one compressed byte, as the start-up model was fitted on published images."""
    expansion = facts_of("fargate_start_model")["model"]["expansion"]
    return {kind: expansion.get(kind.value, 1.0) for kind in Compression}


def from_annotations(
    compression: Compression, compressed_bytes: int, annotations: Mapping[str, str]
) -> UnpackedSize | None:
    """Return what the layer's descriptor alone says, or None when the blob has to be asked."""
    if compression is Compression.NONE:
        return UnpackedSize(compressed_bytes, "measured")
    stated = annotations.get(_STARGZ_SIZE, "")
    if stated.isascii() and stated.isdigit() and _plausible(int(stated[:19]), compressed_bytes):
        return UnpackedSize(int(stated[:19]), "measured")
    # Both are many small streams one after another, of which a trailer or a header describes only one.
    if _STARGZ_TOC in annotations:
        return usual(compression, compressed_bytes, "eStargz: the layer is many gzip streams")
    if _CHUNKED_ZSTD in annotations:
        return usual(compression, compressed_bytes, "zstd:chunked: the layer is many zstd frames")
    return None


def from_bytes(compression: Compression, compressed_bytes: int, part: bytes) -> UnpackedSize:
    """Return the unpacked size that ``part`` of a blob states.

    Args:
        compression: of the layer.
        compressed_bytes: of the whole blob.
        part: the last 8 bytes of a gzip layer, or the first 18 of a zstd layer.
    """
    if compression is Compression.GZIP:
        return _from_gzip(compressed_bytes, part)
    return _from_zstd(compressed_bytes, part)


def _from_gzip(compressed_bytes: int, trailer: bytes) -> UnpackedSize:
    """Read RFC 1952's ISIZE, which is the size modulo 2^32 of the *last* gzip stream in the blob."""
    if len(trailer) != GZIP_TRAILER_BYTES:
        return usual(Compression.GZIP, compressed_bytes, "the blob is shorter than a gzip trailer")
    size = int.from_bytes(trailer[4:], "little")
    # The smallest size that this could be, then every 4 GiB: few, as the size of a layer is bounded.
    first = size + max(0, math.ceil((_least(compressed_bytes) - size) / _TWO_TO_32)) * _TWO_TO_32
    most = max(compressed_bytes * _MAX_RATIO, _SMALL)
    candidates = range(first, int(most) + 1, _TWO_TO_32)
    if not candidates and _least(compressed_bytes) <= size:
        # More than twelvefold, and no other candidate: zeroes, which gzip shrinks a thousandfold.
        return UnpackedSize(size, "measured")
    if not candidates:
        return usual(Compression.GZIP, compressed_bytes, "the last gzip stream is only a part of the layer")
    if len(candidates) == 1:
        return UnpackedSize(candidates[0], "measured")
    expected = compressed_bytes * _usual_ratios()[Compression.GZIP]
    nearest = min(candidates, key=lambda candidate: max(candidate / expected, expected / candidate))
    why = f"gzip keeps the size modulo 4 GiB, and {len(candidates)} sizes are possible"
    return UnpackedSize(nearest, "estimated", why)


def _from_zstd(compressed_bytes: int, head: bytes) -> UnpackedSize:
    """Read RFC 8878's Frame_Content_Size of the first frame."""
    if len(head) <= len(_ZSTD_MAGIC) or not head.startswith(_ZSTD_MAGIC):
        return usual(Compression.ZSTD, compressed_bytes, "the blob does not begin with a zstd frame")
    descriptor = head[4]
    single_segment = bool(descriptor & 0x20)
    width = (1 if single_segment else 0, 2, 4, 8)[descriptor >> 6]
    start = 5 + (0 if single_segment else 1) + (0, 1, 2, 4)[descriptor & 3]
    field = head[start : start + width]
    if width == 0:
        return usual(Compression.ZSTD, compressed_bytes, "the zstd frame does not state its size")
    if len(field) != width:
        return usual(Compression.ZSTD, compressed_bytes, "the blob is shorter than a zstd header")
    # Two bytes hold 256 to 65,791.
    size = int.from_bytes(field, "little") + (256 if width == 2 else 0)  # noqa: PLR2004 - as the RFC has it
    if size < _least(compressed_bytes):
        return usual(Compression.ZSTD, compressed_bytes, "the first zstd frame is only a part of the layer")
    if size > MAX_LAYER_BYTES:
        return usual(Compression.ZSTD, compressed_bytes, "the zstd frame states a size that no layer has")
    return UnpackedSize(size, "measured")


def _least(compressed_bytes: int) -> float:
    return compressed_bytes * _LEAST_RATIO - _LEAST_SLACK


def _plausible(size: int, compressed_bytes: int) -> bool:
    return _least(compressed_bytes) <= size <= max(compressed_bytes * _MAX_RATIO, _SMALL)
