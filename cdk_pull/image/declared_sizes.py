"""What is declared of the images that a task pulls."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypedDict

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.image.profile import Compression, ImageProfile
from cdk_pull.units import bytes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.units import SizeLike

__all__ = ["UNKNOWN_SIZE", "ImageSizes", "Profiles", "listed", "profile_of"]

Profiles: TypeAlias = "ImageProfile | Sequence[ImageProfile | None] | None"

UNKNOWN_SIZE = (
    "the size of the task's images is not known: pass compressed= and uncompressed= (the sum over the task's images, "
    "such as '800MB' and '2.4GB') or image_profile=look_up_image(self, 'the image'), whose facts `cdk-pull lookup` writes into cdk.context.json"
)


class ImageSizes(TypedDict, total=False):
    """What is known of all the images of a task together, as Fargate pulls each of them at every start.

    Either the sizes or a profile; with neither, the size is unknown.

    Attributes:
        compressed: the size in the registry, such as ``"800MB"``, ``"1GiB"`` or ``cdk.Size.mebibytes(800)``.
        compressed_bytes: the same as a number of bytes.
        uncompressed: the size once unpacked, such as ``"2.4GB"``; estimated when left out.
        uncompressed_bytes: the same as a number of bytes.
        compression: of the layers, ``gzip`` by default.
        image_profile: layers and sizes as ``look_up_image`` returns them, in place of all of the above: of the task's
            image, or a list of one for each of its images; None where one is not known yet.
    """

    compressed: SizeLike | None
    compressed_bytes: int | None
    uncompressed: SizeLike | None
    uncompressed_bytes: int | None
    compression: Compression | str | None
    image_profile: Profiles


def listed(profiles: Profiles) -> list[ImageProfile | None]:
    """Return an ``image_profile`` as the list that it may be given as."""
    return [profiles] if profiles is None or isinstance(profiles, ImageProfile) else list(profiles)


def _of_all(profiles: Profiles) -> ImageProfile | None:
    """Return all images as one, or None when nothing is known of one of them."""
    known = [profile for profile in listed(profiles) if profile is not None]
    return ImageProfile.together(known) if len(known) == len(listed(profiles)) else None


def profile_of(sizes: ImageSizes) -> ImageProfile | None:
    """Return the profile of a task's images, or None when nothing is known of them.

    Raises:
        ConflictError: for sizes beside a profile.
        InvalidValueError: for an invalid size or compression, or an uncompressed size alone.
    """
    named = sorted(name for name, value in sizes.items() if value is not None and name != "image_profile")
    if (profile := sizes.get("image_profile")) is not None:
        if named:
            raise ConflictError(
                f"image_profile and {', '.join(named)} both give the images' sizes: keep one of them"
            )
        return _of_all(profile)
    if not named:
        return None
    compressed, uncompressed = (
        bytes_of(sizes, "compressed", "compressed_bytes"),
        bytes_of(sizes, "uncompressed", "uncompressed_bytes"),
    )
    if compressed is None:
        raise InvalidValueError(
            "the images' compressed size is missing beside", named[0], allowed="compressed='800MB' as well"
        )
    compression = sizes.get("compression") or Compression.GZIP
    if compression not in list(Compression):
        raise InvalidValueError("compression is not one of image layers", compression, allowed=Compression)
    return ImageProfile.of_size(
        compressed_bytes=compressed,
        uncompressed_bytes=uncompressed,
        compression=Compression(compression),
    )
