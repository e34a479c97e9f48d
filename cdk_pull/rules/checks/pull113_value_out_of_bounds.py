"""PULL113: a value that the agent replaces by another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.fixes.table import codes_of
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.support.agent_warnings import problems_of
from cdk_pull.rules.support.unknown_launches import unknown_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.finding import Problem
    from cdk_pull.rules.engine.not_evaluated import NotEvaluated
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["value_out_of_bounds"]


@rule(
    "PULL113",
    "An agent value out of its bounds",
    severity=Severity.WARNING,
    on="capacity",
    fix="Give a value within the bounds; zero means the default, not never",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        safe="writes the bound where the agent already uses it",
        unsafe="writes the nearest value within the bounds",
        codes=codes_of("PULL113"),
    ),
    sources=("amazon-ecs-agent 1.105.1: agent/config/config.go",),
)
def value_out_of_bounds(capacity: Capacity, _context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """The agent replaces a value outside its bounds.

    ## What it does
    Finds cleanup intervals, ages, counts and timeouts outside the agent's bounds. The summary lists variables that the
    user data names and whose value is not known.

    ## Why it matters
    Below its minimum a value becomes the minimum or, for the cleanup interval, the default of 30 minutes; zero
    means the default, so that `ECS_NUM_IMAGES_DELETE_PER_CYCLE=0` deletes five images a cycle rather than none. A
    negative pull timeout makes every pull fail, which is an error.

    ## Example
    ```sh
    echo ECS_IMAGE_CLEANUP_INTERVAL=5m >> /etc/ecs/ecs.config        # the agent uses 30m
    echo ECS_NUM_IMAGES_DELETE_PER_CYCLE=0 >> /etc/ecs/ecs.config    # the agent uses 5
    ```

    ## Use instead
    ```sh
    echo ECS_IMAGE_CLEANUP_INTERVAL=10m >> /etc/ecs/ecs.config
    echo ECS_DISABLE_IMAGE_CLEANUP=true >> /etc/ecs/ecs.config
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group.

    ## References
    - amazon-ecs-agent 1.105.1: `agent/config/config.go`
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    yield from problems_of(capacity, "PULL113")
    yield from unknown_settings(capacity)
