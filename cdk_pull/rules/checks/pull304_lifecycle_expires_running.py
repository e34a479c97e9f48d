"""PULL304: a life-cycle rule that can expire an image that a running service needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.finding import Problem, Severity
from cdk_pull.rules.lifecycle import expiring, read_policy
from cdk_pull.rules.registry import rule
from cdk_pull.template.ecs.images import immutable_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.room import Room
    from cdk_pull.template.model import Resource

__all__ = ["lifecycle_expires_running"]

_PATH: Final = ("Properties", "LifecyclePolicy", "LifecyclePolicyText")


@rule(
    "PULL304",
    "A life-cycle rule that can expire a running image",
    severity=Severity.WARNING,
    on="repository",
    fix="Expire untagged images only, in a repository with immutable tags; ImageRepository does",
    sources=("Amazon ECR User Guide, Life-cycle policy properties",),
)
def lifecycle_expires_running(repository: Resource, room: Room) -> Iterator[Problem]:
    """The life-cycle policy can expire an image that a service runs.

    ## What it does
    Reads the life-cycle policy of repositories whose images run in one of the templates, and finds rules that
    expire tagged images by count or age where a running tag matches, and rules that expire untagged images of a
    repository with mutable tags.

    ## Why it matters
    ECR does not know what runs. A service that has not been deployed for a while falls out of the newest N images,
    and nothing happens until a task is replaced or scales out: then it stops with `CannotPullContainerError`. ECS
    pins the digest of a deployment, so that an image whose tag moved on is untagged and still needed.

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
    with `ImageTagMutability: IMMUTABLE`.

    ## Fix safety
    Images that the policy kept from piling up are stored and paid for by the GB; a prefix or pattern for builds
    that never run can still be expired.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
    """
    policy = repository.values.get("LifecyclePolicy")
    text = policy.get("LifecyclePolicyText") if isinstance(policy, dict) else None
    running = room.running_images.get(repository, [])
    if not running:
        return
    for number, selection in enumerate(read_policy(text)):
        where = f"rule {number + 1} of the policy"
        if selection.status == "untagged":
            if immutable_tag(repository, None) is False:
                yield Problem(
                    message=f"{where} expires untagged images {selection.when}, and tags here can move: the image of a "
                    "running deployment becomes untagged with the next push",
                    fix="Set ImageTagMutability to IMMUTABLE",
                    path=_PATH,
                    severity=Severity.INFO,
                )
            continue
        hit = next((image for image in running if expiring(selection, image)), None)
        if hit is not None:
            yield Problem(
                message=f"{where} expires {selection.what} {selection.when}, and {hit} runs", path=_PATH
            )
