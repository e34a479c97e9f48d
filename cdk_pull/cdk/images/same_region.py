"""Images held to the Region of the stack that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.images.region_check import OneImage, StageImages
from cdk_pull.cdk.synth.tasks import TaskMixin, shape_of
from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.image.allow_list import AllowList

if TYPE_CHECKING:
    from collections.abc import Sequence

    import aws_cdk as cdk
    from constructs import Construct, IConstruct

__all__ = ["SameRegionImage", "SameRegionImages"]


class SameRegionImages(TaskMixin):
    """Keep every image of an app, a stack or a task definition in its stack's Region.

    Apply it to whatever holds task definitions, of EC2, Fargate or external instances, in any order::

        cdk.Mixins.of(app).apply(SameRegionImages(allow=["public.ecr.aws/datadog/*"]))

    When CDK validates, every container's image is looked at, sidecars and L1 task definitions included. An image in
    the Amazon ECR of another Region, or in a registry that is not private Amazon ECR (Docker Hub, Amazon ECR Public,
    your own), stops the synth with the ways out; one whose Region is known only at deployment is a warning,
    ``cdk-pull:imageRegionUnknown``. The template is not changed.

    PullThroughCache brings public images into the Region: the image that it names is the one that is looked at. The
    checks find nothing of what is allowed: PULL301 and PULL302 are acknowledged on its task definition.

    Args:
        allow: glob patterns of images that may come from elsewhere, matched against the normalised reference with and
            without tag: ``docker.io/library/nginx``, ``public.ecr.aws/datadog/*``; ``*`` also matches ``/``.

    Raises:
        InvalidValueError: for a pattern that does not begin with a registry.
    """

    work = StageImages

    def __init__(self, *, allow: Sequence[str] = ()) -> None:
        """Keep every image of an app, a stack or a task definition in its stack's Region."""
        super().__init__(AllowList.of(allow))

    @property
    def changes(self) -> bool:
        """Whether it changes templates: it only looks."""
        return False

    def resources_of(self, construct: IConstruct) -> Sequence[cdk.CfnResource]:
        """Return the L1 of a task definition, of the one that a service runs, or of what has containers of its own."""
        shape = shape_of(construct)
        return super().resources_of(construct) or ([shape] if shape else ())


class SameRegionImage(ecs.ContainerImage):
    """A container image that has to be in the Region of the stack that runs it.

    Use it wherever an ``ecs.ContainerImage`` goes::

        task.add_container("app", image=SameRegionImage(repository, "1.4.2"))

    Another Region stops the synth with the ways out; a Region that is known only at deployment is a warning.

    Args:
        image: a repository, a container image or tarball asset, an image URI, or another ``ecs.ContainerImage``.
        tag_or_digest: of a repository's image; ``latest`` by default, as in CDK.

    Raises:
        ConflictError: for a tag or digest beside anything but a repository.
        InvalidValueError: for anything else.
    """

    def __init__(
        self,
        image: str
        | ecr.IRepository
        | ecr_assets.DockerImageAsset
        | ecr_assets.TarballImageAsset
        | ecs.ContainerImage,
        tag_or_digest: str | None = None,
    ) -> None:
        """A container image that has to be in the Region of the stack that runs it."""
        super().__init__()
        self._image = _container_image(image, tag_or_digest)

    def bind(
        self, scope: Construct, container_definition: ecs.ContainerDefinition
    ) -> ecs.ContainerImageConfig:
        """Called by CDK when the image becomes a container's."""
        config = self._image.bind(scope, container_definition)
        StageImages.of(scope).hold(OneImage(scope, _name(container_definition), config.image_name))
        return config


class _AssetImage(ecs.ContainerImage):
    """The image of an asset that CDK has no ``from_`` method for, such as a tarball."""

    def __init__(self, asset: Any) -> None:
        super().__init__()
        self._asset = asset

    def bind(
        self,
        scope: Construct,  # noqa: ARG002 - CDK's signature
        container_definition: ecs.ContainerDefinition,
    ) -> ecs.ContainerImageConfig:
        """Let the task pull the asset."""
        self._asset.repository.grant_pull(container_definition.task_definition.obtain_execution_role())
        return ecs.ContainerImageConfig(image_name=self._asset.image_uri)


def _name(container: ecs.ContainerDefinition) -> str:
    """Return the name of a container; AWS Batch hands over something that has none."""
    try:
        return container.container_name
    except RuntimeError:
        return "the job"


def _container_image(image: object, tag_or_digest: str | None) -> ecs.ContainerImage:
    # An imported repository is an anonymous class in Python, told only by what it can do.
    if hasattr(image, "repository_uri_for_tag_or_digest"):
        return ecs.ContainerImage.from_ecr_repository(cast("ecr.IRepository", image), tag_or_digest)
    if tag_or_digest is not None:
        raise ConflictError(
            f"tag or digest {tag_or_digest!r} goes with a repository only; this image already has its own: {image}"
        )
    if isinstance(image, ecr_assets.DockerImageAsset):
        return ecs.ContainerImage.from_docker_image_asset(image)
    if isinstance(image, str):
        return ecs.ContainerImage.from_registry(image)
    if hasattr(image, "bind"):
        return cast("ecs.ContainerImage", image)
    if hasattr(image, "image_uri") and hasattr(image, "repository"):
        return _AssetImage(image)
    raise InvalidValueError(
        "SameRegionImage is not made of",
        image,
        allowed="a repository, an image asset, an image URI, or an ecs.ContainerImage",
    )
