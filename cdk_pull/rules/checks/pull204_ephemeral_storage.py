"""PULL204: ephemeral storage that cannot hold the compressed and the uncompressed image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.ephemeral import INCLUDED_GIB, MAXIMUM_GIB, MINIMUM_GIB, needed_gib
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes, Patch
from cdk_pull.rules.support.fargate_facts import task_profile
from cdk_pull.rules.support.unknown_sizes import unknown_sizes
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.not_evaluated import NotEvaluated
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["ephemeral_storage"]


@rule(
    "PULL204",
    "Ephemeral storage that cannot hold the image",
    severity=Severity.ERROR,
    on="task",
    fix="Set the ephemeral storage in the message",
    autofix=Autofix(
        changes=Changes.STORAGE,
        safe="sets the storage that the images need",
    ),
    sources=("Amazon ECS Developer Guide, Fargate task ephemeral storage",),
)
def ephemeral_storage(task: TaskDefinition, context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """The image does not fit the task's ephemeral storage.

    ## What it does
    Compares the ephemeral storage of Fargate tasks, 20 GiB by default, with the compressed and
    uncompressed sizes of their images, where these are known, and with the 21 to 200 GiB that ECS accepts.

    ## Why it matters
    The task's ephemeral storage holds the compressed and the uncompressed image at once, before any data of the
    container. A task that runs out stops with `CannotPullContainerError: no space left on device`, at every start. ECS
    rejects a number outside its bounds when the task definition is registered, in the middle of a deployment.

    ## Example
    ```yaml
    Metadata: {cdk-pull: {images: {"model:1": {compressed: 9GB, uncompressed: 21GB}}}}
    ```

    ## Use instead
    ```yaml
    EphemeralStorage: {SizeInGiB: 40}
    ```

    ## Fix safety
    It is a new revision of the task definition; services deploy it when they are updated. Storage above 20 GiB is
    charged per GB and hour. Windows tasks have 20 GiB.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html
    """
    has, path = task.ephemeral_gib, (*task.base, "EphemeralStorage")
    if not task.for_fargate or isinstance(has, Unknown):
        return
    if has is not None and not INCLUDED_GIB <= has <= MAXIMUM_GIB:
        yield Problem(
            message=f"ephemeral storage of {has} GiB is out of bounds: Amazon ECS rejects the task definition",
            fix=f"Set SizeInGiB to {MINIMUM_GIB} to {MAXIMUM_GIB}, or leave EphemeralStorage out for {INCLUDED_GIB} GiB",
            path=(*path, "SizeInGiB"),
            quote=str(has),
        )
        return
    if not task.fargate:
        return
    profile = task_profile(task, context)
    if profile is None:
        yield from unknown_sizes(task, context)
        return
    # The guide's editions differ on whether Windows tasks may ask for more: one that does is taken at its word.
    system = "linux" if has else task.os
    try:
        needed = needed_gib(profile, os=system)
    except InvalidValueError as error:
        yield Problem(
            message=str(error),
            fix="Make the image smaller, or run the task on EC2 capacity",
            path=path,
        )
        return
    has = has or INCLUDED_GIB
    if needed > has:
        yield Problem(
            message=f"the images need {needed} GiB, compressed and uncompressed, and the task has {has} GiB",
            fix=f"Set EphemeralStorage to {{SizeInGiB: {needed}}}, and more for what the containers write",
            path=path,
            patches=(Patch(("EphemeralStorage",), {"SizeInGiB": needed}),) if task.is_definition else (),
        )
