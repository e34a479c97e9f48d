"""One application, built by buildah from two Dockerfiles: as many are first written, and as `cdk-pull inspect` advises."""

from __future__ import annotations

import json
import shutil
import subprocess
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.containerd.images import BenchmarkImage, host_files
from cdk_pull.image.profile import Compression, ImageProfile, Layer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["ADVISED", "BUILDS", "FIRST", "built", "missing_builder"]

FIRST: Final = """\
FROM localhost/debian:bookworm
COPY . /app
RUN apt-get update && apt-get install -y python3-pip python3-numpy
RUN rm -rf /var/lib/apt/lists/*
RUN chown -R 1000:1000 /app
CMD ["python3", "/app/report.py"]
"""
"""As many are first written."""

ADVISED: Final = """\
FROM localhost/debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends python3-numpy \\
    && rm -rf /var/lib/apt/lists/*
COPY --chown=1000:1000 . /app
CMD ["python3", "/app/report.py"]
"""
"""The same with what is advised on it, beside a .dockerignore."""

BUILDS: Final = {"first": FIRST, "advised": ADVISED}

_SUITE: Final = "bookworm"
_MODEL_BYTES: Final = 60_000_000
_HISTORY_BYTES: Final = 20_000_000
_CHUNK: Final = 1 << 20
_GZIP_FORMAT: Final = 31


@dataclass(frozen=True, slots=True)
class _Builder:
    """buildah with its storage below one folder."""

    folder: Path

    def run(self, *arguments: str | Path) -> str:
        storage = [
            "--root",
            self.folder / "store",
            "--runroot",
            self.folder / "run",
            "--storage-driver",
            "vfs",
        ]
        command = ["buildah", *map(str, storage), *map(str, arguments)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"buildah {arguments[0]}: {done.stderr.strip()[-400:]}")
        return done.stdout.strip()


def missing_builder() -> str:
    """Return what the machine lacks to build the images, or nothing."""
    missing = [name for name in ("buildah", "debootstrap") if shutil.which(name) is None]
    return (
        f"{' and '.join(missing)} is not installed (apt-get install {' '.join(missing)})" if missing else ""
    )


def built(folder: Path) -> tuple[list[BenchmarkImage], Path]:
    """Build the application from both Dockerfiles, each in gzip and in zstd; return the images and the first's context."""
    builder = _Builder(folder)
    _base(builder, folder)
    contexts = {name: _context(folder / name, text) for name, text in BUILDS.items()}
    (contexts["advised"] / ".dockerignore").write_text(".git\nDockerfile\n.dockerignore\n")
    images = []
    for name, context in contexts.items():
        # The machine's package sources, of which the image keeps nothing.
        builder.run("bud", "--isolation", "chroot", "--network", "host", "--layers", "--volume", "/etc/apt:/etc/apt:ro",
                    "--tag", f"localhost/{name}", context)  # fmt: skip
        images += [
            _layout(builder, name, compression, folder)
            for compression in (Compression.GZIP, Compression.ZSTD)
        ]
    return images, contexts["first"]


def _base(builder: _Builder, folder: Path) -> None:
    root, packed = folder / "rootfs", folder / "base.tar"
    subprocess.run(
        ["debootstrap", "--variant=minbase", "--include=ca-certificates", _SUITE, root, *_mirror()],  # noqa: S607 - Debian's own
        check=True,
        capture_output=True,
    )
    excluded = [
        f"--exclude=./{name}/*" for name in ("dev", "proc", "sys", "var/cache/apt", "var/lib/apt/lists")
    ]
    subprocess.run(["tar", "-C", root, *excluded, "-cf", packed, "."], check=True)  # noqa: S607
    container = builder.run("from", "scratch")
    builder.run("add", "--quiet", container, packed, "/")
    builder.run("commit", "--quiet", container, f"localhost/debian:{_SUITE}")
    shutil.rmtree(root)
    packed.unlink()


def _mirror() -> Sequence[str]:
    """Return where this machine has its packages from; nothing for Debian's own mirror."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)"],  # noqa: S607 - Debian's own
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [
        site
        for line in listed.splitlines()
        for site, _, release in [line.partition(" ")]
        if release == _SUITE
    ][:1]


def _context(folder: Path, dockerfile: str) -> Path:
    (folder / ".git").mkdir(parents=True)
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "report.py").write_text("import numpy\n\nprint(numpy.__version__)\n")
    files = host_files()
    for target, size in ((folder / "model.bin", _MODEL_BYTES), (folder / ".git" / "pack", _HISTORY_BYTES)):
        with target.open("wb") as sink:
            while sink.tell() < size:
                sink.write(next(files).read_bytes())
    return folder


def _layout(builder: _Builder, name: str, compression: Compression, folder: Path) -> BenchmarkImage:
    layout = folder / f"{name}-{compression}"
    builder.run(
        "push",
        "--quiet",
        "--compression-format",
        str(compression),
        f"localhost/{name}",
        f"oci:{layout}:benchmark",
    )
    blobs = layout / "blobs" / "sha256"
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads((blobs / _hex(index["manifests"][0]["digest"])).read_text())
    layers = []
    for layer in manifest["layers"]:
        # buildah keeps a layer as it is where it has one compressed already.
        assert layer["mediaType"].endswith(f"+{compression}"), layer
        layers.append(
            Layer(
                compressed_bytes=layer["size"],
                uncompressed_bytes=_unpacked(blobs / _hex(layer["digest"]), compression),
                compression=compression,
                digest=layer["digest"],
                uncompressed_source="measured",
            )
        )
    return BenchmarkImage(f"{name}-{compression}", layout, ImageProfile(layers=tuple(layers)))


def _unpacked(blob: Path, compression: Compression) -> int:
    if compression is Compression.ZSTD:
        packed = subprocess.Popen(["zstd", "--decompress", "--stdout", blob], stdout=subprocess.PIPE)  # noqa: S607
        assert packed.stdout is not None
        with packed, packed.stdout as stream:
            return sum(len(chunk) for chunk in iter(lambda: stream.read(_CHUNK), b""))
    total, decoder = 0, zlib.decompressobj(wbits=_GZIP_FORMAT)
    with blob.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total += len(decoder.decompress(chunk))
    return total


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
