"""PULL301: an ECR image of another Region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.rules.engine.finding import Confidence, Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.fixes.task_patches import image_patches, named, written_image
from cdk_pull.rules.support.near import across_regions, cannot_tell
from cdk_pull.rules.support.pull_through import cached_name, upstream_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.tasks import Container, TaskDefinition

__all__ = ["other_region"]


def _moved(image: Any, origin: str, region: str) -> Any:
    """Return what names an image of one Region in another, whatever CloudFormation puts its name together of."""
    match image:
        case str():
            return image.replace(f".dkr.ecr.{origin}.", f".dkr.ecr.{region}.")
        case list():
            return [_moved(each, origin, region) for each in image]
        case dict():
            return {key: _moved(each, origin, region) for key, each in image.items()}
    return image


@rule(
    "PULL301",
    "An image of another Region",
    severity=Severity.WARNING,
    on="task",
    fix="Replicate the repository to the stack's Region, cache it by pull-through, or push to both; then name the image there",
    autofix=Autofix(
        changes=Changes.IMAGE,
        unsafe="changes the image to the one of this name in the Region of the stack, or to a pull-through cache of the app",
    ),
    sources=("Amazon ECR User Guide; Amazon EC2 pricing, data transfer",),
)
def other_region(task: TaskDefinition, context: CheckContext) -> Iterator[Problem]:
    """The image is pulled across Regions.

    ## What it does
    Reads the Region of every ECR image, through joins, imports and exports, and compares it with the stack's. Where
    the stack can be deployed to any Region and the image names one, it says that it cannot tell. An image of another
    partition, such as one of `us-east-1` in a stack of `cn-north-1`, is an error.

    ## Why it matters
    Each pull crosses Regions: slower by the distance, about 0.02 USD per GB, and a start that needs two Regions to
    be well. Nothing in CDK or CloudFormation points it out. From another partition nothing can be pulled at all: its
    registry does not know the task's role.

    ## Example
    ```yaml
    Image: 111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1.2.3   # in a stack of eu-west-1
    ```

    ## Use instead
    ```yaml
    Image: !Sub 111122223333.dkr.ecr.${AWS::Region}.amazonaws.com/web:1.2.3   # with a replication rule
    ```
    or, with an `AWS::ECR::PullThroughCacheRule` whose upstream is the registry of the other Region, the image's name
    behind its prefix.

    ## Fix safety
    The image must be in the new place before the deployment. Replication does not copy what was pushed before it.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
    - https://github.com/aws/aws-cdk/issues/34813
    """
    for container in task.containers:
        image = container.image
        if image is None or image.place.region is None:
            continue
        path, place = (*container.path, "Image"), image.place
        if place.verdict == "elsewhere":
            yield _elsewhere(task, container, image, context)
        elif place.verdict == "unknown":
            far = cannot_tell(place)
            yield Problem(
                message=far.message,
                fix=far.fix,
                path=path,
                quote=place.image,
                severity=Severity.INFO,
                confidence=Confidence.LOW,
            )


def _elsewhere(task: TaskDefinition, container: Container, image: Image, context: CheckContext) -> Problem:
    template, place = task.resource.template.context, image.place
    origin, region = place.region or "", template.environment.region or ""
    path = (*container.path, "Image")
    far = across_regions(place, region)
    # Credentials of its own could open a registry to which no role of this partition has a way.
    if far.partition and "RepositoryCredentials" not in container.values:
        return Problem(
            message=far.message,
            fix=far.fix,
            path=path,
            quote=place.image,
            severity=Severity.ERROR,
        )
    upstream = upstream_of(image)
    cached = cached_name(image, upstream, context, template) if upstream is not None else ""
    moved = named(cached) if cached else _moved(written_image(task, container), origin, region)
    return Problem(
        message=f"{place.image} is pulled from {origin} to {region}"
        + (", although a pull-through cache for it is in these templates" if cached else ""),
        fix=f"Name it {cached}" if cached else "",
        path=path,
        quote=place.image,
        patches=tuple(image_patches(task, container, moved)),
    )
