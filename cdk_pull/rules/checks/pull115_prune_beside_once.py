"""PULL115: `docker prune` beside `once`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cdk_pull.agent.readers.codes import WarningCode
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

_CODES: Final = frozenset({WarningCode.PRUNE_BESIDE_ONCE})


_EVERYTHING: Final = re.compile(r"\s(?:-[a-z]*a[a-z]*|--all)\b|docker\s+(?:rmi|image\s+rm)\b")


@rule(
    "PULL115",
    "docker prune beside once",
    severity=Severity.ERROR,
    on="capacity",
    fix="Remove the prune; the agent's own clean-up knows what once relies on",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        unsafe="the line with the prune is left out",
        codes=_CODES,
    ),
    sources=("amazon-ecs-agent 1.105.1: agent/engine/docker_task_engine.go",),
)
def prune_beside_once(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """Something else than the agent removes images that `once` relies on.

    ## What it does
    Finds `docker system prune`, `docker image prune` and `docker rmi $(docker images …)` in user data that sets
    `once`. One that the script itself runs is left alone: the agent has no images yet. Without `-a` a prune takes
    only images that have lost their tag: that is a warning.

    ## Why it matters
    `once` goes by the agent's own state, not by what Docker has: an image that the agent has pulled counts as
    there. When `docker prune` removed it, the next task stops with `CannotPullImageManifestError` in place of
    pulling again.

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
    for problem in problems_of(capacity, _CODES):
        yield problem if _EVERYTHING.search(problem.quote) else replace(problem, severity=Severity.WARNING)
