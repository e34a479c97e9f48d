"""PULL208: an agent setting in the environment of a container."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.agent.variables import setting_line, variables
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.fixes.task_patches import environment_patches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["behavior_nobody_reads"]


_AGENT: Final = "amazon-ecs-agent"


@rule(
    "PULL208",
    "A pull behavior where nothing reads it",
    severity=Severity.WARNING,
    on="task",
    fix="Set it on the capacity: cdk.Mixins.of(cluster).apply(ImagePullBehavior.once()); Fargate has no such setting",
    autofix=Autofix(
        changes=Changes.ENVIRONMENT,
        unsafe="removes the variable",
    ),
    sources=("amazon-ecs-agent 1.105.1: agent/config/config.go",),
)
def behavior_nobody_reads(task: TaskDefinition, _context: CheckContext) -> Iterator[Problem]:
    """An agent setting stands in the environment of a container.

    ## What it does
    Finds `ECS_IMAGE_PULL_BEHAVIOR` and the agent's other pull and cleanup variables among the environment
    variables of containers.

    ## Why it matters
    They are variables of the ECS agent on a container instance. In a container nobody reads them; on Fargate there
    is no agent setting at all. Whoever set them believes that images are cached.

    ## Example
    ```yaml
    ContainerDefinitions:
      - Environment: [{Name: ECS_IMAGE_PULL_BEHAVIOR, Value: once}]
    ```

    ## Use instead
    ```python
    cdk.Mixins.of(cluster).apply(ImagePullBehavior.once())   # EC2 capacity
    ```
    On Fargate choose a size that starts in time, or EC2 capacity.

    ## Fix safety
    Removing the variable changes nothing but the revision of the task definition.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    - https://github.com/aws/containers-roadmap/issues/696
    """
    for container in task.containers:
        for name, (value, index) in container.environment.items():
            if name in variables() and container.name != "ecs-agent" and _AGENT not in str(container.image):
                where = (
                    "Fargate has no agent settings" if task.fargate else "the agent reads its own environment"
                )
                line = setting_line(name, str(value), task.os)
                instead = "Leave it out: choose a size that starts in time, or EC2 capacity"
                yield Problem(
                    fix=instead
                    if task.fargate
                    else f"Leave it out, and put it into the user data of the capacity: {line}",
                    message=f"{name} in container {container.name} has no effect: {where}",
                    path=(*container.path, "Environment", index),
                    quote=f"{name}={value}",
                    patches=tuple(environment_patches(task, container, variables())),
                )
