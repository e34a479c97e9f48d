"""PULL105: `VAR=value >> file` without `echo`, or a shell variable that never reaches the file."""

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

__all__ = ["writes_nothing"]


@rule(
    "PULL105",
    "A line that writes nothing to ecs.config",
    severity=Severity.ERROR,
    on="capacity",
    fix="Put echo before it: echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        safe="adds the missing echo, and writes to the file what the script only sets, prints or writes elsewhere",
        codes=codes_of("PULL105"),
    ),
    sources=("amazon-ecs-agent 1.105.1: ecs-init/config",),
)
def writes_nothing(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """A line appears to set an agent variable, but writes nothing.

    ## What it does
    Finds `ECS_…=value >> /etc/ecs/ecs.config` without `echo`, agent variables set in the script alone, and settings
    that are printed or written to another file, such as `/etc/environment`.

    ## Why it matters
    `NAME=value >> file` is an assignment with a redirection: the shell sets its own variable and appends nothing.
    The script succeeds, the file lacks the line, and the agent uses its default.

    ## Example
    ```sh
    ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config
    export ECS_IMAGE_PULL_BEHAVIOR=once
    ```

    ## Use instead
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group. The setting then takes effect for the first time.

    ## References
    - GNU Bash manual, Simple Command Expansion
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    yield from problems_of(capacity, "PULL105")
