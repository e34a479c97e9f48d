"""PULL201: a CPU and memory pair that Fargate does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.sizes import check, fits, parse_cpu, parse_memory
from cdk_pull.rules.finding import Problem, Severity
from cdk_pull.rules.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.fargate.sizes import Os
    from cdk_pull.rules.room import Room
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["invalid_size"]


@rule(
    "PULL201",
    "CPU and memory that Fargate does not run",
    severity=Severity.ERROR,
    on="task",
    fix="Set Cpu and Memory to one of the pairs in the message",
    mixin="FargateTaskSize",
    sources=("data/fargate_sizes.json",),
)
def invalid_size(task: TaskDefinition, _room: Room) -> Iterator[Problem]:
    """Fargate refuses the task size.

    ## What it does
    Checks `Cpu` and `Memory` of task definitions for Fargate against the complete table, Windows and 32 vCPU
    included, in every form that ECS accepts (`1024`, `"1 vCPU"`, `"2GB"`), and that neither is missing.

    ## Why it matters
    aws-cdk-lib does not check the Linux combinations, so that an invalid pair is only refused when the task
    definition is registered, in the middle of a deployment.

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
    It is a new revision of the task definition; services deploy it when they are updated. A larger size costs more
    for every hour; a smaller one must still hold the containers.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
    """
    if not task.fargate:
        return
    for name in ("Cpu", "Memory"):
        if task.resource.values.get(name) is None:
            yield Problem(
                message=f"a Fargate task needs {name} on the task, and it has none", path=("Properties",)
            )
            return
    cpu, memory = task.size
    if cpu is None or memory is None:
        return
    try:
        check(cpu, memory, task.os)
    except InvalidValueError as error:
        yield Problem(
            message=str(error),
            fix=_exact(cpu, memory, task.os),
            path=("Properties", "Cpu"),
            quote=f"Cpu: {cpu}, Memory: {memory}",
        )


def _exact(cpu: str, memory: str, os: Os) -> str:
    """Return the smallest size that has as much of both; empty where a text is no number or nothing is that large."""
    try:
        size = fits(cpu=parse_cpu(cpu), memory_mib=parse_memory(memory), os=os)[0]
    except InvalidValueError:
        return ""
    return f'Set Cpu: "{size.cpu}" and Memory: "{size.memory_mib}"'
