"""What is known of one image: its layers, their sizes, its platform."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from cdk_pull.errors import InvalidValueError
from cdk_pull.records import dataclass, replace
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Compression", "ImageProfile", "Layer"]


class Compression(StrEnum):
    """How the layers of an image are compressed, by their media type."""

    GZIP = "gzip"
    ZSTD = "zstd"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One layer of an image.

    Attributes:
        compressed_bytes: the size of the blob in the registry.
        uncompressed_bytes: the size once unpacked, or None when nobody has looked.
        compression: by the layer's media type.
        digest: ``sha256:…`` of the blob, or empty when only sizes are known.
        uncompressed_source: how ``uncompressed_bytes`` is known.
        diff_id: ``sha256:…`` of the unpacked layer, by the image's configuration, or empty. Unlike ``digest`` it
            stays when a layer is compressed anew.
        media_type: as the manifest has it, or empty when only sizes are known.
    """

    compressed_bytes: int
    uncompressed_bytes: int | None = None
    compression: Compression = Compression.GZIP
    digest: str = ""
    uncompressed_source: Literal["measured", "estimated"] = "estimated"
    diff_id: str = ""
    media_type: str = ""

    def __post_init__(self) -> None:
        for name in ("compressed_bytes", "uncompressed_bytes"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise InvalidValueError(f"{name} of a layer is negative", value, allowed="0 bytes or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageProfile:
    """One image for one platform.

    Attributes:
        layers: from the base upwards.
        os: ``linux`` or ``windows``, as in the image's platform.
        architecture: ``amd64`` or ``arm64``, as in the image's platform.
        os_version: Windows only, such as ``10.0.20348.1906``; empty otherwise.
        digest: of the platform's manifest, or empty when only sizes are known.
    """

    layers: tuple[Layer, ...]
    os: Literal["linux", "windows"] = "linux"
    architecture: str = "amd64"
    os_version: str = ""
    digest: str = ""

    @classmethod
    def of_size(
        cls,
        *,
        compressed_bytes: int,
        uncompressed_bytes: int | None = None,
        compression: Compression = Compression.GZIP,
    ) -> ImageProfile:
        """Return a profile of one layer, for an image of which only the total sizes are known.

        Raises:
            InvalidValueError: for a negative size, or one that shrinks by unpacking, where the two were mixed up.
        """
        if uncompressed_bytes is not None and uncompressed_bytes < compressed_bytes:
            raise InvalidValueError(
                "uncompressed size is smaller than the compressed size",
                f"{format_bytes(uncompressed_bytes)} uncompressed, {format_bytes(compressed_bytes)} compressed",
                allowed="an uncompressed size of at least the compressed one",
            )
        layer = Layer(
            compressed_bytes=compressed_bytes, uncompressed_bytes=uncompressed_bytes, compression=compression
        )
        return cls(layers=(layer,))

    @classmethod
    def together(cls, profiles: Sequence[ImageProfile]) -> ImageProfile:
        """Return what a task pulls that runs several images, for one platform: a layer that two share travels once.

        Raises:
            InvalidValueError: for no image, or images for different platforms.
        """
        if len(profiles) == 1:
            return profiles[0]
        platforms = sorted({f"{profile.os}/{profile.architecture}" for profile in profiles})
        if len(platforms) != 1:
            raise InvalidValueError(
                "the images of a task are not for one platform",
                platforms,
                allowed="one platform for all of them",
            )
        layers: dict[object, Layer] = {}
        for profile in profiles:
            for layer in profile.layers:
                # Two layers of which only sizes are known may be different ones. The size belongs to the key, so
                # that an image that states a false one for another's layer does not change what the other pulls.
                key = (layer.digest, layer.compressed_bytes) if layer.digest else object()
                layers.setdefault(key, layer)
        # Several images as one are no image that a registry knows.
        return replace(profiles[0], layers=tuple(layers.values()), digest="")

    @property
    def compressed_bytes(self) -> int:
        """The sum over the layers: what travels."""
        return sum(layer.compressed_bytes for layer in self.layers)

    @property
    def uncompressed_bytes(self) -> int | None:
        """The sum over the layers: what lands on the disk; None when one layer's is unknown."""
        total = 0
        for layer in self.layers:
            if layer.uncompressed_bytes is None:
                return None
            total += layer.uncompressed_bytes
        return total
