"""A task's images, by name or by size, as the commands on one task's start take them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cdk_pull.cli._look_up import RegistryOptions, in_words, look_up
from cdk_pull.errors import CdkPullError, InvalidValueError
from cdk_pull.fargate.ways.changes import ImageChange, on_slim_base, without_sidecars
from cdk_pull.image.context import ContextFile, facts_from_context
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import Compression, ImageProfile
from cdk_pull.image.reference import ImageReference
from cdk_pull.records import dataclass, replace
from cdk_pull.units import parse_bytes
from cdk_pull.windows.base import cached_base

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.fargate.estimate.start import Architecture
    from cdk_pull.fargate.sizes import Os

__all__ = ["ImageOptions", "TaskImages", "typed_profile"]

_ARCHITECTURES: Final[dict[Architecture, str]] = {"x86_64": "amd64", "arm64": "arm64"}


def typed_profile(compressed: str, uncompressed: str | None, compression: str) -> ImageProfile:
    """Return the image of ``--compressed``, ``--uncompressed`` and ``--compression``.

    Raises:
        InvalidValueError: for what is not a size.
    """
    return ImageProfile.of_size(
        compressed_bytes=parse_bytes(compressed, "--compressed"),
        uncompressed_bytes=None if uncompressed is None else parse_bytes(uncompressed, "--uncompressed"),
        compression=Compression(compression),
    )


@dataclass(frozen=True, slots=True)
class TaskImages:
    """A task's images.

    Attributes:
        name: for a heading.
        profile: all as one; on Windows without the layers that the hosts have cached.
        notes: what is less sure of them, a sentence each.
        changes: what can be changed of these very images.
    """

    name: str
    profile: ImageProfile
    notes: tuple[str, ...] = ()
    changes: tuple[ImageChange, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageOptions:
    """The task's images as typed: either names, or the size of all."""

    images: tuple[str, ...]
    compressed: str | None
    uncompressed: str | None
    compression: str | None
    registry: RegistryOptions

    def resolve(self, *, architecture: Architecture, os: Os) -> TaskImages:
        """Return the images.

        What ``cdk.context.json`` in this folder knows is taken from there, so that the answer is that of the synth;
        the registries are asked for the others.

        Raises:
            InvalidValueError: for options that contradict one another, what is no size and no image reference.
            CdkPullError: for an image that cannot be looked up.
        """
        names = " ".join(self.images)
        if self.compressed is not None:
            if self.images:
                raise InvalidValueError(
                    "--compressed is given beside an image", names, allowed="one of the two"
                )
            profile = typed_profile(self.compressed, self.uncompressed, self.compression or "gzip")
            return TaskImages("The task's images", profile)
        if self.uncompressed is not None or self.compression is not None:
            raise InvalidValueError(
                "--uncompressed and --compression belong to --compressed, which is missing",
                names,
                allowed="IMAGE alone, or --compressed with them",
            )
        if not self.images:
            raise InvalidValueError("no image", names, allowed="IMAGE, or --compressed with a size")
        return _looked_up(
            self.images, Platform(os=os, architecture=_ARCHITECTURES[architecture]), self.registry
        )


def _looked_up(names: Sequence[str], platform: Platform, registry: RegistryOptions) -> TaskImages:
    references = [ImageReference.parse(name) for name in dict.fromkeys(names)]
    context = ContextFile(Path("cdk.context.json")).content
    facts = {
        reference: found.facts
        for reference in references
        if (found := facts_from_context(context, reference, platform))
    }
    missing = [(reference, platform) for reference in references if reference not in facts]
    results = look_up(missing, registry) if missing else []
    if failed := [in_words(result) for result in results if result.error]:
        raise CdkPullError("; ".join(failed))
    facts |= {result.reference: result.facts for result in results if result.facts}
    notes: list[str] = []
    profiles: dict[str, ImageProfile] = {}
    changes: list[ImageChange] = []
    for reference in references:
        profile = facts[reference].profile
        notes += facts[reference].notes
        if profile.os == "windows":
            base = cached_base(profile, datetime.now().astimezone().date())
            notes.append(f"{reference}: {base.reason}")
            if base.status == "not-cached" and base.base and len(references) == 1:
                changes.append(_on_cached_base(profile, base.base.layers))
            profile = base.uncached(profile)
        profiles[str(reference)] = profile
        slim = on_slim_base((str(reference), facts[reference].base), profile)
        if slim is not None and len(references) == 1:
            changes.append(slim)
    alone = without_sidecars(profiles)
    return TaskImages(
        ", ".join(profiles),
        ImageProfile.together(list(profiles.values())),
        tuple(notes),
        (*changes, *([alone] if alone else [])),
    )


def _on_cached_base(profile: ImageProfile, layers: int) -> ImageChange:
    return ImageChange(
        what="its base in the hosts' cache",
        profile=replace(profile, layers=profile.layers[layers:]),
        needs="a build on the servercore image of this month (cdk-pull windows), and again every month",
        sure="estimated; the hosts cache the images of this and the last Patch Tuesday month",
    )
