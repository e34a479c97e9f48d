"""PULL202: a task size whose estimated start misses the start that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.fixes.task_patches import size_patches
from cdk_pull.rules.support.fargate_facts import choose_size, fargate_size, start_target, task_profile
from cdk_pull.rules.support.unknown_sizes import unknown_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.not_evaluated import NotEvaluated
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["target_missed"]


@rule(
    "PULL202",
    "A declared start that this size does not meet",
    severity=Severity.WARNING,
    on="task",
    fix="Set the cheapest size that meets it, make the image smaller, use zstd or SOCI, or declare a later start",
    mixin="FargateTaskSize",
    autofix=Autofix(
        changes=Changes.TASK_SIZE,
        unsafe="sets the cheapest size whose expected start is within the target",
    ),
    sources=("cdk_pull.fargate.estimate.start, fitted on data/fargate_pull_measurements.csv",),
)
def target_missed(task: TaskDefinition, context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """The expected start at this size is later than the target.

    ## What it does
    Reads the start that a task definition asks for, `Metadata: {cdk-pull: {start-within: 60}}` in seconds, and
    estimates the start for its images where their sizes are known. At the command line it also repeats what a
    `FargateTask` found out when it chose the size; at synth, the construct warns itself. Without sizes it reports
    what it could not evaluate.

    ## Why it matters
    Fargate pulls and unpacks every image for every task, so that the size of image and task decide how fast a
    service scales out or a job begins. The estimate is an interval; a finding means that its middle is later than
    the target.

    ## Example
    ```yaml
    Metadata: {cdk-pull: {start-within: 60, images: {"web:1": {compressed: 2.4GB, uncompressed: 6GB}}}}
    Properties: {Cpu: "256", Memory: "512"}
    ```

    ## Use instead
    ```python
    FargateTask(self, "Web", image=image, cpu=256, memory_limit_mib=512, start_within=cdk.Duration.minutes(1))
    ```

    ## Fix safety
    The task gets the cheapest size whose expected start is within the target. It is a new revision of the task
    definition; services deploy it when they are updated. A larger size costs more for every hour that the task runs:
    the fix names the price per month in the stack's Region.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
    """
    weighed = task.resource.metadata.get("fargate-size")
    if isinstance(weighed, dict) and weighed.get("target_met") is False:
        if context.synthesizing:
            return  # the construct has warned itself
        yield Problem(message=str(weighed.get("why", "no size meets the target")), path=task.shape.size_path)
        return
    target, profile, size = (
        start_target(task.resource.metadata.get("start-within")),
        task_profile(task, context),
        fargate_size(task),
    )
    if not task.fargate or target is None:
        return
    if profile is None:
        yield from unknown_sizes(task, context)
    if profile is None or size is None:
        return
    choice = choose_size(task, profile, size, start_seconds=target)
    if choice is None or (choice.candidate is choice.floor and choice.target_met):
        return
    start = choice.floor.start.total
    yield Problem(
        message=f"the start is estimated at {start} with {size}; the target is {target:g} s",
        fix=f'Set Cpu: "{choice.size.cpu}" and Memory: "{choice.size.memory_mib}": {choice.why}; {choice.cost}'
        if choice.target_met
        else "No size meets it: make the image smaller, use zstd or SOCI, or declare a later start",
        path=task.shape.size_path,
        patches=tuple(size_patches(task, choice.size)) if choice.target_met else (),
    )
