"""PULL204: ephemeral storage that cannot hold the compressed and the uncompressed image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.ephemeral import INCLUDED_GIB, needed_gib
from cdk_pull.rules.fargate_facts import task_profile
from cdk_pull.rules.finding import Problem, Severity
from cdk_pull.rules.mend import Changes, Mend, Patch
from cdk_pull.rules.registry import rule
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.room import Room
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["ephemeral_storage"]


@rule(
    "PULL204",
    "Ephemeral storage that cannot hold the image",
    severity=Severity.ERROR,
    on="task",
    fix="Ask for the ephemeral storage in the message",
    mend=Mend(
        changes=Changes.STORAGE,
        safe="the task gets the storage that its images need",
    ),
    sources=("Amazon ECS Developer Guide, Fargate task ephemeral storage",),
)
def ephemeral_storage(task: TaskDefinition, room: Room) -> Iterator[Problem]:
    """The image does not fit the task's ephemeral storage.

    ## What it does
    Compares the ephemeral storage of Fargate tasks, 20 GiB where they ask for none, with the compressed and
    uncompressed sizes of their images, where these are known.

    ## Why it matters
    The task's ephemeral storage holds the compressed and the uncompressed image at once, before any data of the
    container. A task that runs out stops with `CannotPullContainerError: no space left on device`, at every start.

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
    paid by GB and hour. Windows tasks cannot ask for more than 20 GiB.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html
    """
    profile = task_profile(task, room)
    if (
        profile is None
        or not task.fargate
        or isinstance(task.resource.values.get("EphemeralStorage"), Unknown)
    ):
        return
    has = task.ephemeral_gib or INCLUDED_GIB
    try:
        needed = needed_gib(profile, os=task.os)
    except InvalidValueError as error:
        yield Problem(message=str(error), path=("Properties", "EphemeralStorage"))
        return
    if needed > has:
        yield Problem(
            message=f"the images need {needed} GiB, compressed and uncompressed, and the task has {has} GiB",
            fix=f"Set EphemeralStorage to {{SizeInGiB: {needed}}}",
            path=("Properties", "EphemeralStorage"),
            patches=(Patch(("EphemeralStorage",), {"SizeInGiB": needed}),),
        )
