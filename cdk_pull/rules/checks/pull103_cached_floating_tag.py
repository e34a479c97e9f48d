"""PULL103: `once` or `prefer-cached` with `latest`, no tag, or another tag that moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["cached_floating_tag"]


@rule(
    "PULL103",
    "A cached pull behavior with a tag that moves",
    severity=Severity.WARNING,
    on="task",
    fix="Name the image by digest or by a tag of one build; or use always on this capacity",
    sources=("amazon-ecs-agent 1.105.1: agent/engine/image",),
)
def cached_floating_tag(task: TaskDefinition, context: CheckContext) -> Iterator[Problem]:
    """Capacity with a cached behavior runs images whose tag moves.

    ## What it does
    Finds services on capacity with `once` or `prefer-cached` whose image has no tag, `latest`, or another tag that
    does not look like one build (`stable`, `main`, `3.12`). A digest, an immutable tag and a CDK asset are fine,
    and so is a tag that only the deployment knows.

    ## Why it matters
    With a cached behavior, an instance keeps using its copy. Since agent 1.83 a deployment also resolves
    the tag to a digest once, and takes it from that copy on a cache hit (software version consistency): one old
    instance can pin the whole deployment to a stale image, and the deployment succeeds.

    ## Example
    ```python
    cdk.Mixins.of(cluster).apply(ImagePullBehavior.once())
    ecs.ContainerImage.from_ecr_repository(repository)   # :latest
    ```

    ## Use instead
    ```python
    ecs.ContainerImage.from_ecr_repository(repository, os.environ["GIT_COMMIT"])
    ```

    ## Fix safety
    Changing the tag is a new task definition revision and a deployment; nothing else changes.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html#deployment-container-image-stability
    - https://github.com/aws/amazon-ecs-agent/issues/4226
    """
    floating = [
        (container, image)
        for container in task.containers
        if (image := container.image) is not None and image.kind == "floating"
    ]
    caching = map(context.first_caching, context.capacities_under(task))
    capacity = next(filter(None, caching), None) if floating else None
    if capacity is None:
        return
    for container, image in floating:
        tag = f"tag {image.tag}" if image.tag else "no tag, which means latest,"
        yield Problem(
            message=f"{capacity.behavior} on {capacity.resource.logical_id} keeps what an instance already has, "
            f"and {image} has {tag} that moves: a deployment can run a stale image",
            path=(*container.path, "Image"),
            quote=str(image),
        )
