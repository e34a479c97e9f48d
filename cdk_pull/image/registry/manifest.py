"""The documents of a registry, read with suspicion: image index, manifest and configuration."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from cdk_pull.errors import InvalidValueError
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import Compression
from cdk_pull.image.registry.errors import Problem, RegistryError, printable_line
from cdk_pull.image.registry.sizes import MAX_LAYER_BYTES
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, field
from cdk_pull.shapes import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "ACCEPT",
    "Config",
    "Descriptor",
    "Index",
    "Manifest",
    "check_digest",
    "choose",
    "compression_of",
    "is_digest",
    "platforms_of",
    "read_config",
    "read_document",
    "wrong_platform",
]

_OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
ACCEPT = f"{_OCI_INDEX}, {_DOCKER_LIST}, {_OCI_MANIFEST}, {_DOCKER_MANIFEST}"

_DIGEST = lazy_pattern(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_LAYER = lazy_pattern(
    r"application/vnd\.(?:oci\.image\.layer(?:\.nondistributable)?\.v1\.tar|docker\.image\.rootfs(?:\.foreign)?\.diff\.tar)"
    r"(?:[.+](gzip|zstd))?"
)
# containerd and Docker accept 127 layers; whoever lists thousands wants us to send as many requests.
_MAX_LAYERS = 512
_MAX_ENTRIES = 1000
_MAX_STRING = 1000
_ARCHITECTURE = lazy_pattern(r"[a-z0-9_]{1,32}")
_VARIANT = lazy_pattern(r"[a-zA-Z0-9._-]{0,32}")
_OS_VERSION = lazy_pattern(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptor:
    """What one document says of another, or of a layer."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """An image for several platforms: the descriptors of those that ECS could run."""

    entries: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image for one platform."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What the image's configuration says that matters here.

    Attributes:
        platform: of the image.
        diff_ids: the digest of each unpacked layer.
        labels: of the image, its base's included.
        history: each step of the build, the base's first.
        steps: the steps of the build that made a layer.
    """

    platform: Platform
    diff_ids: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    history: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


def is_digest(text: str) -> bool:
    """Tell whether ``text`` is a digest of an algorithm that can be checked."""
    return _DIGEST.fullmatch(text) is not None


def check_digest(body: bytes, digest: str, what: str) -> None:
    """Hold a document against the digest that names it.

    Raises:
        RegistryError: if they do not belong together.
    """
    algorithm, _, value = digest.partition(":")
    if hashlib.new(algorithm, body).hexdigest() != value:
        message = f"{what} does not have the digest {digest}; the registry or something before it changes what it serves"
        raise RegistryError(Problem.PROTOCOL, message)


def read_document(body: bytes, what: str) -> Index | Manifest:
    """Return the index or the manifest in ``body``.

    Raises:
        RegistryError: if it is neither, or not well-formed.
    """
    content = _json(body, what)
    if content.get("schemaVersion") == 1:
        message = f"{what} has a manifest of schema 1, which Amazon ECS does not pull; push it again with a newer tool"
        raise RegistryError(Problem.PROTOCOL, message)
    annotations = _strings(content.get("annotations"))
    if isinstance(content.get("manifests"), list):
        if len(content["manifests"]) > _MAX_ENTRIES:
            message = f"{what} has an index of {len(content['manifests'])} images; at most {_MAX_ENTRIES} are read; name one by its digest"
            raise RegistryError(Problem.PROTOCOL, message)
        entries = (_descriptor(entry, what) for entry in content["manifests"])
        return Index(tuple(entry for entry in entries if entry.platform is not None), annotations)
    if isinstance(content.get("layers"), list) and "config" in content:
        if len(content["layers"]) > _MAX_LAYERS:
            message = f"{what} lists {len(content['layers'])} layers; container runtimes accept 127; check that it is a container image"
            raise RegistryError(Problem.PROTOCOL, message)
        layers = tuple(_layer(layer, what) for layer in content["layers"])
        return Manifest(_descriptor(content["config"], what), layers, annotations)
    message = f"{what} has neither an image manifest nor an image index; check that it is a container image"
    raise RegistryError(Problem.PROTOCOL, message)


def read_config(body: bytes, what: str) -> Config:
    """Return the configuration in ``body``.

    Raises:
        RegistryError: if it is not that of a container image for Linux or Windows.
    """
    content = _json(body, what)
    rootfs, inner = content.get("rootfs"), content.get("config")
    platform = _platform(content)
    if platform is None:
        message = (
            f"{what} has no configuration of a Linux or Windows image; check that it is a container image"
        )
        raise RegistryError(Problem.PROTOCOL, message)
    diff_ids = as_list(rootfs.get("diff_ids") if isinstance(rootfs, dict) else ())
    history = [step for step in as_list(content.get("history")) if isinstance(step, dict)]
    return Config(
        platform=platform,
        diff_ids=tuple(digest if is_digest(digest := _text(each)) else "" for each in diff_ids),
        labels=_strings(inner.get("Labels") if isinstance(inner, dict) else None),
        history=tuple(_text(step.get("created_by")) for step in history),
        steps=tuple(
            _text(step.get("created_by")) or _text(step.get("comment"))
            for step in history
            if step.get("empty_layer") is not True
        ),
    )


def choose(index: Index, requested: Platform | None, what: str) -> Descriptor:
    """Return the entry of an index for a platform; without one, ``linux/amd64`` or the only one there is.

    Of several Windows builds the first that fits, as the runtime does.

    Raises:
        RegistryError: when there is none, listing those that there are.
    """
    fitting = [
        entry
        for entry in index.entries
        if entry.platform and (requested or Platform()).accepts(entry.platform)
    ]
    if not fitting and requested is None and len({entry.platform for entry in index.entries}) == 1:
        fitting = list(index.entries)
    if fitting:
        return fitting[0]
    raise wrong_platform(what, requested or Platform(), platforms_of(index))


def platforms_of(index: Index) -> tuple[Platform, ...]:
    """Return the platforms of an index that ECS could run, each once."""
    return tuple(dict.fromkeys(entry.platform for entry in index.entries if entry.platform is not None))


def wrong_platform(what: str, requested: Platform, there: Sequence[Platform]) -> RegistryError:
    """Return the error for an image that does not exist for the platform that is asked for."""
    listed = ", ".join(map(str, there)) or "no platform that ECS runs"
    message = f"{what} is not built for {requested}; it is built for {listed}; choose one with --platform, or build the image for {requested}"
    return RegistryError(Problem.PLATFORM, message, platforms=there)


def compression_of(media_type: str, what: str) -> Compression:
    """Return how a layer of this media type is compressed.

    Raises:
        RegistryError: for what is not the layer of a container image.
    """
    match = _LAYER.fullmatch(media_type)
    if match is None:
        message = f"{what} has a part of type {media_type[:120]!r}, which is not a layer of a container image; ECS cannot run it"
        raise RegistryError(Problem.PROTOCOL, message)
    return Compression(match[1]) if match[1] else Compression.NONE


def _layer(value: object, what: str) -> Descriptor:
    layer = _descriptor(value, what)
    if layer.size > MAX_LAYER_BYTES:
        message = f"{what} has a layer of {layer.size} bytes; at most {MAX_LAYER_BYTES} (1 TiB) are possible; the registry or the image is broken"
        raise RegistryError(Problem.PROTOCOL, message)
    return layer


def _descriptor(value: object, what: str) -> Descriptor:
    content: dict[str, Any] = as_object(value)
    digest, size = _text(content.get("digest")), content.get("size")
    if not is_digest(digest) or type(size) is not int or not 0 <= size < 2**63:
        message = (
            f"{what} describes a part without a valid digest and size; the registry or the image is broken"
        )
        raise RegistryError(Problem.PROTOCOL, message)
    annotations = _strings(content.get("annotations"))
    return Descriptor(
        media_type=_text(content.get("mediaType")),
        digest=digest,
        size=size,
        annotations=annotations,
        platform=_platform(content.get("platform")),
    )


def _platform(value: object) -> Platform | None:
    """Return an entry's platform; None for attestations and for what ECS does not run."""
    if not isinstance(value, dict):
        return None
    os, architecture, variant, version = (
        _text(value.get(name)) for name in ("os", "architecture", "variant", "os.version")
    )
    if not _ARCHITECTURE.fullmatch(architecture.lower()) or not _VARIANT.fullmatch(variant):
        return None
    try:
        return Platform.of(os, architecture, variant, version if _OS_VERSION.fullmatch(version) else "")
    except InvalidValueError:
        return None


def _json(body: bytes, what: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        message = f"{what}: the answer is not a JSON object; check that the host is a registry"
        raise RegistryError(Problem.PROTOCOL, message)
    return content


def _text(value: object) -> str:
    """Return a string of the registry's as it may be printed and stored: half surrogates are no characters."""
    return printable_line(value, _MAX_STRING) if isinstance(value, str) else ""


def _strings(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {_text(name): _text(each) for name, each in value.items() if isinstance(each, str)}
