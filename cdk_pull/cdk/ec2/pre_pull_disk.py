"""The disk of an instance beside the images that it pre-pulls and keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import aws_cdk as cdk

from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.volume import ImageLoad, gp3_price, image_disk, image_volume
from cdk_pull.cdk.ec2.capacity import user_data_path
from cdk_pull.cdk.fargate.apply_size import region_of
from cdk_pull.cdk.synth.constructs import warn
from cdk_pull.cdk.synth.written import logical_ids, written_template
from cdk_pull.fargate.estimate.start import uncompressed_bytes
from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.capacity import Capacity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.image.profile import ImageProfile

__all__ = ["fit_disk"]

_WARNING: Final = "cdk-pull:prePullDisk"
_KEEP: Final = AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED)
# One deployment, as in rule PULL114: the least that an instance sees.
_LIFETIME: Final = timedelta(days=1)
_LOOK_UP: Final = "run `cdk-pull lookup`"


def fit_disk(
    resource: cdk.CfnResource,
    images: Sequence[str],
    os: OperatingSystem,
    profiles: Mapping[str, Sequence[ImageProfile]],
) -> str:
    """Make the disk of a launch resource large enough for its images, and return what the decision says of it.

    A disk whose size the app states stays as it is, with a warning where it is too small.

    Args:
        resource: the launch template or configuration.
        images: by their names in full, as far as they are known.
        os: the operating system.
        profiles: what is known of images, by their names in full.
    """
    sizes = {name: _size(profiles[name]) for name in images if name in profiles}
    unknown = len(images) - len(sizes)
    if not sizes:
        return f"disk not evaluated: no size of the images is known; {_LOOK_UP}"
    stack = cdk.Stack.of(resource)
    (logical_id,) = logical_ids(stack, [resource])
    found = from_document(written_template(stack)).templates[0].resource(logical_id)
    if found is None:
        raise TypeError("a launch resource without its place in the template")
    capacity = Capacity(found)
    disk = image_disk(os, capacity.disks, known_ami=capacity.is_on_public_ami)
    if disk is None or capacity.moves_images:
        return "disk not evaluated: which disk holds the images, or its size, is not known"
    volume = image_volume(ImageLoad(images=tuple(sizes.values()), instance_lifetime=_LIFETIME), _KEEP, os=os)
    left_out = f", {unknown} of unknown size not counted ({_LOOK_UP})" if unknown else ""
    if volume.size_gib <= disk.size_gib:
        return f"{disk.size_gib} GiB hold {volume.why}{left_out}"
    if capacity.disks:
        warn(
            resource,
            _WARNING,
            f"{disk}, and {volume.why} need {volume.size_gib} GiB: prefer-cached removes none. Set the size of "
            f"{disk.device_name} to at least {volume.size_gib} GiB, or use CachedImageCapacityProvider",
        )
        return f"disk of {disk.size_gib} GiB is too small for {volume.why}{left_out}"
    path = ".".join((*user_data_path(resource)[:-1], "BlockDeviceMappings"))
    ebs = {"VolumeSize": volume.size_gib, "VolumeType": "gp3", "DeleteOnTermination": True}
    resource.add_property_override(path, [{"DeviceName": volume.device_name, "Ebs": ebs}])
    price = gp3_price(volume, region_of(stack))
    return (
        f"disk of {volume.size_gib} GiB in place of {disk.size_gib} GiB for {volume.why}{left_out}, {price}"
    )


def _size(profiles: Sequence[ImageProfile]) -> int:
    """Return the unpacked size of an image, the largest of its platforms."""
    return max(round(sum(uncompressed_bytes(layer) for layer in each.layers)) for each in profiles)
