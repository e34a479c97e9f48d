"""PULL201: a CPU and memory pair that Fargate does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.sizes import check
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.fixes.task_patches import fitting_size, size_patches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["invalid_size"]


@rule(
    "PULL201",
    "CPU and memory that Fargate does not run",
    severity=Severity.ERROR,
    on="task",
    fix='Set Cpu and Memory to a pair that AWS Fargate runs, such as "256" and "512"',
    autofix=Autofix(
        changes=Changes.TASK_SIZE,
        safe="sets the smallest size with at least this CPU and memory that fits the containers",
    ),
    sources=("data/fargate_sizes.json",),
)
def invalid_size(task: TaskDefinition, _context: CheckContext) -> Iterator[Problem]:
    """Fargate does not support the task size.

    ## What it does
    Checks `Cpu` and `Memory` against the complete table, Windows and 32 vCPU included, in every form that ECS accepts
    (`1024`, `"1 vCPU"`, `"2GB"`), and that neither is missing. It looks at task definitions that have `FARGATE` in
    `RequiresCompatibilities`, beside `EC2` too, or that a service, schedule, event rule, pipe or task set runs on Fargate.

    ## Why it matters
    aws-cdk-lib does not check the Linux combinations, so that an invalid pair is only refused when the task
    definition is registered, in the middle of a deployment: `No Fargate configuration exists for given values`. One
    without `RequiresCompatibilities` is registered, and no task of it starts on Fargate.

    ## Example
    ```yaml
    Cpu: "256"
    Memory: "8192"
    ```

    ## Use instead
    ```yaml
    Cpu: "1024"
    Memory: "8192"
    ```

    ## Fix safety
    The change is a new revision of the task definition, which services deploy when they are updated. A larger size
    costs more per hour; a smaller one must still fit the containers.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
    """
    if not task.for_fargate:
        return
    for name in ("Cpu", "Memory"):
        if task.values.get(name) is None and task.resource.is_whole:
            yield Problem(
                message=f"a Fargate task needs {name} on the task definition, and this one has none",
                fix=task.size_fix(size) if (size := fitting_size(task)) else "",
                path=("Properties",),
                patches=tuple(size_patches(task, size)),
            )
            return
    cpu, memory = task.size
    if cpu is None or memory is None:
        return
    try:
        check(cpu, memory, task.os)
    except InvalidValueError as error:
        size = fitting_size(task)
        yield Problem(
            message=str(error),
            fix=task.size_fix(size) if size else "",
            path=task.shape.size_path,
            quote=f"Cpu: {cpu}, Memory: {memory}",
            patches=tuple(size_patches(task, size)),
        )
