"""What several Fargate rules ask of a task definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.sizes import FargateSize, find
from cdk_pull.image.profile import ImageProfile, Layer
from cdk_pull.template.values import as_text, is_text

if TYPE_CHECKING:
    from cdk_pull.fargate.choose import Choice
    from cdk_pull.rules.engine.context import CheckContext, SociIndex
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = [
    "asks_soci",
    "choose_size",
    "fargate_size",
    "soci_indexes",
    "start_target",
    "task_profile",
]

_LONGEST_TARGET: Final = 86_400


def fargate_size(task: TaskDefinition) -> FargateSize | None:
    """Return the size of a task that is made for Fargate; None for others, or where it is not known or invalid (PULL201)."""
    cpu, memory = task.size
    if not task.for_fargate or cpu is None or memory is None:
        return None
    try:
        return find(cpu, memory, task.os)
    except InvalidValueError:
        return None


def task_profile(task: TaskDefinition, context: CheckContext) -> ImageProfile | None:
    """Return all images of a task as one; None unless the sizes of all are known."""
    layers: list[Layer] = []
    for image in task.images:
        profile = context.facts.profile(image, task)
        if profile is None:
            return None
        layers += profile.layers
    return ImageProfile(layers=tuple(layers), os=task.os) if layers else None


def choose_size(
    task: TaskDefinition, profile: ImageProfile, size: FargateSize, *, start_seconds: float | None = None
) -> Choice | None:
    """Return the choice of a size of at least a task's own; None where its images fit no ephemeral storage (PULL204).

    Args:
        task: whose platform, storage and Region count.
        profile: all its images as one.
        size: that it has.
        start_seconds: what it has to start within; without it, every size is weighed and its own is kept.
    """
    # Slow to import, and few tasks have known images.
    from cdk_pull.fargate.choose import Goal, choose  # noqa: PLC0415

    gib = task.ephemeral_gib
    try:
        return choose(
            profile,
            cpu=size.cpu,
            memory_mib=size.memory_mib,
            goal=Goal(start_seconds=start_seconds),
            architecture=task.architecture,
            os=task.os,
            region=task.resource.template.context.environment.region,
            ephemeral_gib=gib if isinstance(gib, int) else None,
        )
    except InvalidValueError:
        return None


def start_target(value: Any) -> float | None:
    """Return the start that metadata asks for, in seconds: ``start-within: 60`` or ``start-within: 60s``; None for another form."""
    text = as_text(value).removesuffix("s") if is_text(value) else ""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds <= _LONGEST_TARGET else None


def asks_soci(task: TaskDefinition, image: Image, context: CheckContext) -> bool:
    """Tell whether somebody wants SOCI for an image: by metadata, or by an index resource for it."""
    return task.resource.metadata.get("soci") is True or bool(soci_indexes(image, context))


def soci_indexes(image: Image, context: CheckContext) -> list[SociIndex]:
    """Return the indexes that are made for an image, or out of it; one whose tag is not known may be."""
    names = {str(image.repository.logical_id)} if image.repository is not None else set()
    if image.reference is not None:
        names.add(image.reference.repository)
    tag = image.tag
    return [
        index
        for index in context.soci_indexes
        if index.repository in names
        and (not isinstance(tag, str) or index.tag is None or tag in {index.tag, index.result})
    ]
