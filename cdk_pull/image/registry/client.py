"""Looks one image up: index, manifest, configuration, and a few bytes of each layer."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Final, Self

from cdk_pull.image.base import base_of
from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.image.facts import ImageFacts
from cdk_pull.image.profile import Compression, ImageProfile, Layer
from cdk_pull.image.reference import DOCKER_HUB
from cdk_pull.image.registry.auth import Authenticator
from cdk_pull.image.registry.challenge import parse_challenges
from cdk_pull.image.registry.credentials import Credentials, DockerConfig, ecr_credentials
from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.image.registry.manifest import (
    ACCEPT,
    Config,
    Descriptor,
    Index,
    Manifest,
    check_digest,
    choose,
    compression_of,
    is_digest,
    read_config,
    read_document,
    wrong_platform,
)
from cdk_pull.image.registry.sizes import (
    GZIP_TRAILER_BYTES,
    ZSTD_HEADER_BYTES,
    UnpackedSize,
    from_annotations,
    from_bytes,
    usual,
)
from cdk_pull.image.registry.transport import Answer, Limits, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from cdk_pull.image.platform import Platform
    from cdk_pull.image.reference import ImageReference

__all__ = ["RegistryClient", "standard_credentials"]

_DOCKER_HUB_API: Final = "registry-1.docker.io"
# The OCI specification asks registries to take manifests of 4 MiB, and none takes much more.
_MOST_MANIFEST_BYTES: Final = 4 << 20
_MOST_CONFIG_BYTES: Final = 8 << 20
_OK: Final = 200
_PARTIAL: Final = 206
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
# One to learn what is wanted, one with a token that has expired meanwhile, one with a new token.
_MOST_CHALLENGES: Final = 3


def standard_credentials(host: str) -> Credentials | None:
    """Return the log-in for a registry: AWS's own for Amazon ECR, otherwise Docker's configuration.

    Raises:
        RegistryError: if AWS, the configuration or a credential helper fails.
    """
    registry = EcrRegistry.of_host(host)
    if registry and (found := ecr_credentials(registry.region, fips="fips" in registry.service)):
        return found
    return DockerConfig.load().credentials(host)


class RegistryClient:
    """Reads what images are, from any registry of the OCI distribution API; an asynchronous context manager.

    Args:
        credentials: the log-in for a registry's host; `standard_credentials` when not given.
        limits: of time, attempts and connections.
        ca_file: certificates to trust instead of the usual ones, for a registry of one's own.
        insecure: speak HTTP without TLS; only for a registry on this machine.
    """

    def __init__(
        self,
        credentials: Callable[[str], Credentials | None] = standard_credentials,
        *,
        limits: Limits | None = None,
        ca_file: Path | None = None,
        insecure: bool = False,
    ) -> None:
        self._transport = Transport(limits, ca_file=ca_file, insecure=insecure)
        self._authenticator = Authenticator(self._transport, credentials)
        # Images share their base: a layer is asked about once, whichever image comes first.
        self._asked: dict[tuple[str, str], asyncio.Task[UnpackedSize]] = {}

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._asked.values():
            task.cancel()
        await self._transport.__aexit__(kind, error, trace)

    async def look_up(self, reference: ImageReference, platform: Platform | None = None) -> ImageFacts:
        """Return what the registry says of an image; a tag is looked up as ``latest`` when there is none.

        Args:
            reference: of the image.
            platform: which one of an image for several; without it ``linux/amd64``, or the only one.

        Raises:
            RegistryError: when the registry does not let us in, has no such image or platform, or does not answer
                properly within the limits.
        """
        what = str(reference)
        named, document = await self._document(reference, reference.digest or reference.tag or "latest", what)
        digest, annotations = named, document.annotations
        if isinstance(document, Index):
            digest, document = await self._document(reference, choose(document, platform, what).digest, what)
            annotations = {**annotations, **document.annotations}
        if not isinstance(document, Manifest):
            message = f"{what} has an image index within an image index; push it again with a newer tool"
            raise RegistryError(Problem.PROTOCOL, message)
        config, unpacked = await self._parts(reference, document, what)
        if platform and not platform.accepts(config.platform):
            raise wrong_platform(what, platform, [config.platform])
        return ImageFacts(
            reference=what,
            digest=named,
            profile=_profile(digest, document, config, unpacked, what),
            base=_base(document, annotations, config),
            notes=tuple(
                dict.fromkeys(f"unpacked size estimated: {size.why}" for size in unpacked if size.why)
            ),
        )

    async def _document(
        self, reference: ImageReference, name: str, what: str
    ) -> tuple[str, Index | Manifest]:
        """Read an index or manifest by tag or digest, and return it with its digest."""
        answer = await self._get(
            reference, f"manifests/{name}", {"Accept": ACCEPT}, _MOST_MANIFEST_BYTES, what
        )
        _check_found(answer, what, f"no image {name}")
        digest = name if ":" in name else answer.headers.get("Docker-Content-Digest", "")
        if is_digest(digest):
            check_digest(answer.body, digest, what)
        else:
            digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        return digest, read_document(answer.body, what)

    async def _parts(
        self, reference: ImageReference, manifest: Manifest, what: str
    ) -> tuple[Config, list[UnpackedSize]]:
        """Read the configuration and ask about every layer, all at once."""
        compressions = [compression_of(layer.media_type, what) for layer in manifest.layers]
        sizes = (
            self._unpacked_size(reference, layer, compression)
            for layer, compression in zip(manifest.layers, compressions, strict=True)
        )
        return await asyncio.gather(self._config(reference, manifest.config, what), asyncio.gather(*sizes))

    async def _config(self, reference: ImageReference, descriptor: Descriptor, what: str) -> Config:
        """Read the image's configuration."""
        if descriptor.size > _MOST_CONFIG_BYTES:
            message = f"{what} has a configuration of {descriptor.size} bytes; at most {_MOST_CONFIG_BYTES} are read"
            raise RegistryError(Problem.PROTOCOL, message)
        answer = await self._get(reference, f"blobs/{descriptor.digest}", {}, descriptor.size, what)
        _check_found(answer, what, "no configuration")
        check_digest(answer.body, descriptor.digest, f"the configuration of {what}")
        return read_config(answer.body, what)

    async def _unpacked_size(
        self, reference: ImageReference, layer: Descriptor, compression: Compression
    ) -> UnpackedSize:
        """Return a layer's size once unpacked; a layer that does not tell is estimated, never an error."""
        if known := from_annotations(compression, layer.size, layer.annotations):
            return known
        # Every image that shares the layer awaits the same request.
        key = (reference.registry, layer.digest)
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._ask_blob(reference, layer, compression))
        return await asyncio.shield(self._asked[key])

    async def _ask_blob(
        self, reference: ImageReference, layer: Descriptor, compression: Compression
    ) -> UnpackedSize:
        """Fetch the few bytes of a blob that hold its size."""
        if compression is Compression.GZIP:
            first, last = max(0, layer.size - GZIP_TRAILER_BYTES), layer.size - 1
        else:
            first, last = 0, min(ZSTD_HEADER_BYTES, layer.size) - 1
        if last < first:
            return usual(compression, layer.size, "the blob is empty")
        what = f"layer {layer.digest[:19]} of {reference}"
        asked = {"Range": f"bytes={first}-{last}"}
        try:
            answer = await self._get(reference, f"blobs/{layer.digest}", asked, last - first + 1, what)
        except RegistryError as error:
            return usual(
                compression, layer.size, f"the registry does not give a part of a layer ({error.problem})"
            )
        if (
            answer.status != _PARTIAL
            or answer.headers.get("Content-Range") != f"bytes {first}-{last}/{layer.size}"
        ):
            return usual(compression, layer.size, "the registry does not give a part of a layer")
        return from_bytes(compression, layer.size, answer.body)

    async def _get(
        self, reference: ImageReference, path: str, headers: Mapping[str, str], most_bytes: int, what: str
    ) -> Answer:
        """Send a request of the distribution API, answering a challenge when the registry poses one."""
        host = reference.registry
        repository = reference.repository
        url = f"{self._transport.scheme}://{_DOCKER_HUB_API if host == DOCKER_HUB else host}/v2/{repository}/{path}"
        authorization = self._authenticator.known(host, repository)
        for _ in range(_MOST_CHALLENGES):
            answer = await self._transport.send(
                url, headers=headers, most_bytes=most_bytes, authorization=authorization
            )
            if answer.status != _UNAUTHORIZED or answer.redirected:
                break
            challenges = parse_challenges(answer.headers.get_list("WWW-Authenticate"))
            authorization = await self._authenticator.answer(host, repository, challenges, authorization)
        if answer.status in {_UNAUTHORIZED, _FORBIDDEN}:
            message = f"{host} does not let us read {what}: it answers {answer.status}; docker login {host}, or check the rights"
            raise RegistryError(Problem.AUTHENTICATION, message)
        return answer


def _check_found(answer: Answer, what: str, missing: str) -> None:
    """Refuse every answer but the document."""
    if answer.status == _NOT_FOUND:
        raise RegistryError(
            Problem.NOT_FOUND, f"{what}: the registry has {missing}; check the name and the tag"
        )
    if answer.status != _OK:
        message = f"{what}: the registry answers {answer.status}; check that the host is a registry"
        raise RegistryError(Problem.PROTOCOL, message)


def _base(manifest: Manifest, annotations: Mapping[str, str], config: Config) -> str:
    """Return what the image is built on; a Windows base is told by its own catalogue."""
    first = manifest.layers[0].digest if manifest.layers else ""
    return base_of(first, annotations, config.labels, config.history) if config.platform.os == "linux" else ""


def _profile(
    digest: str, manifest: Manifest, config: Config, unpacked: Sequence[UnpackedSize], what: str
) -> ImageProfile:
    """Put together what the documents say."""
    # Old images have configurations that do not list every layer; then nobody knows which is which.
    paired = len(config.diff_ids) == len(manifest.layers)
    diff_ids = config.diff_ids if paired else ("",) * len(manifest.layers)
    return ImageProfile(
        layers=tuple(
            Layer(
                compressed_bytes=layer.size,
                uncompressed_bytes=size.count,
                compression=compression_of(layer.media_type, what),
                digest=layer.digest,
                uncompressed_source=size.source,
                diff_id=diff_id,
                media_type=layer.media_type,
            )
            for layer, size, diff_id in zip(manifest.layers, unpacked, diff_ids, strict=True)
        ),
        os=config.platform.os,
        architecture=config.platform.architecture,
        os_version=config.platform.os_version,
        digest=digest,
    )
