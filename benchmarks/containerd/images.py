"""Images made of this machine's own files: real programs, libraries and texts, so that they compress as images do."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import subprocess
import tarfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk_pull.image.profile import Compression, ImageProfile, Layer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["BenchmarkImage", "build_images", "host_files", "runnable_images", "split_images"]

_FOLDERS = ("/usr/lib", "/usr/share", "/usr/bin", "/usr/sbin")
_LARGEST_FILE = 25_000_000
"""Larger files are left out, so that a layer comes near the size that was asked for."""
_LARGEST_SPLIT = 2_000_000
"""The same where files are spread over many layers, so that these come out alike."""
_SHARES = (0.5, 0.3, 0.15, 0.05)
"""Of the image, from the base upwards: a base, a runtime, dependencies, the application."""
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+"
_CHUNK = 1 << 20
_GZIP_FORMAT = 31
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3
_LOAD = 0x400000
# exit(0), for the kernel alone: no interpreter and no library has to be in the image.
_CODE = bytes.fromhex("31ffb83c0000000f05")
_HEADERS = 64 + 56
_PROGRAM = (
    b"\x7fELF\2\1\1".ljust(16, b"\0")
    + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, _LOAD + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    + struct.pack("<IIQQQQQQ", 1, 5, 0, _LOAD, _LOAD, _HEADERS + len(_CODE), _HEADERS + len(_CODE), 1 << 12)
    + _CODE
)


@dataclass(frozen=True, slots=True)
class BenchmarkImage:
    """One image as an OCI layout on disk.

    Attributes:
        name: repository and tag in one, such as ``small-gzip``.
        layout: the folder of the OCI layout.
        profile: its layers with both sizes measured.
    """

    name: str
    layout: Path
    profile: ImageProfile

    @property
    def compression(self) -> Compression:
        """The same for every layer."""
        return self.profile.layers[0].compression

    @property
    def largest_blob(self) -> Path:
        """The file of the largest layer, compressed."""
        layer = max(self.profile.layers, key=lambda layer: layer.compressed_bytes)
        return self.layout / "blobs" / "sha256" / layer.digest.removeprefix("sha256:")


def host_files(folders: Sequence[str] = _FOLDERS) -> Iterator[Path]:
    """Yield the machine's files in an order that is stable and mixes them, over and over when they are few.

    Mixed, so that every layer has about as many files for its size as any other.
    """
    found = [
        path
        for folder in folders
        for path in Path(folder).rglob("*")
        if path.is_file() and not path.is_symlink() and 0 < path.stat().st_size <= _LARGEST_FILE
    ]
    if not found:
        raise FileNotFoundError(f"no files to make images of below {', '.join(folders)}")
    return cycle(sorted(found, key=lambda path: hashlib.sha256(str(path).encode()).digest()))


def build_images(sizes: dict[str, int], folder: Path) -> list[BenchmarkImage]:
    """Make one image of each size (uncompressed bytes), once gzip and once zstd with the same contents."""
    files = host_files()
    images = []
    for name, size in sizes.items():
        tars = [_tar(files, round(size * share), folder / f"{name}-{share}.tar") for share in _SHARES]
        images += [
            _layout(f"{name}-{compression}", tars, compression, folder)
            for compression in (Compression.GZIP, Compression.ZSTD)
        ]
        for tar in tars:
            tar.unlink()
    return images


def split_images(size: int, folder: Path, layers: dict[str, int]) -> list[BenchmarkImage]:
    """Make images of the same files in one layer or in many, each once gzip and once zstd.

    Args:
        size: bytes of the files together.
        folder: to make them in.
        layers: their number, by the name of the image.
    """
    chosen: list[Path] = []
    total = 0
    for path in host_files():
        if path.stat().st_size > _LARGEST_SPLIT:
            continue
        chosen.append(path)
        total += path.stat().st_size
        if total >= size:
            break
    images = []
    for name, number in layers.items():
        tars = [folder / f"{name}-{index}.tar" for index in range(number)]
        for index, tar in enumerate(tars):
            with tarfile.open(tar, "w") as archive:
                for path in chosen[index::number]:
                    archive.add(path, arcname=str(path).lstrip("/"))
        images += [
            _layout(f"{name}-{compression}", tars, compression, folder)
            for compression in (Compression.GZIP, Compression.ZSTD)
        ]
        for tar in tars:
            tar.unlink()
    return images


def runnable_images(sizes: dict[str, int], folder: Path) -> list[BenchmarkImage]:
    """Make one gzip image of each size (uncompressed bytes), whose container starts and ends at once, on x86-64."""
    files = host_files()
    images = []
    for name, size in sizes.items():
        tars = [_tar(files, round(size * share), folder / f"{name}-{share}.tar") for share in _SHARES]
        program = tarfile.TarInfo("start")
        program.mode, program.size = 0o755, len(_PROGRAM)
        with tarfile.open(tars[-1], "a") as archive:
            archive.addfile(program, io.BytesIO(_PROGRAM))
        images.append(_layout(name, tars, Compression.GZIP, folder, entrypoint=["/start"]))
        for tar in tars:
            tar.unlink()
    return images


def _tar(files: Iterator[Path], size: int, target: Path) -> Path:
    total = 0
    with tarfile.open(target, "w") as archive:
        while total < size:
            path = next(files)
            archive.add(path, arcname=str(path).lstrip("/"))
            total += path.stat().st_size
    return target


def _layout(
    name: str, tars: Sequence[Path], compression: Compression, folder: Path, *, entrypoint: Sequence[str] = ()
) -> BenchmarkImage:
    layout = folder / name
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    with ThreadPoolExecutor(2) as pool:
        layers = list(pool.map(lambda tar: _layer(tar, compression, blobs), tars))
    config = _blob(
        blobs,
        _CONFIG,
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": list(entrypoint)} if entrypoint else {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(tar)}" for tar in tars]},
        },
    )
    manifest = _blob(
        blobs,
        _MANIFEST,
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": config,
            "layers": [
                {
                    "mediaType": _LAYER + compression,
                    "digest": layer.digest,
                    "size": layer.compressed_bytes,
                }
                for layer in layers
            ],
        },
    )
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "benchmark"}
    _write_json(layout / "index.json", {"schemaVersion": 2, "manifests": [manifest]})
    _write_json(layout / "oci-layout", {"imageLayoutVersion": "1.0.0"})
    return BenchmarkImage(name, layout, ImageProfile(layers=tuple(layers)))


def _layer(tar: Path, compression: Compression, blobs: Path) -> Layer:
    packed = tar.with_suffix(f".{compression}")
    if compression is Compression.GZIP:
        # zlib rather than the gzip module: it lets the other thread run.
        compressor = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_FORMAT)
        with tar.open("rb") as source, packed.open("wb") as sink:
            while chunk := source.read(_CHUNK):
                sink.write(compressor.compress(chunk))
            sink.write(compressor.flush())
    else:
        subprocess.run(
            ["zstd", "--quiet", f"-{_ZSTD_LEVEL}", str(tar), "-o", str(packed)],  # noqa: S607 - Debian's own
            check=True,
        )
    digest = _digest(packed)
    layer = Layer(
        compressed_bytes=packed.stat().st_size,
        uncompressed_bytes=tar.stat().st_size,
        compression=compression,
        digest=f"sha256:{digest}",
        uncompressed_source="measured",
    )
    shutil.move(packed, blobs / digest)
    return layer


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _blob(blobs: Path, media_type: str, content: dict[str, Any]) -> dict[str, Any]:
    data = json.dumps(content).encode()
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
