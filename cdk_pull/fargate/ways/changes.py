"""What can be changed of a task's images so that it starts sooner: what is pulled then, what it needs, what it rules out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.start import estimate_start, start_with_index, uncompressed_bytes
from cdk_pull.fargate.estimate.start_model import load_start_model, start_facts
from cdk_pull.image.profile import Compression, ImageProfile, Layer
from cdk_pull.image.reference import ImageReference
from cdk_pull.image.slim import slim_tag
from cdk_pull.records import dataclass, replace
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cdk_pull.fargate.estimate.start import Architecture, StartEstimate
    from cdk_pull.fargate.estimate.start_model import StartModel
    from cdk_pull.fargate.sizes import Os

__all__ = [
    "AS_IT_IS",
    "ImageChange",
    "image_changes",
    "in_zstd",
    "on_slim_base",
    "recompressed",
    "with_index",
    "without_sidecars",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageChange:
    """One state that a task's images can be in.

    Attributes:
        what: the images, to follow "with": ``the image as it is``, ``an image of half the size``.
        profile: what is pulled then.
        needs: what has to be done and given; empty for the images as they are.
        rules_out: what it excludes; empty for nothing.
        sure: what the figure rests on.
        lazy: whether the containers start before their image is there.
        beside: the images of the other containers, which are pulled in full beside a lazy one; None for none.
    """

    what: str
    profile: ImageProfile
    needs: str = ""
    rules_out: str = ""
    sure: str = "estimated"
    lazy: bool = False
    beside: ImageProfile | None = None

    def start(
        self, cpu: int, *, architecture: Architecture, os: Os, model: StartModel | None
    ) -> StartEstimate:
        """Return the start of a task of that many CPU units."""
        if self.lazy:
            lazy = start_with_index(model=model)
            if self.beside is None:
                return lazy
            full = estimate_start(self.beside, cpu=cpu, architecture=architecture, os=os, model=model)
            return max(lazy, full, key=lambda start: start.total.expected)
        return estimate_start(self.profile, cpu=cpu, architecture=architecture, os=os, model=model)


AS_IT_IS = "the image as it is"


def image_changes(
    profile: ImageProfile, *, os: Os, model: StartModel | None = None
) -> tuple[ImageChange, ...]:
    """Return the changes that any image of this kind can be given, the image as it is first.

    Args:
        profile: every image of the task, as one.
        os: SOCI and zstd are for Linux.
        model: for the sizes of a zstd image.
    """
    found = [ImageChange(what=AS_IT_IS, profile=profile)]
    if not profile.compressed_bytes:
        return tuple(found)
    found.append(
        ImageChange(
            what="an image of half the size",
            profile=replace(profile, layers=tuple(_halved(layer) for layer in profile.layers)),
            needs="a smaller base image, build tools left in an earlier stage, fewer packages",
        )
    )
    if os == "linux":
        compressions = {layer.compression for layer in profile.layers}
        if Compression.GZIP in compressions:
            found.append(in_zstd(profile, model=model))
        if Compression.ZSTD not in compressions and profile.compressed_bytes > start_facts().soci_least_bytes:
            found.append(with_index(profile))
    return tuple(found)


def in_zstd(
    profile: ImageProfile, *, beside: ImageProfile | None = None, model: StartModel | None = None
) -> ImageChange:
    """Return an image compressed with zstd.

    Args:
        profile: of the image.
        beside: the images of the task's other containers, which stay as they are.
        model: for the sizes.
    """
    packed = recompressed(profile, Compression.ZSTD, model)
    return ImageChange(
        what="the image in zstd",
        profile=packed if beside is None else ImageProfile.together([packed, beside]),
        needs="a build by docker buildx with compression=zstd and force-compression=true",
        rules_out="SOCI",
        sure=f"estimated; AWS measured up to {start_facts().zstd_largest_share:.0%} off the start",
    )


def with_index(profile: ImageProfile, *, beside: ImageProfile | None = None) -> ImageChange:
    """Return an image with a SOCI index.

    Args:
        profile: of the image.
        beside: the images of the task's other containers, which have no index and are pulled in full.
    """
    return ImageChange(
        what="a SOCI index",
        profile=profile if beside is None else ImageProfile.together([profile, beside]),
        needs="an index in private ECR and platform version 1.4.0; the image's digest changes",
        rules_out="zstd",
        sure="one published pull; the image is read as the container runs, so compare the time to healthy",
        lazy=True,
        beside=beside,
    )


def without_sidecars(images: Mapping[str, ImageProfile]) -> ImageChange | None:
    """Return the task with its largest image alone; None for a task of one image.

    Args:
        images: of the task, by name; a layer that two share is pulled once.
    """
    if len(images) < 2:  # noqa: PLR2004 - a task without a sidecar
        return None
    largest = max(images, key=lambda name: (images[name].compressed_bytes, name))
    others = [name for name in images if name != largest]
    everything = ImageProfile.together(list(images.values()))
    saved = everything.compressed_bytes - images[largest].compressed_bytes
    return ImageChange(
        what=f"{largest} alone, without {', '.join(others)}",
        profile=images[largest],
        needs=f"the work of {len(others)} sidecar{'s' if len(others) > 1 else ''} done elsewhere ({format_bytes(saved)} less to pull)",
    )


def on_slim_base(names: Iterable[str], profile: ImageProfile) -> ImageChange | None:
    """Return the image on the small variant of its base; None where its base or that variant's size is not known.

    Args:
        names: what the image and its base are called, the image first.
        profile: of the image.
    """
    for name in names:
        try:
            slim = slim_tag(ImageReference.parse(name))
        except InvalidValueError:
            continue  # a base may be called in words, such as "ubuntu 24.04"
        total = profile.compressed_bytes
        if slim is None or slim.saves_bytes is None or total < slim.saves_bytes + slim.slim_bytes:
            continue
        share = (total - slim.saves_bytes) / total
        return ImageChange(
            what=f"{name.rpartition('/')[2].partition(':')[0]}:{slim.tag} as its base",
            profile=replace(profile, layers=tuple(_scaled(layer, share) for layer in profile.layers)),
            needs=f"an image that does without {slim.saves}",
            sure=f"estimated; {format_bytes(slim.saves_bytes)} less, as measured of {slim.measured_of}",
        )
    return None


def _scaled(layer: Layer, share: float) -> Layer:
    unpacked = layer.uncompressed_bytes
    return replace(
        layer,
        compressed_bytes=round(layer.compressed_bytes * share),
        uncompressed_bytes=None if unpacked is None else round(unpacked * share),
    )


def _halved(layer: Layer) -> Layer:
    return replace(
        layer,
        compressed_bytes=layer.compressed_bytes // 2,
        uncompressed_bytes=None if layer.uncompressed_bytes is None else layer.uncompressed_bytes // 2,
    )


def recompressed(
    profile: ImageProfile, compression: Compression, model: StartModel | None = None
) -> ImageProfile:
    """Return an image with its compressed layers compressed in another way; layers that are not stay so."""
    model = model or load_start_model()
    return replace(
        profile,
        layers=tuple(
            replace(
                layer,
                compression=compression,
                compressed_bytes=round(
                    layer.compressed_bytes * model.expansion[layer.compression] / model.expansion[compression]
                ),
                uncompressed_bytes=round(uncompressed_bytes(layer, model)),
            )
            if layer.compression not in {Compression.NONE, compression}
            else layer
            for layer in profile.layers
        ),
    )
