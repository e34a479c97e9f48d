"""Images on an instance before its first task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs

from cdk_pull.agent.instance import checked_operating_system
from cdk_pull.agent.pre_pull import PrePull
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.cdk.ec2.image_pull_behavior import ImagePullBehavior
from cdk_pull.cdk.ec2.requests import PrePullRequest, Request
from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    PrePullable: TypeAlias = str | ecr_assets.DockerImageAsset | ecs.EcrImage | ecs.TaskDefinition

__all__ = ["PrePulledImages", "image_names"]


class PrePulledImages(ImagePullBehavior):
    """Pull images when an instance boots, before the ECS agent takes tasks, and let the tasks start from them.

    Apply it to an Auto Scaling group, a launch template, a capacity provider, a cluster, a stack or the app, in any
    order with other mixins::

        capacity.with_(PrePulledImages([task, "public.ecr.aws/datadog/agent:7.60.0"]))
        cdk.Mixins.of(cluster).apply(PrePulledImages())

    Without a list it pulls the images of all services, and of what else starts tasks, that Amazon ECS may place on the
    capacity: by cluster and capacity provider, daemons included, whenever they are added, in any stack of the app.
    Placement constraints are not evaluated, so that an image may be pulled that no task needs there. Capacity without any
    such service is an error, and an image that cannot be named in the stack of the capacity is the warning
    ``cdk-pull:prePullImage``.

    The instance's user data gets the commands, and ``ECS_IMAGE_PULL_BEHAVIOR=prefer-cached``, under which alone the
    agent uses an image that it did not pull itself; another pull behavior for the same capacity is an error. All
    images are pulled at once. The commands end within ``within`` whatever a registry does, and fail nothing: what is
    not there then, its task pulls, as without them. An instance takes its first task later by as long as the pull
    takes. Each image logs one line to the instance's cloud-init output.

    - **Amazon Linux 2023 and 2.** Images of private Amazon ECR are pulled with the credentials of the instance role by
      ``amazon-ecr-credential-helper``, which is installed from the distribution's own repositories.
    - **Windows.** Before ``Initialize-ECSAgent``, with the AWS Tools for PowerShell of the ECS-optimized AMI.
    - **Bottlerocket** runs no commands of user data. With ``bottlerocket_image`` it runs a bootstrap container of yours
      at the first boot, before the ECS agent, with ``{"images": […], "within_seconds": …}`` as its user data, which it
      finds in ``/.bottlerocket/bootstrap-containers/current/user-data``. How it pulls into Docker's store is up to that
      image: AWS has none, and no guide describes one; it has to end in time, because the instance waits for it. That it
      fails does not keep the instance from joining. Without the image, an error says so.

    The instance role is allowed to pull from the repositories of the images, and nothing else; where the role or a
    repository cannot be seen, the warning ``cdk-pull:prePullRole`` says what to allow.

    ``prefer-cached`` switches image cleanup off. Where ``cdk-pull lookup`` has found the sizes of the images, a disk that
    the app does not size gets what two versions of them need, at the price in the decision; one that the app sizes stays,
    with the warning ``cdk-pull:prePullDisk`` where it is too small. The decision says which images were not counted.

    New user data reaches new instances only. Beside a larger disk it costs nothing but the pull itself.

    Args:
        images: what to pull; the images of the services on the capacity by default. Image names exactly as in the task definitions, image assets, ``ecs.EcrImage``, or task
            definitions for the images of their containers.
        within: when to stop pulling, from 10 seconds to 30 minutes. Two minutes by default.
        bottlerocket_image: the image of the bootstrap container that pulls on Bottlerocket; not used elsewhere.
        operating_system: ``linux``, ``windows`` or ``bottlerocket``, for an image that does not tell.

    Raises:
        InvalidValueError: if there is no image, one is not an image name, or ``within`` is out of bounds.
    """

    def __init__(
        self,
        images: Sequence[PrePullable] | None = None,
        *,
        within: cdk.Duration | None = None,
        bottlerocket_image: PrePullable | None = None,
        operating_system: str | None = None,
    ) -> None:
        """Pull images when an instance boots, before the ECS agent takes tasks, and let the tasks start from them."""
        if within is not None and not isinstance(within, cdk.Duration):
            raise InvalidValueError(
                "within must be a duration", within, allowed="cdk.Duration, such as cdk.Duration.minutes(2)"
            )
        seconds = (
            facts_of("ec2_pre_pull")["within_seconds"]["default"]
            if within is None
            else round(within.to_seconds(integral=False))
        )
        names = image_names(images or ())
        container = "" if bottlerocket_image is None else _name(bottlerocket_image)
        PrePull(
            images=("found",) if images is None else names,
            within_seconds=seconds,
            bottlerocket_image=container,
        )
        super().__init__(
            AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED),
            operating_system=checked_operating_system(operating_system),
        )
        self.request = Request(
            settings=self.request.settings,
            operating_system=self.request.operating_system,
            pre_pull=PrePullRequest(
                images=names,
                within_seconds=seconds,
                finds=images is None,
                bottlerocket_image=container,
            ),
        )

    @property
    def name(self) -> str:
        """The name of its class, for messages."""
        return "PrePulledImages"


def image_names(images: Sequence[PrePullable]) -> tuple[str, ...]:
    """Return the names of images, each once, with CDK's tokens.

    Raises:
        InvalidValueError: for what is no list of images.
    """
    if isinstance(images, str) or not hasattr(images, "__iter__"):
        raise InvalidValueError("images must be a list", images, allowed=f"[{images!r}]")
    return tuple(dict.fromkeys(name for each in images for name in _names(each)))


def _name(image: object) -> str:
    """Return the name of one image."""
    if isinstance(image, ecs.TaskDefinition):
        raise InvalidValueError(
            "bottlerocket_image must be one image",
            image.node.path,
            allowed="an image name, a DockerImageAsset or an ecs.EcrImage",
        )
    return _names(image)[0]


def _names(image: object) -> list[str]:
    if isinstance(image, str):
        return [image]
    if isinstance(image, ecr_assets.DockerImageAsset):
        return [image.image_uri]
    if isinstance(image, ecs.EcrImage):
        return [image.image_name]
    if isinstance(image, ecs.TaskDefinition):
        containers = [each for each in image.node.children if isinstance(each, ecs.ContainerDefinition)]
        if not containers:
            raise InvalidValueError(
                "a task definition has no container yet",
                image.node.path,
                allowed="one with containers, or image names",
            )
        return [each.image_name for each in containers]
    raise InvalidValueError(
        "not an image",
        type(image).__name__,
        allowed="an image name, a DockerImageAsset, an ecs.EcrImage, or a TaskDefinition",
    )
