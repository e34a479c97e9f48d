"""PULL305: a repository with mutable tags whose images run under a cached mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.template.ecs.images import immutable_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.model import Resource

__all__ = ["mutable_behind_cache"]

# A floating tag is PULL103's to say.
_MUTABLE: Final = frozenset({"unique", "unknown"})


@rule(
    "PULL305",
    "A mutable repository behind a cached pull behavior",
    severity=Severity.WARNING,
    on="repository",
    fix="Set ImageTagMutability to IMMUTABLE; ImageRepository does",
    sources=("amazon-ecs-agent 1.105.1: agent/engine; Amazon ECR User Guide, Image tag mutability",),
)
def mutable_behind_cache(repository: Resource, context: CheckContext) -> Iterator[Problem]:
    """Images with mutable tags run on capacity that caches images.

    ## What it does
    Finds repositories in the templates that allow a tag to be pushed again, and whose images run by such a tag on
    EC2 capacity with `once` or `prefer-cached`.

    ## Why it matters
    The instance keeps the first image that it saw under a tag. When the tag is pushed again, instances differ in
    what they run under one name, and a deployment can pin the old one for all (software version consistency).

    ## Example
    ```yaml
    Repo: {Type: AWS::ECR::Repository}   # mutable, the default of ECR
    ```

    ## Use instead
    ```yaml
    Repo: {Type: AWS::ECR::Repository, Properties: {ImageTagMutability: IMMUTABLE}}
    ```

    ## Fix safety
    Pipelines that push an existing tag, such as `latest`, fail from then on. Exclude such tags with
    `ImageTagMutabilityExclusionFilters`.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
    """
    for image, capacities in context.images_on_capacity.get(repository, ()):
        tag = image.tag if isinstance(image.tag, str) else None
        can_move = image.kind in _MUTABLE and immutable_tag(repository, tag) is False
        capacity = context.first_caching(capacities) if can_move else None
        if capacity is not None:
            yield Problem(
                message=f"tags in this repository can be overwritten, and {image} runs under {capacity.behavior} on "
                f"{capacity.resource.logical_id}",
                path=("Properties", "ImageTagMutability"),
            )
            return
