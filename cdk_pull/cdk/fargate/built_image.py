"""An image that was built for Fargate: what CDK takes for a container image, which remembers where it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import aws_ecs as ecs

from cdk_pull.errors import ConflictError
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    import aws_cdk as cdk
    from constructs import Construct

    from cdk_pull.fargate.sizing import SizingRequest
    from cdk_pull.fargate.ways.changes import ImageChange

__all__ = ["BuiltImage", "task_of"]


class BuiltImage(ecs.ContainerImage):
    """A container image of a FargateImage.

    Args:
        path: of the construct that builds it.
        image: what CDK binds to a container.
        change: what a task pulls that runs it; None where that is not known.
    """

    def __init__(self, path: str, image: ecs.ContainerImage, change: ImageChange | None) -> None:
        super().__init__()
        self.path = path
        self.containers: list[ecs.ContainerDefinition] = []
        self._image = image
        self._change = change

    def bind(
        self, scope: Construct, container_definition: ecs.ContainerDefinition
    ) -> ecs.ContainerImageConfig:
        """Bind the image to a container, as CDK asks for it."""
        self.containers.append(container_definition)
        return self._image.bind(scope, container_definition)

    def sizing(self, where: Callable[[], str], request: SizingRequest) -> SizingRequest:
        """Return what is asked of a task's size, with what is known of this image.

        Args:
            where: returns the path of the task definition.
            request: as its arguments have it.

        Raises:
            ConflictError: for sizes given on both.
        """
        if self._change is None:
            return request
        if request.profile is not None:
            raise ConflictError(
                f"{where()} and the FargateImage {self.path} both give the images' sizes: leave them out of the task, "
                "and name the images of its other containers in sidecars= of the FargateImage"
            )
        return replace(
            request, profile=self._change.profile, lazy=self._change if self._change.lazy else None
        )


def task_of(container: ecs.ContainerDefinition) -> tuple[ecs.TaskDefinition, cdk.CfnResource]:
    """Return the task definition of a container, and its L1."""
    task = container.task_definition
    return task, cast("cdk.CfnResource", task.node.default_child)
