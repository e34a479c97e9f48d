"""What the rules on platforms share: where a task runs, and what they say when that, or the image, is not known."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.not_evaluated import Missing, NotEvaluated
from cdk_pull.rules.support.unknown_sizes import UNKNOWN_SIZE, unknown_size
from cdk_pull.template.ecs.platforms import TaskPlatforms, instance_platforms, task_platforms

if TYPE_CHECKING:
    from cdk_pull.image.profile import ImageProfile
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.tasks import Container, TaskDefinition

__all__ = ["platforms_of", "unknown_architecture", "unknown_platforms"]

_UNKNOWN_PLATFORMS: Final = Missing(
    "image of unknown platforms", "images of unknown platforms", UNKNOWN_SIZE.advice
)
_UNKNOWN_ARCHITECTURE: Final = Missing(
    "task of unknown CPU architecture",
    "tasks of unknown CPU architecture",
    "set CpuArchitecture in the RuntimePlatform of the task definition",
)


def platforms_of(task: TaskDefinition, context: CheckContext) -> TaskPlatforms:
    """Return where a task may run, by what it states or else by the instances of its services."""
    stated = task_platforms(task)
    if stated is not None:
        return stated
    # Services share their capacities: of both there may be thousands.
    shared = [
        context.once(("platforms", id(each)), partial(instance_platforms, each))
        for each in context.capacities_under(task)
    ]
    # A task that states an operating system is placed on instances of it.
    platform = task.values.get("RuntimePlatform")
    stated_os = isinstance(platform, dict) and "OperatingSystemFamily" in platform
    known = dict.fromkeys(
        platform for each in shared for platform in each.known if not stated_os or platform.os == task.os
    )
    return TaskPlatforms(known=tuple(known), complete=bool(shared) and all(each.complete for each in shared))


def unknown_platforms(container: Container, image: Image, profile: ImageProfile | None) -> NotEvaluated:
    """Return what a rule says of an image of which nobody has said what it is built for."""
    unknown = unknown_size(container, image)
    # Whoever looks it up gets to know both, so that it is counted once.
    if profile is None or unknown.missing is not UNKNOWN_SIZE:
        return unknown
    return NotEvaluated(missing=_UNKNOWN_PLATFORMS, name=unknown.name, path=unknown.path)


def unknown_architecture(task: TaskDefinition, reason: str) -> NotEvaluated:
    """Return what a rule says of a task that runs on instances of an unknown architecture."""
    return NotEvaluated(
        missing=_UNKNOWN_ARCHITECTURE, name=task.resource.logical_id, reason=reason, path=task.base
    )
