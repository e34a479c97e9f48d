"""How much disk an instance needs for the images that its pull behavior lets accumulate.

What is assumed, because nobody can know it:

- every deployment brings a new version of every image, and a version shares ``shared_share`` of its bytes, its base,
  with the one before; nothing by default;
- an unpacked image takes its uncompressed size; while one is pulled, its compressed layers are there too;
- under ``prefer-cached``, and with cleanup off, an image stays for as long as the instance lives;
- otherwise it stays until its tasks' containers are gone (3 h after they stop), it is old enough (1 h) and a round of
  cleanup comes by (30 min): 4.5 hours with the agent's defaults;
- a fifth of the disk is left free, for logs, for what containers write, and because a full disk is an outage;
- an image that nobody has looked up yet counts as 2 GB unpacked, a placeholder as CDK's look-ups have one.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.image.profile import ImageProfile
from cdk_pull.records import dataclass
from cdk_pull.units import format_bytes, parse_bytes, to_timedelta

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.units import DurationLike

__all__ = [
    "PLACEHOLDER_BYTES",
    "PRICED_REGION",
    "ImageDisk",
    "ImageLoad",
    "ImageSize",
    "ImageVolume",
    "gp3_price",
    "image_disk",
    "image_volume",
    "recommend",
]

ImageSize: TypeAlias = int | str | ImageProfile
"""An image by its uncompressed size, in bytes or as ``"2.4GB"``, or by its profile."""

PLACEHOLDER_BYTES: Final = 2 * 10**9
"""What an image that nobody has looked up yet counts as, unpacked: more than most, so that the disk is not too small."""

PRICED_REGION: Final = "us-east-1"
"""The Region of the price in data/ec2_image_volumes.json."""

_GIB = 2**30
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_IMAGES_PER_ROUND = 5

# Above this, cleanup is worth more than what it costs to do without it: 200 GiB are about 16 dollars a month.
_MOST_TO_KEEP_GIB = 200


@dataclass(frozen=True, kw_only=True)
class ImageLoad:
    """What an instance gets to pull in its life.

    Attributes:
        images: the images that run on an instance, each once; None for one that nobody has looked up yet.
        deployments_per_day: how often each of them changes.
        instance_lifetime: how long an instance lives at most.
        shared_share: the part of an image that its next version shares with it, from 0 to below 1.

    Raises:
        InvalidValueError: for an impossible number, or an image without known uncompressed size.
    """

    images: Sequence[ImageSize | None] = ()
    deployments_per_day: float = 1
    instance_lifetime: DurationLike = timedelta(days=14)
    shared_share: float = 0

    def __post_init__(self) -> None:
        if not 0 <= self.deployments_per_day < math.inf:
            raise InvalidValueError(
                "deployments_per_day is not a rate", self.deployments_per_day, allowed="from 0"
            )
        if not 0 <= self.shared_share < 1:
            raise InvalidValueError(
                "shared_share is not a share", self.shared_share, allowed="from 0 to below 1, such as 0.6"
            )
        if self.lifetime <= timedelta(0):
            raise InvalidValueError(
                "instance_lifetime is not a length of time", str(self.lifetime), allowed="above zero"
            )
        _ = self.sizes

    @property
    def lifetime(self) -> timedelta:
        """How long an instance lives at most."""
        return to_timedelta("instance_lifetime", self.instance_lifetime)

    @property
    def sizes(self) -> list[int]:
        """The uncompressed size of each image in bytes."""
        return [PLACEHOLDER_BYTES if image is None else _uncompressed(image) for image in self.images]

    @property
    def unknown(self) -> int:
        """How many of the images nobody has looked up yet."""
        return sum(image is None for image in self.images)

    @property
    def in_flight(self) -> int:
        """The bytes that a pull needs beside the unpacked image; at most the image when nobody knows."""
        return max(
            (
                image.compressed_bytes if isinstance(image, ImageProfile) else size
                for image, size in zip(self.images, self.sizes, strict=True)
            ),
            default=0,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageVolume:
    """The volume that holds images and containers.

    Attributes:
        size_gib: of the volume.
        device_name: where the operating system expects it.
        versions: how many versions of each image are on it at most.
        why: the size's reason, in a clause.
        usd_per_month: for one instance, gp3 in us-east-1.
    """

    size_gib: int
    device_name: str
    versions: int
    why: str
    usd_per_month: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageDisk:
    """The disk of an instance that holds its images.

    Attributes:
        device_name: which.
        size_gib: its size.
        stated: whether the launch states the size; otherwise it is that of the AMI.
        others: the devices that the launch makes larger than the AMI does, and that hold no images, with their sizes.
    """

    device_name: str
    size_gib: int
    stated: bool
    others: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        others = " and ".join(f"{name} of {size} GiB" for name, size in self.others)
        note = "" if self.stated else " as in the AMI"
        return f"{self.device_name} holds the images and has {self.size_gib} GiB{note}{f'; {others} holds none' if others else ''}"


def image_disk(os: OperatingSystem, disks: Mapping[str, int | None], *, known_ami: bool) -> ImageDisk | None:
    """Return the disk that holds the images; None where its size is not known.

    Args:
        os: the operating system.
        disks: the size of each device that the launch maps; None for one whose size is open.
        known_ami: whether the AMI is one of AWS's; the root of another may have another name or size.
    """
    system = facts_of("ec2_image_volumes")["systems"][os]
    devices = [system["device_name"], *(() if known_ami else system.get("other_names", ()))]
    mapped = [name for name in devices if name in disks]
    others = tuple(
        (name, size)
        for name, size in disks.items()
        if name not in devices and size and size > system["system_gib"]
    )
    if mapped:
        size = disks[mapped[0]]
        return (
            None
            if size is None
            else ImageDisk(device_name=mapped[0], size_gib=size, stated=True, others=others)
        )
    # The AMIs of Bottlerocket are AWS's, by whatever id.
    if known_ami or os == "bottlerocket":
        return ImageDisk(
            device_name=system["device_name"], size_gib=system["system_gib"], stated=False, others=others
        )
    return None


def image_volume(load: ImageLoad, settings: AgentSettings, *, os: OperatingSystem = "linux") -> ImageVolume:
    """Return the volume that holds all that accumulates, and at least what the operating system's image has.

    Raises:
        InvalidValueError: when it is more than EBS gives, or more images come than cleanup removes.
    """
    facts = facts_of("ec2_image_volumes")
    system = facts["systems"][os]
    stay = load.lifetime if _keeps_images(settings) else min(load.lifetime, _until_cleanup(load, settings))
    versions = 1 + math.ceil(load.deployments_per_day * (stay / _DAY))
    total = sum(load.sizes)
    kept = total * (1 + (versions - 1) * (1 - load.shared_share))
    needed = (kept + load.in_flight) / _GIB + system["used_by_system_gib"]
    size_gib = max(system["system_gib"], math.ceil(needed / (1 - facts["share_left_free"])))
    if size_gib > facts["largest_gib"]:
        raise InvalidValueError(
            "the images that accumulate do not fit a volume",
            f"{size_gib} GiB",
            allowed=f"up to {facts['largest_gib']} GiB",
            fix="Use PullBehavior.ONCE, which keeps cleanup on, or let instances live shorter.",
        )
    return ImageVolume(
        size_gib=size_gib,
        device_name=system["device_name"],
        versions=versions,
        why=f"{format_bytes(total)} of images{_placeholders(load)} in up to {versions} versions, each for {_length(stay)}"
        if total
        else "no image sizes given, so what the operating system's image has",
        usd_per_month=size_gib * facts["usd_per_gib_month"],
    )


def gp3_price(volume: ImageVolume, region: str | None) -> str:
    """Return what a volume costs, as a decision says it; the price is known of one Region alone."""
    if region != PRICED_REGION:
        return f"gp3 price in {region or 'the Region'} unknown"
    return f"${volume.usd_per_month:.2f} a month and instance in {region}"


def recommend(load: ImageLoad, *, os: OperatingSystem = "linux") -> tuple[AgentSettings, str]:
    """Return the settings for starting from cached images, and a sentence why.

    ``prefer-cached`` is the answer while what it keeps is small, because then nothing but a new image needs the
    registry; ``once`` is when it is not, because it leaves cleanup on.
    """
    once = AgentSettings(image_pull_behavior=PullBehavior.ONCE)
    keep = AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED)
    try:
        kept = image_volume(load, keep, os=os)
    except InvalidValueError as error:
        return once, f"cleanup has to stay on: {error}"
    try:
        extra = kept.size_gib - image_volume(load, once, os=os).size_gib
    except InvalidValueError as error:
        return keep, f"cleanup would not keep up: {error}"
    if extra > _MOST_TO_KEEP_GIB:
        return once, (
            f"prefer-cached would keep {kept.versions} versions and need {extra} GiB more; "
            "once starts from the cache too and leaves cleanup on"
        )
    return keep, "a task whose image is on the instance starts without asking the registry"


def _keeps_images(settings: AgentSettings) -> bool:
    return (
        settings.image_pull_behavior is PullBehavior.PREFER_CACHED or settings.disable_image_cleanup is True
    )


def _until_cleanup(load: ImageLoad, settings: AgentSettings) -> timedelta:
    """Return how long an image stays after its last task at most."""
    interval = _or(settings.image_cleanup_interval, _HOUR / 2)
    removed = (settings.num_images_delete_per_cycle or _IMAGES_PER_ROUND) * (_DAY / interval)
    added = load.deployments_per_day * len(load.images)
    if added > removed:
        raise InvalidValueError(
            "cleanup removes fewer images than deployments bring",
            f"{added:g} new images a day",
            allowed=f"up to {removed:g} a day",
            fix="Raise num_images_delete_per_cycle.",
        )
    return (
        _or(settings.engine_task_cleanup_wait_duration, 3 * _HOUR)
        + _or(settings.image_minimum_cleanup_age, _HOUR)
        + interval
    )


def _or(length: DurationLike | None, default: timedelta) -> timedelta:
    # AgentSettings holds its durations as timedeltas, whatever they came as.
    return default if length is None else cast("timedelta", length)


def _uncompressed(image: ImageSize) -> int:
    if isinstance(image, ImageProfile):
        if image.uncompressed_bytes is None:
            raise InvalidValueError(
                "the uncompressed size of an image is unknown",
                f"{format_bytes(image.compressed_bytes)} compressed",
                allowed="a profile with uncompressed sizes, or the size itself, such as '2.4GB'",
            )
        return image.uncompressed_bytes
    if isinstance(image, str):
        return parse_bytes(image, "an image's uncompressed size")
    if isinstance(image, bool) or image < 0:
        raise InvalidValueError("an image's uncompressed size is not a size", image, allowed="from 0 bytes")
    return image


def _placeholders(load: ImageLoad) -> str:
    return f" ({load.unknown} not looked up, {format_bytes(PLACEHOLDER_BYTES)} each)" if load.unknown else ""


def _length(stay: timedelta) -> str:
    return f"{stay / _DAY:g} days" if stay >= 2 * _DAY else f"{stay / _HOUR:g} hours"
