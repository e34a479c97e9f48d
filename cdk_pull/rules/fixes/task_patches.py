"""What several rules change of a task definition: only values that stand in the template as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.container_needs import needs_of
from cdk_pull.fargate.sizes import FargateSize, parse_cpu, parse_memory
from cdk_pull.patterns import lazy_pattern
from cdk_pull.rules.fixes.declaration import Patch
from cdk_pull.template.context import section

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cdk_pull.template.ecs.tasks import Container, TaskDefinition

__all__ = [
    "Plain",
    "environment_patches",
    "fitting_size",
    "image_patches",
    "named",
    "plain",
    "size_patches",
    "written_image",
]

_VARIABLE = lazy_pattern(r"\$\{([^{}]*)\}")
Plain: TypeAlias = str | int | float | None


def plain(value: Any) -> bool:
    """Tell whether a value stands in the template itself, rather than a parameter's or a condition's; or is missing."""
    return isinstance(value, Plain) and not isinstance(value, bool)


def fitting_size(task: TaskDefinition) -> FargateSize | None:
    """Return the smallest size with as much as the task says and its containers need; None where that is not known."""
    cpu, memory = task.size
    try:
        return needs_of(each.values for each in task.containers).smallest_size(
            cpu=parse_cpu(cpu) if cpu else 0, memory_mib=parse_memory(memory) if memory else 0, os=task.os
        )
    except InvalidValueError:
        return None


def size_patches(task: TaskDefinition, size: FargateSize | None) -> Iterator[Patch]:
    """Yield CPU and memory of a size, where both stand in the template as they are, or not at all."""
    said = section(task.resource.body, "Properties")
    if size is not None and task.is_definition and plain(said.get("Cpu")) and plain(said.get("Memory")):
        yield Patch(("Cpu",), str(size.cpu))
        yield Patch(("Memory",), str(size.memory_mib))


def written_image(task: TaskDefinition, container: Container) -> Any:
    """Return a container's image as the template says it, put together or not; None where it does not."""
    return _said(task, container).get("Image")


def named(image: str) -> str | dict[str, str] | None:
    """Return a name for CloudFormation, which fills in account and Region; None where more of it is not known."""
    unknown = _VARIABLE.findall(image)
    if not all(each.startswith("AWS::") for each in unknown):
        return None
    return {"Fn::Sub": image} if unknown else image


def image_patches(task: TaskDefinition, container: Container, image: Any) -> Iterator[Patch]:
    """Yield another image for a container; nothing where it is the same, or None."""
    if image is not None and written_image(task, container) not in (None, image):
        yield Patch((*container.path[1:], "Image"), image)


def environment_patches(
    task: TaskDefinition, container: Container, without: Collection[str]
) -> Iterator[Patch]:
    """Yield the environment of a container without some variables."""
    listed = _said(task, container).get("Environment")
    if isinstance(listed, list) and all(isinstance(each, dict) for each in listed):
        kept = [each for each in listed if str(each.get("Name")) not in without]
        yield Patch((*container.path[1:], "Environment"), kept)


def _said(task: TaskDefinition, container: Container) -> dict[str, Any]:
    """Return what the template says of a container; empty where it does not say it as it is."""
    listed = (
        section(task.resource.body, "Properties").get("ContainerDefinitions") if task.is_definition else None
    )
    index = container.path[-1]
    if not isinstance(listed, list) or not isinstance(index, int) or index >= len(listed):
        return {}
    # A condition in the list leaves out or adds containers, so that the places no longer agree.
    plain_list = all(isinstance(each, dict) and "Fn::If" not in each for each in listed)
    return listed[index] if plain_list else {}
