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
    platforms_of,
    read_config,
    read_document,
    wrong_platform,
)
from cdk_pull.image.registry.schemes import Schemes
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
# The OCI specification asks registries to take manifests of 4 MiB, and none accepts much more.
_MAX_MANIFEST_BYTES: Final = 4 << 20
_MAX_CONFIG_BYTES: Final = 8 << 20
_OK: Final = 200
_PARTIAL: Final = 206
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
# One to learn what is required, one with a token that has expired meanwhile, one with a new token.
_MAX_CHALLENGES: Final = 3


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
        ca_file: certificates to trust in place of the usual ones, for a registry of one's own.
        plain_http: speak HTTP to a registry that does not speak TLS, wherever it is; Amazon ECR and Docker Hub
            excepted. A registry on this machine may always do so, as with Docker.
    """

    def __init__(
        self,
        credentials: Callable[[str], Credentials | None] = standard_credentials,
        *,
        limits: Limits | None = None,
        ca_file: Path | None = None,
        plain_http: bool = False,
    ) -> None:
        self.limits = limits or Limits()
        self._transport = Transport(self.limits, ca_file=ca_file)
        self._schemes = Schemes(self._transport, plain_http=plain_http)
        self._authenticator = Authenticator(self._transport, credentials)
        # Images share their base: a layer is asked about once, whichever image comes first.
        self._asked: dict[tuple[object, ...], asyncio.Task[UnpackedSize | None]] = {}

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [*self._asked.values(), *self._schemes.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transport.__aexit__(kind, error, trace)

    async def look_up(self, reference: ImageReference, platform: Platform | None = None) -> ImageFacts:
        """Return what the registry says of an image; a tag is looked up as ``latest`` when there is none.

        Args:
            reference: of the image.
            platform: which one of an image for several; without it ``linux/amd64``, or the only one.

        Raises:
            RegistryError: when the registry denies access, has no such image or platform, or does not answer
                properly within the limits.
        """
        what = str(reference)
        try:
            async with asyncio.timeout(self.limits.image_seconds):
                return await self._look_up(reference, platform, what)
        except TimeoutError:
            message = f"{what} was not read within {self.limits.image_seconds:g} s; check the connection, or try again later"
            raise RegistryError(Problem.TIMEOUT, message) from None

    async def _look_up(self, reference: ImageReference, platform: Platform | None, what: str) -> ImageFacts:
        named, document = await self._document(reference, reference.digest or reference.tag or "latest", what)
        digest, annotations = named, document.annotations
        platforms: tuple[Platform, ...] = ()
        if isinstance(document, Index):
            platforms = platforms_of(document)
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
            platforms=tuple(dict.fromkeys(each.plain for each in platforms or (config.platform,))),
            notes=tuple(
                dict.fromkeys(f"unpacked size estimated: {size.why}" for size in unpacked if size.why)
            ),
            # Squashed images list steps of which no layer is left; then nobody knows which made which.
            steps=config.steps if len(config.steps) == len(document.layers) else (),
        )

    async def _document(
        self, reference: ImageReference, name: str, what: str
    ) -> tuple[str, Index | Manifest]:
        """Read an index or manifest by tag or digest, and return it with its digest."""
        answer = await self._get(
            reference, f"manifests/{name}", {"Accept": ACCEPT}, _MAX_MANIFEST_BYTES, what
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
        places = asyncio.Semaphore(self.limits.connections_for_layers)
        ends = asyncio.get_running_loop().time() + self.limits.layers_seconds
        sizes = (
            self._unpacked_size(reference, layer, compression, places, ends)
            for layer, compression in zip(manifest.layers, compressions, strict=True)
        )
        return await asyncio.gather(self._config(reference, manifest.config, what), asyncio.gather(*sizes))

    async def _config(self, reference: ImageReference, descriptor: Descriptor, what: str) -> Config:
        """Read the image's configuration."""
        if descriptor.size > _MAX_CONFIG_BYTES:
            message = (
                f"{what} has a configuration of {descriptor.size} bytes; at most {_MAX_CONFIG_BYTES} are read"
            )
            raise RegistryError(Problem.PROTOCOL, message)
        answer = await self._get(reference, f"blobs/{descriptor.digest}", {}, descriptor.size, what)
        _check_found(answer, what, "no configuration")
        check_digest(answer.body, descriptor.digest, f"the configuration of {what}")
        return read_config(answer.body, what)

    async def _unpacked_size(
        self,
        reference: ImageReference,
        layer: Descriptor,
        compression: Compression,
        places: asyncio.Semaphore,
        ends: float,
    ) -> UnpackedSize:
        """Return a layer's size once unpacked; a layer that does not state it is estimated, never an error."""
        if known := from_annotations(compression, layer.size, layer.annotations):
            return known
        # What an image states of a layer is in the key, so that a false statement is about another layer.
        key = (reference.registry, layer.digest, layer.size, compression)
        try:
            async with asyncio.timeout_at(ends), places:
                found = await self._once(key, reference, layer, compression)
                if found is None:
                    # The image that asked first may name a layer that its own repository does not have.
                    found = await self._once((*key, reference.repository), reference, layer, compression)
        except TimeoutError:
            return usual(compression, layer.size, "the registry did not answer in time")
        return found or usual(compression, layer.size, "the registry does not serve a part of a layer")

    async def _once(
        self,
        key: tuple[object, ...],
        reference: ImageReference,
        layer: Descriptor,
        compression: Compression,
    ) -> UnpackedSize | None:
        """Ask about a layer; every image that shares it awaits the same request."""
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._ask_blob(reference, layer, compression))
            # The same repository need not be asked a second time.
            self._asked[*key[:4], reference.repository] = self._asked[key]
        return await asyncio.shield(self._asked[key])

    async def _ask_blob(
        self, reference: ImageReference, layer: Descriptor, compression: Compression
    ) -> UnpackedSize | None:
        """Fetch the few bytes of a blob that hold its size, or return None when the registry does not serve them."""
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
        except RegistryError:
            return None
        stated = answer.headers.get("Content-Range")
        if answer.status != _PARTIAL or stated != f"bytes {first}-{last}/{layer.size}":
            return None
        return from_bytes(compression, layer.size, answer.body)

    async def _get(
        self, reference: ImageReference, path: str, headers: Mapping[str, str], max_bytes: int, what: str
    ) -> Answer:
        """Send a request of the distribution API, answering a challenge when the registry poses one."""
        host = reference.registry
        repository = reference.repository
        scheme = await self._schemes.of(host)
        url = f"{scheme}://{_DOCKER_HUB_API if host == DOCKER_HUB else host}/v2/{repository}/{path}"
        authorization = self._authenticator.known(host, repository)
        for _ in range(_MAX_CHALLENGES):
            answer = await self._transport.send(
                url, headers=headers, max_bytes=max_bytes, authorization=authorization
            )
            if answer.status != _UNAUTHORIZED or answer.redirected:
                break
            challenges = parse_challenges(answer.headers.get_list("WWW-Authenticate"))
            authorization = await self._authenticator.answer(
                host, repository, challenges, authorization, secure=scheme == "https"
            )
        if answer.status in {_UNAUTHORIZED, _FORBIDDEN}:
            message = f"{host} denies access to {what}: it answers {answer.status}; run docker login {host}, or check the permissions"
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
    """Return what the image is built on; Windows bases have a catalogue of their own."""
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
