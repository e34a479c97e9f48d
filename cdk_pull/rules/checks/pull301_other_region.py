"""PULL301: an ECR image of another Region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.rules.finding import Problem, Severity
from cdk_pull.rules.mend import Changes, Mend
from cdk_pull.rules.registry import rule
from cdk_pull.rules.task_patches import image_patches, written_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.room import Room
    from cdk_pull.template.ecs.tasks import TaskDefinition

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
    mend=Mend(
        changes=Changes.IMAGE,
        unsafe="the container runs the image of this name in the stack's Region",
    ),
    sources=("Amazon ECR User Guide; Amazon EC2 pricing, data transfer",),
)
def other_region(task: TaskDefinition, _room: Room) -> Iterator[Problem]:
    """The image is pulled across Regions.

    ## What it does
    Reads account and Region of every ECR image, through joins, imports and exports, and compares them with the
    stack's. Where the stack can be deployed to any Region and the image names one, it says that it cannot tell.

    ## Why it matters
    Each pull crosses Regions: slower by the distance, about 0.02 USD per GB, and a start that needs two Regions to
    be well. Nothing in CDK or CloudFormation points it out.

    ## Example
    ```yaml
    Image: 111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1.2.3   # in a stack of eu-west-1
    ```

    ## Use instead
    ```yaml
    Image: !Sub 111122223333.dkr.ecr.${AWS::Region}.amazonaws.com/web:1.2.3   # with a replication rule
    ```

    ## Fix safety
    The image must be in the new place before the deployment. Replication does not copy what was pushed before it.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
    - https://github.com/aws/aws-cdk/issues/34813
    """
    region = task.resource.template.context.environment.region
    for container in task.containers:
        place = container.image.place if container.image is not None else None
        if place is None or place.region is None:
            continue
        path = (*container.path, "Image")
        if place.verdict == "elsewhere":
            yield Problem(
                message=f"{place.image} is pulled from {place.region} to {region}",
                path=path,
                quote=place.image,
                patches=tuple(
                    image_patches(
                        task, container, _moved(written_image(task, container), place.region, region or "")
                    )
                ),
            )
        elif place.verdict == "unknown":
            yield Problem(
                message=f"cannot tell whether {place.image} is near: {place.reason}",
                fix="Give the stack a Region (env), pass --region, or name the image by ${AWS::Region}",
                path=path,
                quote=place.image,
                severity=Severity.INFO,
            )
