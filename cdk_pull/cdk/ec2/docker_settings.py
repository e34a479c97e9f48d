"""Docker's own settings on EC2 capacity, as far as they matter to a pull."""

from __future__ import annotations

from cdk_pull.agent.docker_settings import DockerCommands
from cdk_pull.agent.instance import checked_operating_system
from cdk_pull.agent.settings import AgentSettings
from cdk_pull.cdk.ec2.image_pull_behavior import ImagePullBehavior
from cdk_pull.cdk.ec2.requests import Request

__all__ = ["DockerSettings"]


class DockerSettings(ImagePullBehavior):
    """Set how many layers of an image Docker downloads at once on EC2 capacity of Amazon Linux.

    Docker downloads 3 layers of an image at once by default, so that an image of many layers waits for one after the
    other. Apply it to an Auto Scaling group, a launch template, a capacity provider, a cluster, a stack or the app, in any
    order with other mixins::

        group.with_(DockerSettings(max_concurrent_downloads=10))

    It adds commands to the user data that merge ``max-concurrent-downloads`` into ``/etc/docker/daemon.json`` on the
    instance and reload Docker, before the ECS agent starts, and before PrePulledImages pulls. What the AMI or the user data
    has in that file stays; where the user data writes it, the commands come after that. New user data reaches new
    instances only. There is no charge.

    Windows and Bottlerocket are an error that says what is possible there: Docker on Bottlerocket downloads 10 layers at
    once, without a setting.

    Args:
        max_concurrent_downloads: layers of one image that are downloaded at once, from 1. More than the image has layers
            changes nothing; each takes memory, processor and network while it is downloaded.
        operating_system: ``linux``, for an image that does not tell.

    Raises:
        InvalidValueError: if ``max_concurrent_downloads`` is not a whole number from 1.
    """

    def __init__(self, *, max_concurrent_downloads: int, operating_system: str | None = None) -> None:
        """Set how many layers of an image Docker downloads at once on EC2 capacity of Amazon Linux."""
        DockerCommands(max_concurrent_downloads)
        super().__init__(AgentSettings(), operating_system=operating_system)
        self.request = Request(
            settings=AgentSettings(),
            operating_system=checked_operating_system(operating_system),
            max_concurrent_downloads=max_concurrent_downloads,
        )

    @property
    def name(self) -> str:
        """The name of its class, for messages."""
        return "DockerSettings"
