"""PULL112: cleanup settings where cleanup is off."""

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

__all__ = ["cleanup_without_effect"]


@rule(
    "PULL112",
    "Image cleanup settings that have no effect",
    severity=Severity.WARNING,
    on="capacity",
    fix="Remove the cleanup setting, or use once, which keeps the cleanup on",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        unsafe="removes the setting",
        codes=codes_of("PULL112"),
    ),
    sources=("amazon-ecs-agent 1.105.1: agent/engine/docker_image_manager.go",),
)
def cleanup_without_effect(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """A cleanup setting is combined with a behavior that turns cleanup off.

    ## What it does
    Finds image cleanup variables beside `prefer-cached` or beside `ECS_DISABLE_IMAGE_CLEANUP=true`.

    ## Why it matters
    `prefer-cached` never starts the cleanup loop, for ECS images and untracked ones alike. An interval
    or an age beside it suggests that the disk is cleaned up, but disk usage grows until pulls fail.

    ## Example
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config
    echo ECS_IMAGE_CLEANUP_INTERVAL=30m >> /etc/ecs/ecs.config
    ```

    ## Use instead
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    echo ECS_IMAGE_CLEANUP_INTERVAL=30m >> /etc/ecs/ecs.config
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group. Removing the setting changes nothing; `once` switches the cleanup on.

    ## References
    - amazon-ecs-agent 1.105.1: `agent/engine/docker_image_manager.go`
    - https://github.com/aws/containers-roadmap/issues/2670
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    yield from problems_of(capacity, "PULL112")
