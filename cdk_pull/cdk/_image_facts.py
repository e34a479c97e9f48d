"""What a construct is told of the images that its tasks pull."""

from __future__ import annotations

from typing import TypedDict

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.image.profile import Compression, ImageProfile
from cdk_pull.units import parse_bytes

__all__ = ["UNKNOWN_SIZE", "ImageSizes", "profile_of"]

UNKNOWN_SIZE = (
    "the size of the task's images is not known: pass compressed= and uncompressed= (the sum over the task's images, "
    "such as '800MB' and '2.4GB') or image_profile=look_up_image(self, 'the image'), whose facts `cdk-pull lookup` writes into cdk.context.json"
)


class ImageSizes(TypedDict, total=False):
    """What is known of all the images of a task together, as Fargate pulls each of them at every start.

    Either the sizes or a profile; with neither, the size is unknown.

    Attributes:
        compressed: the size in the registry, such as ``"800MB"`` or ``"1GiB"``.
        uncompressed: the size once unpacked, such as ``"2.4GB"``; estimated when left out.
        compression: of the layers, ``gzip`` by default.
        image_profile: layers and sizes as ``look_up_image`` returns them, in place of the three above; None where
            they are not known yet.
    """

    compressed: str | None
    uncompressed: str | None
    compression: Compression | str | None
    image_profile: ImageProfile | None


def profile_of(sizes: ImageSizes) -> ImageProfile | None:
    """Return the profile of a task's images, or None when nothing is known of them.

    Raises:
        ConflictError: for sizes beside a profile.
        InvalidValueError: for a size or a compression that is none, or an uncompressed size alone.
    """
    named = sorted(name for name, value in sizes.items() if value is not None and name != "image_profile")
    if (profile := sizes.get("image_profile")) is not None:
        if named:
            raise ConflictError(
                f"image_profile and {', '.join(named)} both give the images' sizes: keep one of them"
            )
        return profile
    if not named:
        return None
    compressed, uncompressed = sizes.get("compressed"), sizes.get("uncompressed")
    if compressed is None:
        raise InvalidValueError(
            "the images' compressed size is missing beside", named[0], allowed="compressed='800MB' as well"
        )
    compression = sizes.get("compression") or Compression.GZIP
    if compression not in list(Compression):
        raise InvalidValueError("compression is not one of image layers", compression, allowed=Compression)
    return ImageProfile.of_size(
        compressed_bytes=parse_bytes(compressed, "compressed"),
        uncompressed_bytes=parse_bytes(uncompressed, "uncompressed") if uncompressed is not None else None,
        compression=Compression(compression),
    )
