"""Task definitions and their containers."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from cdk_pull.records import dataclass, replace
from cdk_pull.shapes import as_list, as_object
from cdk_pull.template.context import section, value_at
from cdk_pull.template.ecs.images import Image, names_repository
from cdk_pull.template.ecs.task_shapes import CONTAINERS, SHAPES, TASK_DEFINITION, Shape
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.values import NO_VALUE, Unknown, as_text, is_text, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cdk_pull.fargate.sizes import FargateSize
    from cdk_pull.template.model import PathStep, Resource

__all__ = ["CONTAINERS", "Container", "TaskDefinition"]

_WINDOWS = "WINDOWS"
# A longer text is no number that ECS takes, and Python refuses to read it as one.
_LONGEST = 40
_DYNAMIC = "{{resolve:"


@dataclass(frozen=True)
class Container:
    """One container of a task definition.

    Attributes:
        name: as the task definition calls it; empty where it has none.
        values: its definition, evaluated.
        path: where it stands, below the resource.
        image: its image; None where the definition has none.
    """

    name: str
    values: dict[str, Any]
    path: tuple[PathStep, ...]
    image: Image | None

    @property
    def environment(self) -> dict[str, tuple[Any, int]]:
        """The environment variables, each with its value and its place in the list."""
        return {
            str(each.get("Name")): (each.get("Value"), index)
            for index, each in enumerate(as_list(self.values.get("Environment")))
            if isinstance(each, dict)
        }


class TaskDefinition:
    """One ``AWS::ECS::TaskDefinition``, or what else defines tasks: see :data:`cdk_pull.template.ecs.task_shapes.SHAPES`.

    Attributes:
        resource: where it stands.
        on_fargate: whether a service runs it on Fargate; None where no service tells.
    """

    def __init__(
        self, resource: Resource, repository_of: Callable[[Image, Resource], Resource | None]
    ) -> None:
        self.resource = resource
        self.on_fargate: bool | None = None
        self._repository_of = repository_of

    @property
    def fargate(self) -> bool:
        """Whether it runs on Fargate: it says so and no service says otherwise, or a service runs it there."""
        return self.fargate_only if self.on_fargate is None else self.on_fargate

    @property
    def fargate_only(self) -> bool:
        """Whether it says that it is made for Fargate, and for nothing else."""
        needs = self.values.get("RequiresCompatibilities")
        return isinstance(needs, list) and bool(needs) and all(each == "FARGATE" for each in needs)

    @property
    def for_fargate(self) -> bool:
        """Whether ECS holds it to what Fargate demands when it is registered, wherever it runs then."""
        needs = self.values.get("RequiresCompatibilities")
        return self.fargate or (isinstance(needs, list) and "FARGATE" in needs)

    @cached_property
    def shape(self) -> Shape:
        """What the resource says of its tasks, in the form of a task definition."""
        return SHAPES[self.resource.type](self.resource.values)

    @property
    def values(self) -> Mapping[str, Any]:
        """The properties of a task definition, evaluated."""
        return self.shape.values

    @property
    def is_definition(self) -> bool:
        """Whether the resource is a task definition, which fixes can change."""
        return self.resource.type == TASK_DEFINITION

    @property
    def base(self) -> tuple[PathStep, ...]:
        """Where its settings stand, below the resource."""
        return self.shape.base

    def size_fix(self, size: FargateSize) -> str:
        """Return how to state a size."""
        return (
            f"Set {self.shape.size_form.format(cpu=size.cpu, vcpu=size.cpu / 1024, memory=size.memory_mib)}"
        )

    @property
    def execution_role(self) -> Any:
        """The role by which ECS fetches what the containers need, evaluated; None where there is none."""
        return self.values.get("ExecutionRoleArn") or None

    @property
    def execution_role_path(self) -> tuple[PathStep, ...]:
        """Where the execution role stands, below the resource."""
        return (*self.base, "ExecutionRoleArn")

    @property
    def may_have_execution_role(self) -> bool:
        """Whether a deployment may give it an execution role: by a parameter, a condition or a macro."""
        body = value_at(self.resource.body, self.base)
        stated = isinstance(body, dict) and "ExecutionRoleArn" in body
        return stated or not self.resource.is_whole

    @property
    def size(self) -> tuple[str | None, str | None]:
        """CPU and memory as the template has them; None for one that is missing or not known."""
        return self._text("Cpu"), self._text("Memory")

    def _text(self, name: str) -> str | None:
        value = self.values.get(name)
        text = as_text(value)[:_LONGEST] if is_text(value) else _DYNAMIC
        return None if _DYNAMIC in text else text

    @property
    def family(self) -> str:
        """The operating system family, ``LINUX`` where none is stated; empty where it is not known."""
        platform = self.values.get("RuntimePlatform", {})
        stated = platform.get("OperatingSystemFamily", "LINUX") if isinstance(platform, dict) else ""
        return stated if isinstance(stated, str) else ""

    @property
    def os(self) -> Literal["linux", "windows"]:
        """The operating system."""
        return "windows" if self.family.startswith(_WINDOWS) else "linux"

    @property
    def architecture(self) -> Literal["x86_64", "arm64"]:
        """The CPU architecture."""
        platform = as_object(self.values.get("RuntimePlatform"))
        return "arm64" if platform.get("CpuArchitecture") == "ARM64" else "x86_64"

    @property
    def stated_architecture(self) -> str | None:
        """The CPU architecture as ``X86_64`` or ``ARM64``, that of Fargate where it states none; None where it is not known."""
        platform = self.values.get("RuntimePlatform", {})
        stated = platform.get("CpuArchitecture") if isinstance(platform, dict) else platform
        if stated is None:
            return "X86_64" if self.fargate else None
        return stated if isinstance(stated, str) else None

    @property
    def ephemeral_gib(self) -> int | Unknown | None:
        """The ephemeral storage that it asks for; None where it asks for none."""
        storage = self.values.get("EphemeralStorage")
        size = storage.get("SizeInGiB") if isinstance(storage, dict) else storage
        text = as_text(size) if is_text(size) else ""
        if size is None or text.isdecimal():
            return int(text[:9]) if text else None
        return size if isinstance(size, Unknown) else Unknown(reason="the size is not a number", origin=size)

    @cached_property
    def containers(self) -> list[Container]:
        """Its containers, in order."""
        listed = self.shape.containers
        if not self.is_definition:
            return [self._container(values, path) for values, path in listed]
        number = len(self._said_containers)
        places = self._places(number) if number else []
        return [self._container(values, (*CONTAINERS, places[int(path[-1])])) for values, path in listed]

    @property
    def _said_containers(self) -> list[Any]:
        return as_list(self.values.get("ContainerDefinitions"))

    def _places(self, number: int) -> list[int]:
        """Return where the containers stand in the template, in which conditions may leave some out."""
        said = section(self.resource.body, "Properties").get("ContainerDefinitions")
        if isinstance(said, list) and len(said) != number:
            context = self.resource.template.context
            places = [index for index, each in enumerate(said) if evaluate(each, context) is not NO_VALUE]
            if len(places) == number:
                return places
        return list(range(number))

    def _container(self, values: dict[str, Any], path: tuple[PathStep, ...]) -> Container:
        name = values.get("Name")
        return Container(
            name if isinstance(name, str) else "", values, path, self._image(values.get("Image"), path)
        )

    def _image(self, value: Any, path: tuple[PathStep, ...]) -> Image | None:
        text = text_of(value)
        if text is None:
            return None
        context = self.resource.template.context
        by_name = names_repository(value_at(self.resource.body, (*path, "Image")), context)
        if by_name:
            return Image.by_name_alone(text, by_name)
        image = Image.of(text, context.environment.region)
        repository = self._repository_of(image, self.resource)
        return image if repository is None else replace(image, repository=repository)

    def written_image(self, container: Container) -> Any:
        """Return an image as the template has it, not evaluated; None where a condition stands in between."""
        return value_at(self.resource.body, (*container.path, "Image"))

    @property
    def images(self) -> list[Image]:
        """The images of its containers."""
        return [container.image for container in self.containers if container.image is not None]
