"""PULL115: something else than the agent removes images beside `once`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.fixes.table import codes_of
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.support.agent_warnings import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.finding import Problem
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["prune_beside_once"]


@rule(
    "PULL115",
    "Images are removed beside once",
    severity=Severity.ERROR,
    on="capacity",
    fix="Remove it: the agent removes unused images itself",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        unsafe="removes the line",
        codes=codes_of("PULL115"),
    ),
    sources=("amazon-ecs-agent 1.105.1: agent/engine/docker_task_engine.go",),
)
def prune_beside_once(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """Something other than the agent removes images that `once` relies on.

    ## What it does
    Finds each line of user data that sets `once` on which a cron job, a unit or a script for later removes images:
    `docker system prune`, `docker image prune`, `docker rmi $(docker images …)`, `docker images … | xargs docker rmi`.
    A line that the script itself runs is left alone: the agent has no images yet. A prune without `-a`, and one with
    the filter `dangling=true`, removes only images that have lost their tag: that is a warning.

    ## Why it matters
    `once` relies on the records of the agent, not on what Docker has. If `docker prune` removes an image that the
    agent has pulled, the next task stops with `CannotPullImageManifestError` instead of pulling it again.

    ## Example
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    echo "0 3 * * * root docker image prune -af" > /etc/cron.d/prune
    ```

    ## Use instead
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    echo ECS_IMAGE_MINIMUM_CLEANUP_AGE=1h >> /etc/ecs/ecs.config
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group. The agent removes unused images after the minimum age, up to the number per cycle.

    ## References
    - amazon-ecs-agent 1.105.1: `agent/engine/docker_task_engine.go`
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    yield from problems_of(capacity, "PULL115")
