"""PULL302: an image of a public registry that a pull-through cache could serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.engine.suppress import suppression
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.fixes.task_patches import image_patches, named
from cdk_pull.rules.support.pull_through import cached_name, upstream_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.tasks import TaskDefinition
    from cdk_pull.template.model import PathStep, Template

__all__ = ["public_registry"]


_ID: Final = "PULL302"


@rule(
    _ID,
    "A public registry where the Region could have a cache",
    severity=Severity.INFO,
    on="task",
    fix="Add an AWS::ECR::PullThroughCacheRule, and use its prefix in the image name; in CDK, apply PullThroughCache()",
    autofix=Autofix(
        changes=Changes.IMAGE,
        unsafe="changes the image to the pull-through cache of the app",
    ),
    sources=("data/pull_through_upstreams.json",),
)
def public_registry(task: TaskDefinition, context: CheckContext) -> Iterator[Problem]:
    """The image comes from a public registry.

    ## What it does
    Finds images of registries that ECR can cache by pull-through. It is a warning where one of the templates has
    the rule and the image does not use it; otherwise it is worth knowing, and reported once for each registry and
    template, at the first image.

    ## Why it matters
    Every start depends on a registry outside AWS or outside the Region, on its rate limits (Docker Hub counts
    anonymous pulls by address, and all tasks behind a NAT gateway share one) and on the way to the internet, which
    a NAT gateway charges by the GB.

    ## Example
    ```yaml
    Image: nginx:1.27.2
    ```

    ## Use instead
    ```yaml
    Image: !Sub ${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/docker-hub/library/nginx:1.27.2
    ```

    In CDK, `cdk.Mixins.of(app).apply(pull.PullThroughCache(docker_hub=secret))` does both for every image.

    ## Fix safety
    The first pull of each image still needs a way to the internet, and the execution role needs
    `ecr:BatchImportUpstreamImage` and `ecr:CreateRepository`, which the AWS managed policy does not have. Docker Hub,
    GitHub, GitLab, Azure and Chainguard as upstreams need a secret whose name begins with `ecr-pullthroughcache/`. A
    tag that moves upstream can arrive a day later: ECR compares a cached one once in 24 hours.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
    - https://docs.docker.com/docker-hub/usage/
    """
    for container in task.containers:
        image = container.image
        upstream = upstream_of(image) if image is not None else None
        # An image of another Region is PULL301's to say.
        if image is None or upstream is None or image.place.verdict != "outside":
            continue
        cached = cached_name(image, upstream, context, task.resource.template.context)
        if cached:
            yield Problem(
                message=f"{image} comes from {upstream.registry} at every pull, although a pull-through cache for it is in these templates",
                fix=f"Name it {cached}",
                path=(*container.path, "Image"),
                quote=str(image),
                severity=Severity.WARNING,
                patches=tuple(image_patches(task, container, named(cached))),
            )
            continue
        images = _by_registry(task.resource.template, context).get(upstream.registry, [])
        # One finding says it for the template.
        if images and images[0] == (task.resource.logical_id, container.path):
            yield Problem(
                message=_message(image, upstream.registry, len(images)),
                path=(*container.path, "Image"),
                quote=str(image),
            )


def _message(image: Image, registry: str, number: int) -> str:
    if number == 1:
        return f"{image} comes from {registry} at every pull"
    others = number - 1
    return f"{image} and {others} more image{'s' if others > 1 else ''} of this template come from {registry} at every pull"


def _by_registry(
    template: Template, context: CheckContext
) -> dict[str, list[tuple[str, tuple[PathStep, ...]]]]:
    """Return where the images of each public registry stand in a template, without what is suppressed."""

    def work() -> dict[str, list[tuple[str, tuple[PathStep, ...]]]]:
        found: dict[str, list[tuple[str, tuple[PathStep, ...]]]] = {}
        for task in context.tasks_of(template):
            if suppression(_ID, task.resource) is not None:
                continue
            for container in task.containers:
                image = container.image
                upstream = upstream_of(image) if image is not None else None
                if image is None or upstream is None or image.place.verdict != "outside":
                    continue
                if not cached_name(image, upstream, context, template.context):
                    found.setdefault(upstream.registry, []).append((task.resource.logical_id, container.path))
        return found

    return context.once((_ID, template.key), work)
