"""Makes OCI layouts: images of layers in every compression, for one platform or several."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

LAYER = "application/vnd.oci.image.layer.v1.tar"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


@dataclass(frozen=True)
class Blob:
    """A layer as it is in the registry, and how large it is once unpacked."""

    data: bytes
    media_type: str
    unpacked: int
    diff_id: str

    @property
    def digest(self) -> str:
        """The digest of the compressed bytes."""
        return digest_of(self.data)


@dataclass(frozen=True)
class Image:
    """One platform's image."""

    layers: tuple[Blob, ...]
    os: str = "linux"
    architecture: str = "amd64"
    os_version: str = ""
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def platform(self) -> dict[str, str]:
        """The platform, as an index and a configuration have it."""
        version = {"os.version": self.os_version} if self.os_version else {}
        return {"os": self.os, "architecture": self.architecture, **version}


def digest_of(data: bytes) -> str:
    """Return the digest that names ``data``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def tar_of(count: int, seed: int) -> bytes:
    """Return a layer of one file of ``count`` bytes that compress to about a half."""
    noise = hashlib.shake_256(str(seed).encode()).digest(count // 2)
    content = b"".join(noise[at : at + 512] + bytes(512) for at in range(0, len(noise), 512))[:count]
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo(f"data/{seed}")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def layer(compression: str, count: int = 40_000, seed: int = 1) -> Blob:
    """Return a layer: ``gzip``, ``zstd`` (which states its size), ``zstd-stream`` (which does not) or ``none``."""
    tar = tar_of(count, seed)
    if compression == "gzip":
        return Blob(gzip.compress(tar, mtime=0), f"{LAYER}+gzip", len(tar), digest_of(tar))
    if compression == "none":
        return Blob(tar, LAYER, len(tar), digest_of(tar))
    options = [f"--stream-size={len(tar)}"] if compression == "zstd" else []
    data = subprocess.run(["zstd", "-q", "-c", *options], input=tar, capture_output=True, check=True).stdout
    return Blob(data, f"{LAYER}+zstd", len(tar), digest_of(tar))


def write_layout(folder: Path, tag: str, *images: Image) -> str:
    """Write an OCI layout of one image, or of an index of several; return the digest that ``tag`` stands for."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def store(data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        digest = digest_of(data)
        (blobs / digest.removeprefix("sha256:")).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    manifests = [store(manifest_of(image, store), MANIFEST, platform=image.platform) for image in images]
    if len(manifests) > 1:
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        top = store(json.dumps(index).encode(), INDEX)
    else:
        top = manifests[0]
    top = {**top, "annotations": {"org.opencontainers.image.ref.name": tag}}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [top]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(top["digest"])


def manifest_of(image: Image, store: Any) -> bytes:
    """Return a manifest, with every blob it names given to ``store``."""
    config = {
        **image.platform,
        "config": {"Labels": image.labels},
        "rootfs": {"type": "layers", "diff_ids": [blob.diff_id for blob in image.layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": store(json.dumps(config).encode(), CONFIG),
        "layers": [store(blob.data, blob.media_type) for blob in image.layers],
    }
    return json.dumps(manifest).encode()
