"""PULL209: containers that ask for more CPU or memory than the task has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.fargate.container_needs import needs_of
from cdk_pull.rules.engine.finding import Confidence, Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.fixes.task_patches import fitting_size, size_patches
from cdk_pull.rules.support.fargate_facts import fargate_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition
    from cdk_pull.template.model import PathStep

__all__ = ["containers_do_not_fit"]


@rule(
    "PULL209",
    "Containers that do not fit the task size",
    severity=Severity.ERROR,
    on="task",
    fix="Increase the task size, or reduce what the containers reserve",
    autofix=Autofix(
        changes=Changes.TASK_SIZE,
        safe="sets the smallest size that fits the containers",
    ),
    sources=("Amazon ECS API Reference, ContainerDefinition",),
)
def containers_do_not_fit(task: TaskDefinition, _context: CheckContext) -> Iterator[Problem]:
    """The containers ask for more than the task has.

    ## What it does
    Adds up CPU and reserved memory of the containers of a Fargate task, and compares them, and each container's
    memory limit, with the task size.

    ## Why it matters
    ECS refuses the task definition, which shows only during the deployment. Reserved memory beyond that of the task is
    registered, against the guide, and a warning: once the containers use it, one of them is ended for lack of memory.

    ## Example
    ```yaml
    Cpu: "256"
    ContainerDefinitions: [{Name: web, Cpu: 256}, {Name: proxy, Cpu: 128}]
    ```

    ## Use instead
    ```yaml
    Cpu: "512"
    ContainerDefinitions: [{Name: web, Cpu: 256}, {Name: proxy, Cpu: 128}]
    ```

    ## Fix safety
    It is a new revision of the task definition; services deploy it when they are updated. A larger size costs more
    for every hour.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    size = fargate_size(task)
    if size is None:
        return
    patches = tuple(size_patches(task, fitting_size(task)))
    for shortfall in needs_of(container.values for container in task.containers).shortfalls(size):
        path: tuple[PathStep, ...] = ("Properties", "Cpu" if shortfall.of == "cpu" else "Memory")
        if shortfall.container is not None:
            path = (*task.containers[shortfall.container].path, "Memory")
        overcommitted = shortfall.of == "memory"
        yield Problem(
            message=shortfall.message
            + (": Amazon ECS ends a container when they use it" if overcommitted else ""),
            path=path,
            patches=patches,
            # The guide asks for less than the task's memory; Amazon ECS registers and starts such tasks nevertheless.
            severity=Severity.WARNING if overcommitted else None,
            confidence=Confidence.MEDIUM if overcommitted else None,
        )
