"""Task definitions and their containers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from cdk_pull.template.context import section
from cdk_pull.template.ecs.images import Image
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.values import NO_VALUE, Unknown, as_text, is_text, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.template.model import PathStep, Resource

__all__ = ["CONTAINERS", "Container", "TaskDefinition"]

CONTAINERS = ("Properties", "ContainerDefinitions")
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
        listed = self.values.get("Environment")
        return {
            str(each.get("Name")): (each.get("Value"), index)
            for index, each in enumerate(listed if isinstance(listed, list) else ())
            if isinstance(each, dict)
        }


class TaskDefinition:
    """One ``AWS::ECS::TaskDefinition``.

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
        needs = self.resource.values.get("RequiresCompatibilities")
        return isinstance(needs, list) and bool(needs) and all(each == "FARGATE" for each in needs)

    @property
    def for_fargate(self) -> bool:
        """Whether ECS holds it to what Fargate demands when it is registered, wherever it runs then."""
        needs = self.resource.values.get("RequiresCompatibilities")
        return self.fargate or (isinstance(needs, list) and "FARGATE" in needs)

    @property
    def base(self) -> tuple[PathStep, ...]:
        """Where its settings stand, below the resource."""
        return ("Properties",)

    @property
    def execution_role(self) -> Any:
        """The role by which ECS fetches what the containers need, evaluated; None where there is none."""
        return self.resource.values.get("ExecutionRoleArn") or None

    @property
    def execution_role_path(self) -> tuple[PathStep, ...]:
        """Where the execution role stands, below the resource."""
        return (*self.base, "ExecutionRoleArn")

    @property
    def may_have_execution_role(self) -> bool:
        """Whether a deployment may give it an execution role: by a parameter, a condition or a macro."""
        stated = "ExecutionRoleArn" in section(self.resource.body, "Properties")
        return stated or not self.resource.is_whole

    @property
    def size(self) -> tuple[str | None, str | None]:
        """CPU and memory as the template has them; None for one that is missing or not known."""
        return self._text("Cpu"), self._text("Memory")

    def _text(self, name: str) -> str | None:
        value = self.resource.values.get(name)
        text = as_text(value)[:_LONGEST] if is_text(value) else _DYNAMIC
        return None if _DYNAMIC in text else text

    @property
    def family(self) -> str:
        """The operating system family, ``LINUX`` where none is stated; empty where it is not known."""
        platform = self.resource.values.get("RuntimePlatform", {})
        stated = platform.get("OperatingSystemFamily", "LINUX") if isinstance(platform, dict) else ""
        return stated if isinstance(stated, str) else ""

    @property
    def os(self) -> Literal["linux", "windows"]:
        """The operating system."""
        return "windows" if self.family.startswith(_WINDOWS) else "linux"

    @property
    def architecture(self) -> Literal["x86_64", "arm64"]:
        """The CPU architecture."""
        platform = self.resource.values.get("RuntimePlatform", {})
        stated = platform.get("CpuArchitecture") if isinstance(platform, dict) else None
        return "arm64" if stated == "ARM64" else "x86_64"

    @property
    def ephemeral_gib(self) -> int | Unknown | None:
        """The ephemeral storage that it asks for; None where it asks for none."""
        storage = self.resource.values.get("EphemeralStorage")
        size = storage.get("SizeInGiB") if isinstance(storage, dict) else storage
        text = as_text(size) if is_text(size) else ""
        if size is None or text.isdecimal():
            return int(text[:9]) if text else None
        return size if isinstance(size, Unknown) else Unknown(reason="the size is not a number", origin=size)

    @cached_property
    def containers(self) -> list[Container]:
        """Its containers, in order."""
        listed = self.resource.values.get("ContainerDefinitions")
        listed = listed if isinstance(listed, list) else []
        return [
            self._container(index, values)
            for index, values in zip(self._places(len(listed)), listed, strict=True)
            if isinstance(values, dict)
        ]

    def _places(self, number: int) -> list[int]:
        """Return where the containers stand in the template, in which conditions may leave some out."""
        said = section(self.resource.body, "Properties").get("ContainerDefinitions")
        if isinstance(said, list) and len(said) != number:
            context = self.resource.template.context
            places = [index for index, each in enumerate(said) if evaluate(each, context) is not NO_VALUE]
            if len(places) == number:
                return places
        return list(range(number))

    def _container(self, index: int, values: dict[str, Any]) -> Container:
        text = text_of(values.get("Image"))
        region = self.resource.template.context.environment.region
        image = None if text is None else Image.of(text, region)
        repository = None if image is None else self._repository_of(image, self.resource)
        if image is not None and repository is not None:
            image = replace(image, repository=repository)
        name = values.get("Name")
        return Container(name if isinstance(name, str) else "", values, (*CONTAINERS, index), image)

    @property
    def images(self) -> list[Image]:
        """The images of its containers."""
        return [container.image for container in self.containers if container.image is not None]
