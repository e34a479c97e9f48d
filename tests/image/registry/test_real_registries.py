from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import Compression, ImageProfile, Layer
from cdk_pull.image.reference import ImageReference
from cdk_pull.image.registry.client import RegistryClient
from cdk_pull.image.registry.credentials import Credentials
from cdk_pull.image.registry.errors import Problem, RegistryError
from tests.image.registry.layouts import Image, layer, write_layout
from tests.image.registry.servers import (
    PASSWORD,
    USER,
    Certificate,
    docker_registry,
    htpasswd_auth,
    make_certificate,
    missing_programs,
    pull_unpacked,
    push,
    skopeo_inspect,
    token_auth,
    token_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cdk_pull.image.facts import ImageFacts

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

COMPRESSIONS = {
    "gzip": (Compression.GZIP, "measured"),
    "zstd": (Compression.ZSTD, "measured"),
    "zstd-stream": (Compression.ZSTD, "estimated"),
    "none": (Compression.NONE, "measured"),
}


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Return a certificate for every server of this module."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module", params=["basic", "bearer"])
def registry(
    request: pytest.FixtureRequest, tls: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Run a registry that wants a password, and one that wants a token."""
    folder = tmp_path_factory.mktemp("registry")
    if request.param == "basic":
        with docker_registry(folder, tls, htpasswd_auth(folder)) as host:
            yield host
    else:
        with (
            token_server(folder, tls) as tokens,
            docker_registry(folder, tls, token_auth(tls, tokens)) as host,
        ):
            yield host


def look_up(
    image: str, tls: Certificate, platform: str | None = None, password: str | None = PASSWORD
) -> ImageFacts:
    """Look one image up, as the registry's user or as nobody."""

    async def run() -> ImageFacts:
        found = Credentials(USER, password) if password else None
        async with RegistryClient(lambda _: found, ca_file=tls.certificate) as client:
            wanted = Platform.parse(platform) if platform else None
            return await client.look_up(ImageReference.parse(image), wanted)

    return asyncio.run(run())


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_one_platform(registry: str, tls: Certificate, tmp_path: Path, compression: str) -> None:
    """The layers are those of skopeo inspect, and their unpacked sizes those of the unpacked layers."""
    blobs = tuple(layer(compression, count, seed) for seed, count in enumerate((30_000, 700_000, 5_000)))
    digest = write_layout(tmp_path / "layout", "1", Image(blobs, labels={"a": "b"}))
    image = f"{registry}/one/{compression}:1"
    push(tmp_path / "layout", "1", image, tls)
    kind, source = COMPRESSIONS[compression]

    facts = look_up(image, tls)

    told, raw = skopeo_inspect(image, tls), skopeo_inspect(image, tls, "--raw")
    assert [found.digest for found in facts.profile.layers] == told["Layers"]
    assert [found.compressed_bytes for found in facts.profile.layers] == [
        part["size"] for part in raw["layers"]
    ]
    assert (facts.digest, facts.profile.digest) == (told["Digest"], digest)
    assert [found.compression for found in facts.profile.layers] == [kind] * 3
    assert [found.uncompressed_source for found in facts.profile.layers] == [source] * 3
    assert [found.diff_id for found in facts.profile.layers] == [blob.diff_id for blob in blobs]
    if source == "measured":
        unpacked = [path.stat().st_size for path in pull_unpacked(image, tmp_path / "unpacked", tls)]
        assert [found.uncompressed_bytes for found in facts.profile.layers] == unpacked
        assert facts.notes == ()
    else:
        assert facts.notes == ("unpacked size estimated: the zstd frame does not state its size",)


def test_several_platforms(registry: str, tls: Certificate, tmp_path: Path) -> None:
    """Each platform of an image gets the layers, the digest and the build of its own manifest."""
    images = {
        "linux/amd64": Image((layer("gzip", seed=1), layer("zstd", seed=2))),
        "linux/arm64": Image((layer("none", seed=3),), architecture="arm64"),
        "windows(10.0.17763)/amd64": Image(
            (layer("gzip", seed=4),), os="windows", os_version="10.0.17763.4645"
        ),
        "windows(10.0.20348)/amd64": Image(
            (layer("gzip", seed=5),), os="windows", os_version="10.0.20348.1906"
        ),
    }
    digest = write_layout(tmp_path / "layout", "all", *images.values())
    image = f"{registry}/several:all"
    push(tmp_path / "layout", "all", image, tls)
    manifests = skopeo_inspect(image, tls, "--raw")["manifests"]

    for (platform, made), entry in zip(images.items(), manifests, strict=True):
        facts = look_up(image, tls, platform)
        assert facts.digest == digest
        assert facts.profile == ImageProfile(
            layers=tuple(
                Layer(
                    compressed_bytes=len(blob.data),
                    uncompressed_bytes=blob.unpacked,
                    compression=Compression((blob.media_type.partition("+")[2]) or "none"),
                    digest=blob.digest,
                    uncompressed_source="measured",
                    diff_id=blob.diff_id,
                    media_type=blob.media_type,
                )
                for blob in made.layers
            ),
            os="windows" if made.os == "windows" else "linux",
            architecture=made.architecture,
            os_version=made.os_version,
            digest=entry["digest"],
        )
    assert look_up(image, tls).profile == look_up(image, tls, "linux/amd64").profile
    by_digest = f"{registry}/several@{digest}"
    assert look_up(by_digest, tls).profile == look_up(image, tls).profile


def test_what_is_not_there(registry: str, tls: Certificate, tmp_path: Path) -> None:
    """A tag, a platform and a password that do not exist are told apart."""
    write_layout(tmp_path / "layout", "1", Image((layer("gzip"),), architecture="arm64"))
    image = f"{registry}/arm:1"
    push(tmp_path / "layout", "1", image, tls)

    with pytest.raises(
        RegistryError, match="the registry has no image 2; check the name and the tag"
    ) as missing:
        look_up(f"{registry}/arm:2", tls)
    assert missing.value.problem is Problem.NOT_FOUND
    with pytest.raises(
        RegistryError, match="is not built for linux/amd64; it is built for linux/arm64"
    ) as other:
        look_up(image, tls, "linux/amd64")
    assert other.value.problem is Problem.PLATFORM
    with pytest.raises(RegistryError, match="rejects the log-in for arm") as refused:
        look_up(image, tls, password="wrong-pass")  # noqa: S106 - not a secret
    assert refused.value.problem is Problem.AUTHENTICATION
    assert "wrong-pass" not in str(refused.value)
    with pytest.raises(RegistryError, match=r"requires a log-in for arm .* docker login 127\.0\.0\.1"):
        look_up(image, tls, password=None)
