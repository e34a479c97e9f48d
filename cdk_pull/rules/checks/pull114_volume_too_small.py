"""PULL114: a volume too small for its images."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.image.profile import ImageProfile
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.unknown_launches import unknown_behavior, unknown_disk
from cdk_pull.rules.support.unknown_sizes import unknown_sizes
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.not_evaluated import NotEvaluated
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["volume_too_small"]

# One deployment: the least that an instance sees.
_LIFETIME: Final = timedelta(days=1)


@rule(
    "PULL114",
    "A volume too small for its images",
    severity=Severity.WARNING,
    on="capacity",
    fix="Give the volume the size in the message, or use once, which cleans up",
    sources=(
        "amazon-ecs-agent 1.105.1: agent/engine/docker_image_manager.go",
        "data/ec2_image_volumes.json",
    ),
)
def volume_too_small(capacity: Capacity, context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """The volume does not hold the images.

    ## What it does
    Adds up the images of the services on a capacity with `prefer-cached`, where their sizes are known from the task
    definitions' metadata or a facts file, and compares two versions of each, the system and a fifth left free with
    the disk that holds them: `/dev/xvda` on Amazon Linux, `/dev/xvdb` on Bottlerocket, `/dev/sda1` on Windows. A launch
    that does not size that device has what the AMI has, 30, 20 and 50 GiB, whatever other device it enlarges. With the
    other behaviors, it counts the images of the largest task alone, and the compressed layers of one of them. It is
    not evaluated where the user data moves Docker's images to another disk, nor on an AMI of your own that it cannot see.

    ## Why it matters
    `prefer-cached` switches image cleanup off: every image that was ever pulled stays, and each deployment brings
    another version. Once the disk is full, pulls fail with `no space left on device`, on instances that have worked for weeks.
    A task whose images do not fit at all is pulled until the disk is full, time after time.

    ## Example
    ```yaml
    BlockDeviceMappings:
      - {DeviceName: /dev/xvda, Ebs: {VolumeSize: 30}}   # images of 14 GB in all
    ```

    ## Use instead
    ```yaml
    BlockDeviceMappings:
      - {DeviceName: /dev/xvda, Ebs: {VolumeSize: 100}}
    ```
    or `CachedImageCapacityProvider`, which sizes the volume.

    ## Fix safety
    A larger volume costs its price per GB and month and reaches new instances only.

    ## References
    - https://github.com/aws/containers-roadmap/issues/2670
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    if (unknown := unknown_behavior(capacity)) is not None:
        yield unknown
        return
    # Services share their capacities: of both there may be thousands.
    placement = context.placement(capacity)
    tasks = context.once(("image sizes", placement), partial(_sizes, placement.tasks, context))
    if context.once(("image sizes of", placement), lambda: capacity) is capacity:
        for task in placement.tasks:
            yield from unknown_sizes(task, context)
    keeps = capacity.behavior == "prefer-cached"
    # Without it, an instance holds at least the images of one task at a time.
    images = tasks.together if keeps else tasks.largest
    if not images:
        return
    if capacity.moves_images:
        yield unknown_disk(capacity, "the user data moves the images of Docker to another disk")
        return
    # Slow to import, and of little capacity the images are known.
    from cdk_pull.agent.settings import AgentSettings, PullBehavior  # noqa: PLC0415
    from cdk_pull.agent.volume import ImageLoad, image_disk, image_volume  # noqa: PLC0415

    os = capacity.os or "linux"
    disk = image_disk(os, capacity.disks, known_ami=capacity.is_on_public_ami)
    if disk is None:
        yield unknown_disk(capacity, "nothing states the size of the disk that holds the images of its AMI")
        return
    load = ImageLoad(
        images=tuple(images.values()), instance_lifetime=_LIFETIME, deployments_per_day=1 if keeps else 0
    )
    behavior = PullBehavior.PREFER_CACHED if keeps else PullBehavior.ONCE
    try:
        needed = image_volume(load, AgentSettings(image_pull_behavior=behavior), os=os)
    except InvalidValueError as error:
        yield Problem(message=f"{disk}, and {error}", path=capacity.base)
        return
    # What does not fit without the free space either is beyond doubt.
    spare = 0 if keeps else facts_of("ec2_image_volumes")["share_left_free"]
    if needed.size_gib * (1 - spare) > disk.size_gib:
        why = (
            needed.why
            if keeps
            else f"the images of one task, {format_bytes(tasks.largest_bytes)}, with a fifth left free"
        )
        yield Problem(
            message=f"{disk}, and {why} need {needed.size_gib} GiB"
            + ("; prefer-cached removes none" if keeps else ""),
            fix=f"Set VolumeSize of {disk.device_name} to at least {needed.size_gib}"
            + (", or use once, which cleans up" if keeps else ""),
            path=(*capacity.base, "BlockDeviceMappings") if capacity.disks else capacity.base,
        )


class _Sizes(NamedTuple):
    """The known images of tasks, by name: of all, and of the task with the largest."""

    together: dict[str, ImageProfile]
    largest: dict[str, ImageProfile]
    largest_bytes: int


def _sizes(tasks: list[TaskDefinition], context: CheckContext) -> _Sizes:
    from cdk_pull.fargate.estimate.start import uncompressed_bytes  # noqa: PLC0415 - slow to import

    together: dict[str, ImageProfile] = {}
    largest: dict[str, ImageProfile] = {}
    largest_bytes = 0
    for task in tasks:
        own: dict[str, ImageProfile] = {}
        total = 0
        for image in task.images:
            profile = context.facts.profile(image, task)
            if profile is not None and str(image) not in own:
                size = round(sum(uncompressed_bytes(layer) for layer in profile.layers))
                own[str(image)] = ImageProfile.of_size(
                    compressed_bytes=min(profile.compressed_bytes, size), uncompressed_bytes=size
                )
                total += size
        together |= own
        if total > largest_bytes:
            largest, largest_bytes = own, total
    return _Sizes(together, largest, largest_bytes)
