"""PULL107: Windows: a variable that is set when the agent has already started."""

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

__all__ = ["after_initialize"]


@rule(
    "PULL107",
    "A variable that is set after Initialize-ECSAgent",
    severity=Severity.ERROR,
    on="capacity",
    fix="Set it before Initialize-ECSAgent; in CDK use the mixin, which does",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        safe="moves the line before Initialize-ECSAgent",
        codes=codes_of("PULL107"),
    ),
    sources=("amazon-ecs-agent 1.105.1: agent on Windows; aws-cdk-lib 2.275 aws-ecs cluster",),
)
def after_initialize(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """The variable is set after the agent has started.

    ## What it does
    Finds `[Environment]::SetEnvironmentVariable("ECS_…", …, "Machine")` after `Initialize-ECSAgent` in the user
    data of Windows instances.

    ## Why it matters
    `Initialize-ECSAgent` starts the service, which reads its environment once. aws-cdk-lib writes that line at the
    moment the group joins the cluster, so that whatever `add_user_data` appends afterwards has no effect.

    ## Example
    ```powershell
    Initialize-ECSAgent -Cluster web -EnableTaskIAMRole
    [Environment]::SetEnvironmentVariable("ECS_IMAGE_PULL_BEHAVIOR", "once", "Machine")
    ```

    ## Use instead
    ```powershell
    [Environment]::SetEnvironmentVariable("ECS_IMAGE_PULL_BEHAVIOR", "once", "Machine")
    Initialize-ECSAgent -Cluster web -EnableTaskIAMRole
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group. The setting then takes effect for the first time.

    ## References
    - https://github.com/aws/aws-cdk/issues/23975
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bootstrap_windows_container_instance.html
    """
    yield from problems_of(capacity, "PULL107")
