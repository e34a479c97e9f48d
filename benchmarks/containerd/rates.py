"""The machine's own rates, in place of Fargate's, for the same formulas that estimate a Fargate start."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.request
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.containerd.machine import CpuShare, drop_caches, limited
from cdk_pull.fargate.estimate.start_model import Interval, StartModel, load_start_model
from cdk_pull.image.profile import Compression

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from benchmarks.containerd.images import BenchmarkImage

__all__ = ["MachineRates", "measure_rates", "start_model"]

# What an unpacking does with every byte, without containerd: decompress, verify the digest, write files.
_UNPACK = """set -o pipefail; "$@" | tee >(sha256sum >/dev/null) | tar --extract --directory="$0\""""

_DECODERS = {Compression.GZIP: ["unpigz", "--stdout"], Compression.ZSTD: ["zstd", "--quiet", "-dc"]}
"""unpigz is what containerd itself runs; for zstd it has a decoder in Go that no program offers alone."""

_REPEATS = 3
_DISK_BYTES = 256_000_000
_CHUNK = 1 << 20
_MEGABYTE = 1e6
_SMALLEST_CPU = 256


@dataclass(frozen=True, slots=True)
class MachineRates:
    """MB (10^6 bytes) per second, each of several measurements on one processor.

    Attributes:
        decoder: output of the decompressing program, by compression, written nowhere.
        unpacker: the same, its digest computed and its files written by tar.
        storage: one file written from its beginning to its end and flushed to the disk.
        network: one blob read from the registry over the loopback interface.
    """

    decoder: dict[Compression, list[float]]
    unpacker: dict[Compression, list[float]]
    storage: list[float]
    network: list[float]

    def __add__(self, other: MachineRates) -> MachineRates:
        """Return the measurements of both."""
        return MachineRates(
            decoder={name: found + other.decoder[name] for name, found in self.decoder.items()},
            unpacker={name: found + other.unpacker[name] for name, found in self.unpacker.items()},
            storage=self.storage + other.storage,
            network=self.network + other.network,
        )


def measure_rates(images: Sequence[BenchmarkImage], registry: str, folder: Path) -> MachineRates:
    """Measure every rate on the largest images, with one processor."""
    largest = {
        compression: max(
            (image for image in images if image.compression is compression),
            key=lambda image: image.profile.compressed_bytes,
        )
        for compression in _DECODERS
    }
    with limited(CpuShare(1)) as prefix:
        decoder = {
            compression: _repeat(partial(_decode, image, [*prefix, *_DECODERS[compression]]))
            for compression, image in largest.items()
        }
        unpacker = {
            compression: _repeat(partial(_unpack, image, prefix, folder / "unpacked"))
            for compression, image in largest.items()
        }
    return MachineRates(
        decoder=decoder,
        unpacker=unpacker,
        storage=_repeat(partial(_write, folder / "disk")),
        network=_repeat(partial(_read, largest[Compression.GZIP], registry)),
    )


def start_model(rates: MachineRates, decoder: Mapping[Compression, Sequence[float]]) -> StartModel:
    """Return the package's model with this machine's rates, and without the phases that only Fargate has.

    Args:
        rates: of this machine.
        decoder: which of them is to stand for the decoder's: ``rates.decoder`` or ``rates.unpacker``.
    """
    nothing = Interval(0, 0, 0)
    return replace(
        load_start_model(),
        pre_pull=nothing,
        post_pull=nothing,
        storage={_SMALLEST_CPU: median(rates.storage)},
        network=median(rates.network),
        decoder={compression.value: median(found) for compression, found in decoder.items()},
    )


def _repeat(measure: Callable[[], float]) -> list[float]:
    return [measure() for _ in range(_REPEATS)]


def _decode(image: BenchmarkImage, command: Sequence[str]) -> float:
    blob = image.largest_blob
    layer = max(image.profile.layers, key=lambda layer: layer.compressed_bytes)
    with blob.open("rb") as source:
        started = time.perf_counter()
        subprocess.run(command, stdin=source, stdout=subprocess.DEVNULL, check=True)
        seconds = time.perf_counter() - started
    return (layer.uncompressed_bytes or 0) / _MEGABYTE / seconds


def _unpack(image: BenchmarkImage, prefix: Sequence[str], target: Path) -> float:
    target.mkdir()
    drop_caches()
    try:
        return _decode(image, [*prefix, "bash", "-c", _UNPACK, str(target), *_DECODERS[image.compression]])
    finally:
        shutil.rmtree(target)


def _write(path: Path) -> float:
    os.sync()
    chunk = os.urandom(_CHUNK)
    started = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        for _ in range(_DISK_BYTES // _CHUNK):
            file.write(chunk)
        os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    path.unlink()
    return _DISK_BYTES // _CHUNK * _CHUNK / _MEGABYTE / seconds


def _read(image: BenchmarkImage, registry: str) -> float:
    digest = max(image.profile.layers, key=lambda layer: layer.compressed_bytes).digest
    total = 0
    started = time.perf_counter()
    with urllib.request.urlopen(f"http://{registry}/v2/{image.name}/blobs/{digest}") as answer:
        while chunk := answer.read(_CHUNK):
            total += len(chunk)
    return total / _MEGABYTE / (time.perf_counter() - started)
