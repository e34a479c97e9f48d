"""What a rule may look at besides its subject."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cdk_pull.template.ecs.view import EcsView
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from datetime import date

    from cdk_pull.rules.support.image_facts import ImageFactsBook
    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.services import Service
    from cdk_pull.template.ecs.tasks import TaskDefinition
    from cdk_pull.template.model import Resource, Template

__all__ = ["CheckContext"]

_T = TypeVar("_T")

_SOCI_INDEXES: Final = ("Custom::SociIndexBuild", "Custom::SociIndexV2Build")


@dataclass(eq=False)
class CheckContext:
    """One assembly, and what the user has said beside it.

    Attributes:
        assembly: the templates.
        facts: what is known of images.
        today: the day to judge Windows images by; None where the user gave none, as no check reads the clock.
        synthesizing: whether constructs show their own warnings beside the findings.
    """

    assembly: Assembly
    facts: ImageFactsBook
    today: date | None = None
    synthesizing: bool = False
    ecs: EcsView = field(init=False)
    _known: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.ecs = EcsView(self.assembly)

    def once(self, key: Hashable, work: Callable[[], _T]) -> _T:
        """Return what ``work`` returns, which is worked out once under this key."""
        if key not in self._known:
            self._known[key] = work()
        known: _T = self._known[key]
        return known

    @cached_property
    def _services_of_capacity(self) -> dict[int, list[Service]]:
        found: dict[int, list[Service]] = {}
        for service in self.ecs.services:
            for capacity in service.capacities:
                found.setdefault(id(capacity), []).append(service)
        return found

    def services_on(self, capacity: Capacity) -> list[Service]:
        """Return the services whose tasks may be placed on a capacity."""
        return self._services_of_capacity.get(id(capacity), [])

    @cached_property
    def _services_of_task(self) -> dict[int, list[Service]]:
        found: dict[int, list[Service]] = {}
        for service in self.ecs.services:
            if service.task is not None:
                found.setdefault(id(service.task), []).append(service)
        return found

    def services_running(self, task: TaskDefinition) -> list[Service]:
        """Return the services that run a task definition."""
        return self._services_of_task.get(id(task), [])

    @cached_property
    def _tasks_of_template(self) -> dict[str, list[TaskDefinition]]:
        found: dict[str, list[TaskDefinition]] = {}
        for task in self.ecs.tasks:
            found.setdefault(task.resource.template.key, []).append(task)
        return found

    def tasks_of(self, template: Template) -> list[TaskDefinition]:
        """Return the task definitions of a template."""
        return self._tasks_of_template.get(template.key, [])

    def tasks_on(self, capacity: Capacity) -> list[TaskDefinition]:
        """Return the task definitions of the services on a capacity, each once."""
        tasks = {id(service.task): service.task for service in self.services_on(capacity) if service.task}
        return list(tasks.values())

    def capacities_under(self, task: TaskDefinition) -> Iterator[Capacity]:
        """Yield the capacities that the services of a task definition may place it on."""
        for service in self.services_running(task):
            yield from service.capacities

    @cached_property
    def running_images(self) -> dict[Resource, list[Image]]:
        """The images that task definitions of the templates run, by their repository, where that is there too."""
        found: dict[Resource, list[Image]] = {}
        for task in self.ecs.tasks:
            for image in task.images:
                if image.repository is not None:
                    found.setdefault(image.repository, []).append(image)
        return found

    @cached_property
    def images_on_capacity(self) -> dict[Resource, list[tuple[Image, Capacity]]]:
        """The images that run on EC2 capacity, with it, by their repository, where that is in the templates."""
        found: dict[Resource, list[tuple[Image, Capacity]]] = {}
        for capacity in self.ecs.capacities:
            for task in self.tasks_on(capacity):
                for image in task.images:
                    if image.repository is not None:
                        found.setdefault(image.repository, []).append((image, capacity))
        return found

    @cached_property
    def soci_repositories(self) -> frozenset[str]:
        """The repositories, by name or logical id, for which a resource of deploy-time-build makes a SOCI index."""
        found = set()
        for template in self.assembly.templates:
            for kind in _SOCI_INDEXES:
                for index in template.of_type(kind):
                    name = index.values.get("repositoryName")
                    found.add(name.logical_id if isinstance(name, Unknown) else str(name))
        return frozenset(found - {""})
