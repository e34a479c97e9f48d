"""PULL203: a large image that a quarter or half vCPU has to unpack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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

__all__ = ["starved_extraction"]

_ONE_VCPU: Final = 1024


@rule(
    "PULL203",
    "A large image on less than one vCPU",
    severity=Severity.INFO,
    on="task",
    fix="Set the size in the message, make the image smaller, or declare the start that you need, for which the cheapest size is chosen",
    mixin="FargateTaskSize",
    autofix=Autofix(
        changes=Changes.TASK_SIZE,
        unsafe="sets the cheapest size of at most 1 vCPU that starts within the noise of the soonest",
    ),
    sources=(
        "cdk_pull.fargate.estimate.start",
        "Amazon ECS Best Practices Guide, Fargate tasks",
    ),
)
def starved_extraction(task: TaskDefinition, context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """A fraction of a vCPU unpacks a large image.

    ## What it does
    Finds Fargate tasks of 256 or 512 CPU units whose images are known to be so large that up to one vCPU would start
    them more than ten seconds sooner by the estimate. Ten seconds is the noise of a start; below that a larger size is
    no gain. A task that declares a start (PULL202), or whose size a `FargateTask` has chosen, is left alone.

    ## Why it matters
    AWS names the number of vCPUs among what decides the time to decompress. For a service that scales out or a job
    that starts often, the wait can cost more than the larger size; for a service that starts once a week it does
    not.

    ## Example
    ```yaml
    Cpu: "256"   # an image of 1.2 GB
    ```

    ## Use instead
    ```yaml
    Cpu: "1024"
    Memory: "2048"
    ```
    or a smaller image, which helps at every size.

    ## Fix safety
    The task gets the cheapest size of at most 1 vCPU that starts within the noise of the soonest. It is a new revision
    of the task definition; services deploy it when they are updated. From 256 to 1024 CPU units is about four times
    the price: the fix names it per month in the stack's Region.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
    """
    size, profile = fargate_size(task), task_profile(task, context)
    if not task.fargate or size is None or size.cpu >= _ONE_VCPU or task.os != "linux":
        return
    metadata = task.resource.metadata
    if "fargate-size" in metadata or start_target(metadata.get("start-within")) is not None:
        return
    if profile is None:
        yield from unknown_sizes(task, context)
        return
    choice = choose_size(task, profile, size)
    if choice is None:
        return
    # Few tasks have known images.
    from cdk_pull.fargate.estimate.start import NOISE_SECONDS  # noqa: PLC0415

    now = choice.floor.start.total
    smaller = [each for each in choice.candidates if each.size.cpu <= _ONE_VCPU]
    soonest = min(each.start.total.expected for each in smaller)
    if now.expected - soonest <= NOISE_SECONDS:
        return
    # Within the noise of the soonest start, nothing is left to find after the fix.
    better = next(each for each in smaller if each.start.total.expected - soonest <= NOISE_SECONDS)
    more = better.more_than(choice.floor)
    cost = better.cost(choice.region) + (f", {more}" if more else "")
    yield Problem(
        message=f"the start is estimated at {now} with {size}, and at {better.start.total} with {better.size}",
        fix=f'Set Cpu: "{better.size.cpu}" and Memory: "{better.size.memory_mib}" ({cost}), or make the image smaller',
        path=task.shape.size_path,
        patches=tuple(size_patches(task, better.size)),
    )
