"""PULL405: an operating system family that Fargate does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.errors import CdkPullError
from cdk_pull.fargate.sizes import check_architecture
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.windows.families import fargate_family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["family_not_on_fargate"]


@rule(
    "PULL405",
    "A Windows family that Fargate does not support",
    severity=Severity.ERROR,
    on="task",
    fix="Use WINDOWS_SERVER_2022_CORE, or another family that the message lists, on X86_64; or EC2 capacity",
    sources=(
        "data/windows_families.json",
        "aws/containers-roadmap#2754",
    ),
)
def family_not_on_fargate(task: TaskDefinition, _context: CheckContext) -> Iterator[Problem]:
    """Fargate does not support this operating system family.

    ## What it does
    Compares the operating system family of Fargate tasks with those that Fargate runs: Windows Server 2019 and
    2022, Core and Full, on X86_64 alone.

    ## Why it matters
    The ECS API accepts more families than Fargate supports, such as WINDOWS_SERVER_2025_CORE for EC2 capacity. The
    deployment fails.

    ## Example
    ```yaml
    RequiresCompatibilities: [FARGATE]
    RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2025_CORE}
    ```

    ## Use instead
    ```yaml
    RequiresCompatibilities: [FARGATE]
    RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2022_CORE}
    ```

    ## Fix safety
    Another family needs an image of its build (PULL404).

    ## References
    - https://github.com/aws/containers-roadmap/issues/2754
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-windows-considerations.html
    """
    if not task.fargate or task.os != "windows":
        return
    try:
        fargate_family(task.family)
        check_architecture(task.architecture, task.os)
    except CdkPullError as error:
        yield Problem(message=str(error), path=(*task.base, "RuntimePlatform"), quote=task.family)
