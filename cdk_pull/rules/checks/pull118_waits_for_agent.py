"""PULL118: `systemctl start ecs` in user data."""

from __future__ import annotations

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

__all__ = ["waits_for_agent"]

_CODES: Final = frozenset({WarningCode.STARTS_AGENT})


@rule(
    "PULL118",
    "User data that waits for the agent it holds up",
    severity=Severity.ERROR,
    on="capacity",
    fix="Remove it, the ecs service starts by itself after the user data; or add --no-block",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        safe="systemctl gets --no-block",
        codes=_CODES,
    ),
    sources=("amazon-ecs-init 1.105.1, ecs.service: After=cloud-final.service",),
)
def waits_for_agent(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """The user data waits for a service that waits for the user data.

    ## What it does
    Finds `systemctl start ecs` and the like, which return only when the service has started.

    ## Why it matters
    The `ecs` unit starts after `cloud-final`, and `cloud-final` ends when the user data does. Each waits for the
    other, and the instance never joins its cluster.

    ## Example
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    systemctl start ecs
    ```

    ## Use instead
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group.

    ## References
    - https://github.com/aws/amazon-ecs-agent/issues/1707
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    yield from problems_of(capacity, _CODES)
