"""Cold pulls, timed: download and unpacking apart, then both at once as an orchestrator pulls."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from benchmarks.containerd.machine import CpuShare, drop_caches, limited
from benchmarks.containerd.servers import Containerd, containerd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.containerd.images import BenchmarkImage

__all__ = ["ColdPull", "cold_pull", "push", "whole_pull", "working_snapshotter"]

_CRI_PULL = "/runtime.v1.ImageService/PullImage"
_PULL_TIMEOUT = 300.0


@dataclass(frozen=True, slots=True)
class ColdPull:
    """One image pulled into an empty containerd, in seconds.

    Attributes:
        image: what was pulled.
        share: of the processors, for containerd and its client.
        download: every blob fetched, verified and written through to the disk.
        unpack: every layer decompressed, verified and written as files, one after the other.
        whole: one pull over the CRI in another empty containerd: it unpacks a layer while it fetches the next.
    """

    image: BenchmarkImage
    share: CpuShare
    download: float
    unpack: float
    whole: float


def push(image: BenchmarkImage, registry: str, *, credentials: str = "") -> None:
    """Copy an image into the registry, as a user with a password (``name:password``) where it asks for one."""
    subprocess.run(
        [  # noqa: S607 - Debian's own
            "skopeo",
            "copy",
            "--quiet",
            "--insecure-policy",
            "--dest-tls-verify=false",
            *(["--dest-creds", credentials] if credentials else []),
            f"oci:{image.layout}:benchmark",
            f"docker://{_reference(image, registry)}",
        ],
        check=True,
    )


def cold_pull(
    image: BenchmarkImage, registry: str, share: CpuShare, *, folder: Path, snapshotter: str
) -> ColdPull:
    """Pull an image twice, each time into an empty containerd after the caches were dropped."""
    reference = _reference(image, registry)
    with _cold_containerd(folder, share, snapshotter) as server:
        started = time.perf_counter()
        server.ctr("content", "fetch", "--plain-http", reference)
        downloaded = time.perf_counter()
        digest = _target(server, reference)
        before_unpack = time.perf_counter()
        server.ctr("snapshots", "--snapshotter", snapshotter, "unpack", digest)
        unpacked = time.perf_counter()
    with _cold_containerd(folder, share, snapshotter) as server:
        before_whole = time.perf_counter()
        _cri_pull(server, reference)
        whole = time.perf_counter() - before_whole
    return ColdPull(image, share, downloaded - started, unpacked - before_unpack, whole)


def whole_pull(
    image: BenchmarkImage, registry: str, share: CpuShare, *, folder: Path, snapshotter: str
) -> tuple[float, float]:
    """Pull an image into an empty containerd; return the seconds until it is there, and until it is on the disk."""
    with _cold_containerd(folder, share, snapshotter) as server:
        started = time.perf_counter()
        _cri_pull(server, _reference(image, registry))
        pulled = time.perf_counter()
        subprocess.run(["sync", "--file-system", str(folder)], check=True)  # noqa: S607 - Debian's own
        return pulled - started, time.perf_counter() - started


def working_snapshotter(image: BenchmarkImage, registry: str, folder: Path) -> str:
    """Return ``overlayfs``, or ``native`` where the kernel refuses overlay mounts."""
    reference = _reference(image, registry)
    with _cold_containerd(folder, CpuShare(1), "overlayfs") as server:
        server.ctr("content", "fetch", "--plain-http", reference)
        try:
            server.ctr("snapshots", "--snapshotter", "overlayfs", "unpack", _target(server, reference))
        except RuntimeError:
            return "native"
    return "overlayfs"


@contextmanager
def _cold_containerd(folder: Path, share: CpuShare, snapshotter: str) -> Iterator[Containerd]:
    root = folder / "containerd"
    drop_caches()
    try:
        with limited(share) as prefix, containerd(root, prefix=prefix, snapshotter=snapshotter) as server:
            yield server
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _reference(image: BenchmarkImage, registry: str) -> str:
    return f"{registry}/{image.name}:benchmark"


def _target(server: Containerd, reference: str) -> str:
    """Return the digest of a fetched image's manifest."""
    rows = (line.split() for line in server.ctr("images", "list").splitlines())
    return next(row[2] for row in rows if row[0] == reference)


def _cri_pull(server: Containerd, reference: str) -> None:
    """Call the CRI's PullImage; its request is so small that its two nested fields are written by hand."""
    spec = _field(1, reference.encode())
    with grpc.insecure_channel(f"unix://{server.socket}") as channel:
        pull = channel.unary_unary(_CRI_PULL, request_serializer=bytes, response_deserializer=bytes)
        pull(_field(1, spec), timeout=_PULL_TIMEOUT)


def _field(number: int, value: bytes) -> bytes:
    """Return a protobuf field with a value of less than 128 bytes."""
    assert len(value) < 1 << 7, value
    return bytes([number << 3 | 2, len(value)]) + value
