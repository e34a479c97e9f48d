"""Images held to the Region of the stack that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.images.region_check import OneImageCheck, StageImages
from cdk_pull.cdk.images.task_images import TaskImage
from cdk_pull.cdk.synth.scope_mixin import ScopeMixin
from cdk_pull.cdk.synth.tasks import task_definition_of, why_no_task
from cdk_pull.errors import ConflictError
from cdk_pull.image.allow_list import AllowList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct, IConstruct

__all__ = ["SameRegionImage", "SameRegionImages"]


class SameRegionImages(ScopeMixin):
    """Keep every image of an app, a stack or a task definition in its stack's Region.

    Apply it to whatever holds task definitions, of EC2, Fargate or external instances, in any order::

        cdk.Mixins.of(app).apply(SameRegionImages(allow=["public.ecr.aws/datadog/*"]))

    When CDK validates, every container's image is looked at, sidecars and L1 task definitions included. An image in
    the Amazon ECR of another Region, or in a registry that is not private Amazon ECR (Docker Hub, Amazon ECR Public,
    your own), stops the synth with the ways out; one of which nobody can tell before deployment is a warning,
    ``cdk-pull:imageRegionUnknown``. The template is not changed.

    What an ``add_property_override`` writes into container definitions is not seen here, as CDK does not show it.

    Args:
        allow: glob patterns of images that may come from elsewhere, matched against the normalised reference with and
            without tag: ``docker.io/library/nginx``, ``public.ecr.aws/datadog/*``; ``*`` also matches ``/``.

    Raises:
        InvalidValueError: for a pattern that does not begin with a registry.
    """

    work = StageImages

    def __init__(self, *, allow: Sequence[str] = ()) -> None:
        super().__init__(AllowList.of(allow))

    @property
    def changes(self) -> bool:
        """Whether it changes templates: it only looks."""
        return False

    def resources_of(self, construct: IConstruct) -> Sequence[cdk.CfnResource]:
        """Return the L1 of a task definition, or of the one that a service runs."""
        definition = task_definition_of(construct)
        return [definition] if definition else ()

    def refusal(self, construct: IConstruct) -> str:
        """Return why a construct has no images that can be looked at, and what to do instead."""
        return why_no_task(construct)


class SameRegionImage(ecs.ContainerImage):
    """A container image that has to be in the Region of the stack that runs it.

    Use it wherever an ``ecs.ContainerImage`` goes::

        task.add_container("app", image=SameRegionImage(repository, "1.4.2"))

    Another Region stops the synth with the ways out; a Region that nobody can tell before deployment is a warning.

    Args:
        image: a repository, a container image asset, an image URI, or another ``ecs.ContainerImage``.
        tag_or_digest: of a repository's image; ``latest`` by default, as in CDK.

    Raises:
        ConflictError: for a tag or digest beside anything but a repository.
    """

    def __init__(
        self,
        image: str | ecr.IRepository | ecr_assets.DockerImageAsset | ecs.ContainerImage,
        tag_or_digest: str | None = None,
    ) -> None:
        super().__init__()
        self._image = _container_image(image, tag_or_digest)

    def bind(
        self, scope: Construct, container_definition: ecs.ContainerDefinition
    ) -> ecs.ContainerImageConfig:
        """Called by CDK when the image becomes a container's."""
        config = self._image.bind(scope, container_definition)
        container = container_definition.container_name
        one = TaskImage(container_definition, cdk.Stack.of(scope), container, config.image_name)
        scope.node.add_validation(OneImageCheck(one))
        return config


def _container_image(
    image: str | ecr.IRepository | ecr_assets.DockerImageAsset | ecs.ContainerImage, tag_or_digest: str | None
) -> ecs.ContainerImage:
    # An imported repository is an anonymous class in Python, told only by what it can do.
    if hasattr(image, "repository_uri_for_tag_or_digest"):
        return ecs.ContainerImage.from_ecr_repository(cast("ecr.IRepository", image), tag_or_digest)
    if tag_or_digest is not None:
        raise ConflictError(
            f"tag or digest {tag_or_digest!r} goes with a repository only; this image already has its own: {image}"
        )
    if isinstance(image, ecr_assets.DockerImageAsset):
        return ecs.ContainerImage.from_docker_image_asset(image)
    return ecs.ContainerImage.from_registry(image) if isinstance(image, str) else image
