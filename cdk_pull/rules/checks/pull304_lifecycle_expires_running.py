"""PULL304: a lifecycle rule that can expire an image that a running service needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.lifecycle import read_policy, taking
from cdk_pull.template.ecs.images import immutable_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.support.lifecycle import Selection
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.model import Resource

__all__ = ["lifecycle_expires_running"]

_PATH: Final = ("Properties", "LifecyclePolicy", "LifecyclePolicyText")


@rule(
    "PULL304",
    "A lifecycle rule that can expire a running image",
    severity=Severity.WARNING,
    on="repository",
    fix="Expire untagged images only, in a repository with immutable tags, as ImageRepository does; put before it a rule that keeps 9999 of the tags that run; or give builds that never run, such as those of pull requests, a prefix of their own and expire that",
    sources=("Amazon ECR User Guide, Lifecycle policy properties",),
)
def lifecycle_expires_running(repository: Resource, context: CheckContext) -> Iterator[Problem]:
    """The lifecycle policy can expire an image that a service runs.

    ## What it does
    Reads the lifecycle policy of repositories whose images run in one of the templates, in the order of its rules'
    priorities, and finds those that expire or archive images by count or age where a running tag matches. A rule
    that keeps a thousand images, or ten years, shields what it is about from the rules after it, as it does in ECR.
    A rule for untagged images is worth knowing where a running tag such as `latest` can move.

    ## Why it matters
    ECR does not know what runs. A service that has not been deployed for a while falls out of the newest N images,
    and nothing happens until a task is replaced or scales out: then it stops with `CannotPullContainerError`. ECS
    pins the digest of a deployment, so that an image whose tag moved on is untagged and still needed. An archived
    image cannot be pulled either, until somebody restores it. `sinceImagePulled` does not spare what runs under `once`
    or `prefer-cached`: an instance that has the image starts tasks without a pull.

    ## Example
    ```json
    {"rules": [{"rulePriority": 1, "action": {"type": "expire"},
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}}]}
    ```

    ## Use instead
    ```json
    {"rules": [{"rulePriority": 1, "action": {"type": "expire"},
                "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}}]}
    ```
    with `ImageTagMutability: IMMUTABLE`. Or, before the rule that tidies up, one that keeps what runs:
    ```json
    {"rulePriority": 1, "action": {"type": "expire"},
     "selection": {"tagStatus": "tagged", "tagPatternList": ["release-*"], "countType": "imageCountMoreThan", "countNumber": 9999}}
    ```

    ## Fix safety
    Images that no longer expire cost storage per GB. Images of a prefix or pattern that never runs can still
    expire.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
    """
    policy = repository.values.get("LifecyclePolicy")
    text = policy.get("LifecyclePolicyText") if isinstance(policy, dict) else None
    running = context.running_images.get(repository, [])
    selections = read_policy(text) if running else []
    for selection in selections:
        lost = next((each for each in running if _can_lose_its_tag(each, repository)), None)
        if selection.status == "untagged" and lost is not None and not selection.keeps_all:
            yield Problem(
                message=f"{_where(selection)} {selection.does} untagged images {selection.when}, and tags here can move: "
                f"{lost}, as a deployment has pinned it, is untagged after the next push",
                fix="Set ImageTagMutability to IMMUTABLE",
                path=_PATH,
                severity=Severity.INFO,
            )
    hits = {
        each.priority: (each, image) for image in reversed(running) if (each := taking(selections, image))
    }
    for _, (selection, image) in sorted(hits.items()):
        yield Problem(
            message=f"{_where(selection)} {selection.does} {selection.what} {selection.when}, and {image} runs"
            f"{_not_pulled(selection, image, repository, context)}",
            path=_PATH,
        )


def _not_pulled(selection: Selection, image: Image, repository: Resource, context: CheckContext) -> str:
    """Return why an image that runs is not pulled, where the rule counts from the last pull; empty where it is."""
    if not selection.by_pull:
        return ""
    for each, capacities in context.images_on_capacity.get(repository, ()):
        if str(each) == str(image) and (capacity := context.first_caching(capacities)) is not None:
            return f"; {capacity.behavior} on {capacity.resource.logical_id} starts tasks without a pull"
    return ""


def _where(selection: Selection) -> str:
    return f"rule {selection.priority} of the policy"


def _can_lose_its_tag(image: Image, repository: Resource) -> bool:
    """Tell whether a push takes the tag of an image that runs: not that of one build, which a parameter mostly gives, too."""
    tag = image.tag if isinstance(image.tag, str) else None
    return image.kind in {"floating", "digest"} and immutable_tag(repository, tag) is False
