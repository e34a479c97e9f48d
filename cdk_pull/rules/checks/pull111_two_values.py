"""PULL111: one variable that is set twice, to two values."""

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

__all__ = ["two_values"]


@rule(
    "PULL111",
    "Two values for one agent variable",
    severity=Severity.WARNING,
    on="capacity",
    fix="Keep one of the two lines",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        unsafe="removes the line that has no effect",
        codes=codes_of("PULL111"),
    ),
    sources=("amazon-ecs-agent 1.105.1: ecs-init/config",),
)
def two_values(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """One variable is set twice, to two values.

    ## What it does
    Finds an agent variable that the same user data sets to two different values.

    ## Why it matters
    The last line wins. The author of the first line does not notice, and the order in which constructs append
    their lines decides what the agent does.

    ## Example
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    echo ECS_IMAGE_PULL_BEHAVIOR=always >> /etc/ecs/ecs.config
    ```

    ## Use instead
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=always >> /etc/ecs/ecs.config
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group. Removing the line without effect changes nothing on the instances.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    yield from problems_of(capacity, "PULL111")
