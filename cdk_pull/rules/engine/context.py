"""What a rule may look at besides its subject."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cdk_pull.records import dataclass, field
from cdk_pull.template.ecs.view import EcsView
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from datetime import date

    from cdk_pull.rules.support.image_facts import ImageFactsBook
    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.services import Service
    from cdk_pull.template.ecs.tasks import TaskDefinition
    from cdk_pull.template.model import Resource, Template

__all__ = ["CheckContext", "Placement", "SociIndex"]

_T = TypeVar("_T")

# The behaviors under which an instance runs what it has.
_CACHED: Final = frozenset({"prefer-cached", "once"})
# What the constructs SociIndexBuild and SociIndexV2Build of deploy-time-build make, told apart by the property `type`.
_SOCI: Final = "Custom::CDKSociIndexBuild"
_SOCI_V1: Final = "SociIndexBuild"


@dataclass(eq=False)
class Placement:
    """The services that may place tasks on the same capacities.

    Attributes:
        services: in the order of the templates.
    """

    services: list[Service]

    @cached_property
    def tasks(self) -> list[TaskDefinition]:
        """Their task definitions, each once."""
        return list({id(each.task): each.task for each in self.services if each.task}.values())

    @cached_property
    def images(self) -> list[Image]:
        """The images of their task definitions."""
        return [image for task in self.tasks for image in task.images]


@dataclass(frozen=True, slots=True, kw_only=True)
class SociIndex:
    """A SOCI index that a resource makes.

    Attributes:
        repository: of the image, by name or logical id; empty where it is not known.
        version: 1 or 2.
        tag: of the image that is indexed; None where it is not known.
        result: of the image that has the index, with version 2; None where it is not known, or is the same image.
    """

    repository: str
    version: int
    tag: str | None
    result: str | None = None


def _soci_index(values: Mapping[str, Any]) -> SociIndex:
    name, first = values.get("repositoryName"), values.get("type") == _SOCI_V1
    tag, result = values.get("imageTag" if first else "inputImageTag"), values.get("outputImageTag")
    return SociIndex(
        repository=(name.logical_id or "") if isinstance(name, Unknown) else str(name or ""),
        version=1 if first else 2,
        tag=tag if isinstance(tag, str) else None,
        result=result if isinstance(result, str) and not first else None,
    )


_NOTHING: Final = Placement([])


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

    @cached_property
    def _placements(self) -> dict[int, Placement]:
        # Services of one cluster share their capacities, and capacities their services: of both there may be thousands.
        sharing: dict[int, list[Service]] = {}
        for service in self.ecs.services:
            sharing.setdefault(id(service.capacities), []).append(service)
        of_capacity: dict[int, list[int]] = {}
        for key, services in sharing.items():
            for capacity in services[0].capacities:
                of_capacity.setdefault(id(capacity), []).append(key)
        made: dict[tuple[int, ...], Placement] = {}
        order = {id(service): index for index, service in enumerate(self.ecs.services)}
        found: dict[int, Placement] = {}
        for one, keys in of_capacity.items():
            if (alike := tuple(keys)) not in made:
                services = [service for key in keys for service in sharing[key]]
                made[alike] = Placement(sorted(services, key=lambda each: order[id(each)]))
            found[one] = made[alike]
        return found

    def placement(self, capacity: Capacity) -> Placement:
        """Return the services that may place tasks on a capacity; capacities with the same services share it."""
        return self._placements.get(id(capacity), _NOTHING)

    def services_on(self, capacity: Capacity) -> list[Service]:
        """Return the services whose tasks may be placed on a capacity."""
        return self.placement(capacity).services

    def once(self, key: Hashable, work: Callable[[], _T]) -> _T:
        """Return what ``work`` returns, which is done once for a key.

        Args:
            key: the rule, and what it asks about: a placement, or the tuple of a service's capacities.
            work: what takes as long as there are services or capacities.
        """
        if key not in self._known:
            self._known[key] = work()
        found: _T = self._known[key]
        return found

    @cached_property
    def _led(self) -> dict[int, list[Capacity]]:
        found: dict[int, list[Capacity]] = {}
        for capacity in self.ecs.capacities:
            if services := self.services_on(capacity):
                found.setdefault(id(services[0]), []).append(capacity)
        return found

    @cached_property
    def services_without_instances(self) -> list[Service]:
        """The services on EC2 whose cluster is known, and has no capacity in the templates."""
        return [
            each
            for each in self.ecs.services
            if each.launch_type == "EC2" and each.cluster and not each.capacities
        ]

    def led_by(self, service: Service) -> list[Capacity]:
        """Return the capacities of which a service is the first: each capacity has one, if any."""
        return self._led.get(id(service), [])

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
        return self.placement(capacity).tasks

    def capacities_under(self, task: TaskDefinition) -> list[tuple[Capacity, ...]]:
        """Return the capacities that the services of a task definition may place it on, as they share them."""
        shared = {id(service.capacities): service.capacities for service in self.services_running(task)}
        return [each for each in shared.values() if each]

    def first_caching(self, capacities: tuple[Capacity, ...]) -> Capacity | None:
        """Return the first of the capacities that services share which keeps the images that it has."""
        return self.once(
            ("caching", id(capacities)),
            lambda: next((each for each in capacities if each.behavior in _CACHED), None),
        )

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
    def images_on_capacity(self) -> dict[Resource, list[tuple[Image, tuple[Capacity, ...]]]]:
        """The images that run on EC2 capacity, with it, by their repository, where that is in the templates."""
        found: dict[Resource, list[tuple[Image, tuple[Capacity, ...]]]] = {}
        for task in self.ecs.tasks:
            for image in task.images:
                if image.repository is not None:
                    for capacities in self.capacities_under(task):
                        found.setdefault(image.repository, []).append((image, capacities))
        return found

    @cached_property
    def soci_indexes(self) -> tuple[SociIndex, ...]:
        """The SOCI indexes that resources of deploy-time-build make."""
        return tuple(
            _soci_index(index.values)
            for template in self.assembly.templates
            for index in template.of_type(_SOCI)
        )
