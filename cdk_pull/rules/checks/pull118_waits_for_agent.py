"""PULL118: user data that never ends, so that the agent never starts."""

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

__all__ = ["waits_for_agent"]


@rule(
    "PULL118",
    "User data that keeps the agent from starting",
    severity=Severity.ERROR,
    on="capacity",
    fix="Do not wait: systemctl --no-block start ecs; run what waits or never ends in the background, with &",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        safe="adds --no-block to systemctl",
        codes=codes_of("PULL118"),
    ),
    sources=("amazon-ecs-init 1.105.1, ecs.service: After=cloud-final.service",),
)
def waits_for_agent(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """The user data never ends, or waits for a service that waits for the user data.

    ## What it does
    Finds `systemctl start ecs` and the like, which return only when the service has started; loops that wait for the
    agent, such as `until curl -s http://localhost:51678/v1/metadata`; and what never ends: `while true` without a
    `break`, `tail -f`, `journalctl -f`, `sleep infinity`. In the background (`&`), in a systemd unit or in cron they
    are left alone. On Windows it finds loops without an end before `Initialize-ECSAgent`.

    ## Why it matters
    The `ecs` unit starts after `cloud-final`, and `cloud-final` ends when the user data does. While the user data
    waits, the agent does not start, and the instance never joins its cluster.

    ## Example
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    systemctl start ecs
    ```

    ## Use instead
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    systemctl --no-block start ecs
    ```
    On an ECS-optimized AMI the line is not needed: the service is enabled, and starts by itself.

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group.

    ## References
    - https://github.com/aws/amazon-ecs-agent/issues/1707: the agent does not start while the user data waits for it
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    yield from problems_of(capacity, "PULL118")
