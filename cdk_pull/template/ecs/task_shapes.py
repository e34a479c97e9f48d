"""What defines tasks: task definitions, and the resources that have one inside, each in the form of a task definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.records import dataclass
from cdk_pull.shapes import as_list, as_object, objects_in
from cdk_pull.template.values import Unknown, as_text, is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_pull.template.model import PathStep

__all__ = ["CONTAINERS", "EXPRESS_SERVICE", "JOB_DEFINITION", "SHAPES", "TASK_DEFINITION", "Shape"]

TASK_DEFINITION: Final = "AWS::ECS::TaskDefinition"
EXPRESS_SERVICE: Final = "AWS::ECS::ExpressGatewayService"
JOB_DEFINITION: Final = "AWS::Batch::JobDefinition"
CONTAINERS: Final = ("Properties", "ContainerDefinitions")
_PROPERTIES: Final = ("Properties",)
_BATCH_CPU: Final = "VCPU"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a resource says of its tasks.

    Attributes:
        values: the properties of a task definition, evaluated.
        containers: each container definition, evaluated, with the property below which it stands.
        base: where the properties stand, below the resource.
        size_path: where CPU and memory stand, below the resource.
        size_form: how the resource says a size, with ``{cpu}``, ``{vcpu}`` and ``{memory}``.
    """

    values: Mapping[str, Any]
    containers: tuple[tuple[dict[str, Any], tuple[PathStep, ...]], ...] = ()
    base: tuple[PathStep, ...] = _PROPERTIES
    size_path: tuple[PathStep, ...] = (*_PROPERTIES, "Cpu")
    size_form: str = 'Cpu: "{cpu}" and Memory: "{memory}"'


def _listed(value: Any, path: tuple[PathStep, ...]) -> Iterator[tuple[dict[str, Any], tuple[PathStep, ...]]]:
    for index, each in enumerate(as_list(value)):
        if isinstance(each, dict):
            yield each, (*path, index)


def _task_definition(values: dict[str, Any]) -> Shape:
    return Shape(values=values, containers=tuple(_listed(values.get("ContainerDefinitions"), CONTAINERS)))


# Source: AWS CloudFormation Template Reference, AWS::ECS::ExpressGatewayService.
_EXPRESS: Final = {"Cpu": "256", "Memory": "512", "RequiresCompatibilities": ["FARGATE"]}


def _express(values: dict[str, Any]) -> Shape:
    """Return the task of an Express Mode service, which runs on Fargate."""
    primary = values.get("PrimaryContainer")
    containers: tuple[tuple[dict[str, Any], tuple[PathStep, ...]], ...] = ()
    if isinstance(primary, dict):
        logs = primary.get("AwsLogsConfiguration")
        options = {"awslogs-group": logs["LogGroup"]} if isinstance(logs, dict) and "LogGroup" in logs else {}
        driver = {"LogConfiguration": {"LogDriver": "awslogs", "Options": options}} if options else {}
        containers = (({**primary, **driver}, (*_PROPERTIES, "PrimaryContainer")),)
    return Shape(values={**_EXPRESS, **values}, containers=containers)


def _job(values: dict[str, Any]) -> Shape:
    """Return the task of a job definition of AWS Batch."""
    capabilities = values.get("PlatformCapabilities", ["EC2"])
    ecs, single = values.get("EcsProperties"), values.get("ContainerProperties")
    tasks = as_list(as_object(ecs).get("TaskProperties"))
    if tasks and isinstance(tasks[0], dict):
        path: tuple[PathStep, ...] = (*_PROPERTIES, "EcsProperties", "TaskProperties", 0)
        return _of_job(
            tasks[0], tuple(_listed(tasks[0].get("Containers"), (*path, "Containers"))), path, capabilities
        )
    if isinstance(single, dict):
        path = (*_PROPERTIES, "ContainerProperties")
        return _of_job(single, ((single, path),), path, capabilities)
    return Shape(values={})


def _of_job(
    values: dict[str, Any],
    containers: tuple[tuple[dict[str, Any], tuple[PathStep, ...]], ...],
    path: tuple[PathStep, ...],
    capabilities: Any,
) -> Shape:
    cpu, memory = _resources(containers)
    size = {"Cpu": f"{cpu:g} vCPU", "Memory": f"{memory:g}"} if cpu is not None and memory is not None else {}
    if not size:
        # Anything but a number is not known, rather than missing: AWS Batch refuses a job without them.
        size = dict.fromkeys(("Cpu", "Memory"), Unknown(reason="the resource requirements are not known"))  # type: ignore[arg-type]
    return Shape(
        values={**values, **size, "RequiresCompatibilities": capabilities},
        containers=containers,
        base=path,
        size_path=(*path, "ResourceRequirements"),
        size_form="ResourceRequirements VCPU and MEMORY to {vcpu:g} and {memory}",
    )


def _resources(
    containers: tuple[tuple[dict[str, Any], tuple[PathStep, ...]], ...],
) -> tuple[float | None, float | None]:
    """Return the vCPU and MiB that all containers ask for; None where one is not known."""
    totals: dict[str, float | None] = {_BATCH_CPU: 0.0, "MEMORY": 0.0}
    for values, _ in containers:
        stated = {
            kind: each.get("Value")
            for each in objects_in(values.get("ResourceRequirements"))
            if isinstance(kind := each.get("Type"), str)
        }
        for kind, total in totals.items():
            number = _number(stated.get(kind))
            totals[kind] = None if total is None or number is None else total + number
    return totals[_BATCH_CPU], totals["MEMORY"]


def _number(value: Any) -> float | None:
    text = as_text(value) if is_text(value) else ""
    try:
        return float(text[:20]) if text.replace(".", "", 1).isdecimal() else None
    except ValueError:
        return None


SHAPES: Final[Mapping[str, Callable[[dict[str, Any]], Shape]]] = {
    TASK_DEFINITION: _task_definition,
    "AWS::ECS::DaemonTaskDefinition": _task_definition,
    EXPRESS_SERVICE: _express,
    JOB_DEFINITION: _job,
}
"""By type of resource, what returns its tasks from its evaluated properties."""
