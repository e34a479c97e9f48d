"""PULL120: `docker pull` in user data beside a behaviour that does not use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.agent_warnings import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.finding import Problem
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["pull_not_used"]


@rule(
    "PULL120",
    "docker pull that the agent does not use",
    severity=Severity.WARNING,
    on="capacity",
    fix="Set ECS_IMAGE_PULL_BEHAVIOR=prefer-cached, which uses what is there, or remove the pull",
    mixin="ImagePullBehavior",
    sources=("amazon-ecs-agent 1.105.1: agent/engine/docker_task_engine.go",),
)
def pull_not_used(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """The user data pulls an image, and the agent asks the registry for it all the same.

    ## What it does
    Finds `docker pull` in user data whose pull behavior is `default`, `always` or `once`. An image that the user data
    runs itself, with `docker run`, is left alone, and so is one whose behaviour cannot be known.

    ## Why it matters
    `once` goes by the agent's own state: an image that Docker has and the agent did not pull counts as missing.
    `default` and `always` ask the registry at every start. The instance waits for the pull twice: once in the user data,
    and again when the first task starts. Only `prefer-cached` looks at what Docker has.

    ## Example
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    docker pull 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:4.2.0
    ```

    ## Use instead
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config
    docker pull 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:4.2.0
    ```

    ## Fix safety
    There is no automatic fix: `prefer-cached` switches image cleanup off for the whole instance, and runs what is
    there without asking the registry.

    ## References
    - https://github.com/aws/amazon-ecs-agent/issues/4247
    - https://github.com/aws/amazon-ecs-agent/issues/4824
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    yield from problems_of(capacity, "PULL120")
