"""What the commands on one task's start share: how they read a target and an image's sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cdk_pull.cli._look_up import in_words, look_up, registry_options
from cdk_pull.errors import CdkPullError, InvalidValueError
from cdk_pull.image.context import ContextFile, facts_from_context
from cdk_pull.image.platform import Platform
from cdk_pull.image.profile import Compression, ImageProfile
from cdk_pull.image.reference import ImageReference
from cdk_pull.units import parse_bytes
from cdk_pull.windows.base import cached_base

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cdk_pull.fargate.estimate.start import Architecture
    from cdk_pull.fargate.sizes import Os

__all__ = ["ImageOptions", "TaskImages", "image_options", "seconds", "size_options", "typed_profile"]

_ARCHITECTURES: Final[dict[Architecture, str]] = {"x86_64": "amd64", "arm64": "arm64"}

_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?) *(s|m|min)?", re.ASCII | re.IGNORECASE)


def size_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--cpu`` and ``--memory``, either of which may be left out."""
    memory = click.option("--memory", help="Its memory: 2048, '2GB'.  [default: the least for --cpu]")
    cpu = click.option(
        "--cpu", help="The smallest size wanted: 1024, '1 vCPU'.  [default: the smallest there is]"
    )
    return cpu(memory(command))


def seconds(text: str | None) -> float | None:
    """Return the seconds of a ``--target``, or None where it was left out.

    Raises:
        InvalidValueError: for what is not a duration.
    """
    if text is None:
        return None
    match = _SECONDS.fullmatch(text)
    if match is None:
        raise InvalidValueError(
            "--target is not a duration", text, allowed="seconds or minutes such as 60s or 1.5m"
        )
    return float(match.group(1)) * (1 if (match.group(2) or "s").lower() == "s" else 60)


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
    """

    name: str
    profile: ImageProfile
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageOptions:
    """The task's images as typed: either names, or the size of all."""

    images: tuple[str, ...]
    compressed: str | None
    uncompressed: str | None
    compression: str | None
    ca_file: Path | None

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
            self.images, Platform(os=os, architecture=_ARCHITECTURES[architecture]), self.ca_file
        )


def image_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the IMAGE argument and the options in its place; the command gets them as ``image``."""

    @click.argument("images", metavar="[IMAGE]...", nargs=-1)
    @click.option("--compressed", help="In place of IMAGE: the images' size in the registry: 800MB, 1GiB.")
    @click.option(
        "--uncompressed", help="With --compressed: the size once unpacked; estimated when left out."
    )
    @click.option(
        "--compression",
        type=click.Choice([str(item) for item in Compression]),
        help="With --compressed: gzip when left out.",
    )
    @registry_options
    @wraps(command)
    def with_image(**options: Any) -> Any:
        image = ImageOptions(**{field.name: options.pop(field.name) for field in fields(ImageOptions)})
        return command(image=image, **options)

    return with_image


def _looked_up(names: Sequence[str], platform: Platform, ca_file: Path | None) -> TaskImages:
    references = [ImageReference.parse(name) for name in dict.fromkeys(names)]
    context = ContextFile(Path("cdk.context.json")).content
    facts = {
        reference: found.facts
        for reference in references
        if (found := facts_from_context(context, reference, platform))
    }
    missing = [(reference, platform) for reference in references if reference not in facts]
    results = look_up(missing, ca_file=ca_file) if missing else []
    if failed := [in_words(result) for result in results if result.error]:
        raise CdkPullError("; ".join(failed))
    facts |= {result.reference: result.facts for result in results if result.facts}
    notes: list[str] = []
    profiles: list[ImageProfile] = []
    for reference in references:
        profile = facts[reference].profile
        notes += facts[reference].notes
        if profile.os == "windows":
            base = cached_base(profile, datetime.now().astimezone().date())
            profile = base.uncached(profile)
            notes.append(f"{reference}: {base.reason}")
        profiles.append(profile)
    return TaskImages(", ".join(map(str, references)), ImageProfile.together(profiles), tuple(notes))
