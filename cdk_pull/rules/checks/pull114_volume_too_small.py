"""PULL114: `prefer-cached` on a volume too small for its images."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["volume_too_small"]

# One deployment: the least that an instance sees.
_LIFETIME: Final = timedelta(days=1)


@rule(
    "PULL114",
    "A volume too small for the images that prefer-cached keeps",
    severity=Severity.WARNING,
    on="capacity",
    fix="Give the volume the size in the message, or use once, which cleans up",
    sources=(
        "amazon-ecs-agent 1.105.1: agent/engine/docker_image_manager.go",
        "data/ec2_image_volumes.json",
    ),
)
def volume_too_small(capacity: Capacity, context: CheckContext) -> Iterator[Problem]:
    """`prefer-cached` keeps more images than the volume holds.

    ## What it does
    Adds up the images of the services on a capacity with `prefer-cached`, where their sizes are known from the task
    definitions' metadata or a facts file, and compares two versions of each, the system and a fifth left free with
    the disk that holds them: `/dev/xvda` on Amazon Linux, `/dev/xvdb` on Bottlerocket, `/dev/sda1` on Windows. A launch
    that does not size that device has what the AMI has, 30, 20 and 50 GiB, whatever other device it enlarges. It is
    silent where the user data moves Docker's images to another disk, and on an AMI of your own that it cannot see.

    ## Why it matters
    `prefer-cached` switches image cleanup off: every image that was ever pulled stays, and each deployment brings
    another version. Once the disk is full, pulls fail with `no space left on device`, on instances that have worked for weeks.

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
    if capacity.behavior != "prefer-cached" or capacity.moves_images:
        return
    # Slow to import, and little capacity has both a volume of a stated size and that behavior.
    from cdk_pull.agent.settings import AgentSettings, PullBehavior  # noqa: PLC0415
    from cdk_pull.agent.volume import ImageLoad, image_disk, image_volume  # noqa: PLC0415
    from cdk_pull.fargate.estimate.start import uncompressed_bytes  # noqa: PLC0415

    os = capacity.os or "linux"
    disk = image_disk(os, capacity.disks, known_ami=capacity.is_on_public_ami)
    if disk is None:
        return
    images: dict[str, int] = {}
    for task in context.tasks_on(capacity):
        for image in task.images:
            profile = context.facts.profile(image, task)
            if profile is not None:
                images[str(image)] = round(sum(uncompressed_bytes(layer) for layer in profile.layers))
    if not images:
        return
    load = ImageLoad(images=tuple(images.values()), instance_lifetime=_LIFETIME)
    keep = AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED)
    needed = image_volume(load, keep, os=os)
    if needed.size_gib > disk.size_gib:
        yield Problem(
            message=f"{disk}, and {needed.why} need {needed.size_gib} GiB; prefer-cached removes none",
            fix=f"Set VolumeSize of {disk.device_name} to at least {needed.size_gib}, or use once, which cleans up",
            path=(*capacity.base, "BlockDeviceMappings") if capacity.disks else capacity.base,
        )
