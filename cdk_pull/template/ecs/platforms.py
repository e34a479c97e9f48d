"""The platforms that the containers of a task run on: as the task states, as Fargate's default is, or as its instances are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from cdk_pull.image.platform import Platform
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass
from cdk_pull.shapes import as_list, as_object
from cdk_pull.template.context import value_at
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["CPU_ARCHITECTURES", "TaskPlatforms", "architectures_of", "instance_platforms", "task_platforms"]

Architecture = Literal["amd64", "arm64"]

CPU_ARCHITECTURES: Final[dict[str, Architecture]] = {"X86_64": "amd64", "ARM64": "arm64"}
"""By the CpuArchitecture of a task definition, what the platform of an image calls it."""

# Amazon EC2, Instance type naming conventions: a g behind the generation is for AWS Graviton, as A1 is.
_GRAVITON: Final = lazy_pattern(r"(?:a1|[a-z]+[0-9]+g[a-z]*)(?:-[a-z0-9]+)?\.", re.IGNORECASE)
_ARM: Final = lazy_pattern(r"arm64|aarch64", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskPlatforms:
    """Where a task may run.

    Attributes:
        known: each platform that it may run on, in order.
        complete: whether there can be no other.
    """

    known: tuple[Platform, ...]
    complete: bool


def task_platforms(task: TaskDefinition) -> TaskPlatforms | None:
    """Return where a task may run by what it states, and by Fargate's default; None where its instances decide."""
    stated = task.values.get("RuntimePlatform")
    platform = as_object(stated)
    if task.os == "windows":
        return TaskPlatforms(known=(Platform("windows"),), complete=True)
    if not (task.fargate or isinstance(stated, Unknown) or "CpuArchitecture" in platform):
        return None
    architecture = CPU_ARCHITECTURES.get(task.stated_architecture or "") if task.family else None
    known = () if architecture is None else (Platform(architecture=architecture),)
    return TaskPlatforms(known=known, complete=bool(known))


def instance_platforms(capacities: Iterable[Capacity]) -> TaskPlatforms:
    """Return what instances are on which a task may be placed."""
    found = [_platforms(each) for each in capacities]
    known = dict.fromkeys(platform for each in found for platform in each)
    return TaskPlatforms(known=tuple(known), complete=bool(found) and () not in found)


def _platforms(capacity: Capacity) -> tuple[Platform, ...]:
    if capacity.os == "windows":
        return (Platform("windows"),)
    return tuple(Platform(architecture=each) for each in architectures_of(capacity))


def architectures_of(capacity: Capacity) -> tuple[Architecture, ...]:
    """Return the architectures of instances, by their machine image or else by their types; none where neither tells."""
    if capacity.image.ecs:
        return ("arm64" if _ARM.search(capacity.ami) else "amd64",)
    types = list(_instance_types(capacity))
    if not all(isinstance(each, str) and "." in each for each in types):
        return ()
    return tuple(dict.fromkeys("arm64" if _GRAVITON.match(each) else "amd64" for each in types))


def _instance_types(capacity: Capacity) -> Iterator[Any]:
    """Yield the types that a launch may have, evaluated; None for those that its requirements choose."""
    overridden = False
    for group in capacity.groups:
        path = ("MixedInstancesPolicy", "LaunchTemplate", "Overrides")
        for each in as_list(value_at(group.values, path)):
            overridden = True
            yield as_object(each).get("InstanceType")
    if not overridden or len(capacity.groups) != 1:
        yield capacity.settings.get("InstanceType")
