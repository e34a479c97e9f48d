"""All of Amazon ECS in one assembly, with what belongs together linked."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.shapes import as_list, as_object, objects_in
from cdk_pull.template.context import Environment, value_at
from cdk_pull.template.ecs.batch import COMPUTE_ENVIRONMENT, job_start, launches_from
from cdk_pull.template.ecs.holders import HOLDERS, SPOT_FLEET
from cdk_pull.template.ecs.services import STARTERS, LaunchType, Service, Start
from cdk_pull.template.ecs.task_shapes import JOB_DEFINITION, SHAPES
from cdk_pull.template.ecs.tasks import TaskDefinition
from cdk_pull.template.outsiders import Outsiders
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.network import EcsNetwork
    from cdk_pull.template.ecs.roles import Roles
    from cdk_pull.template.ecs.start_needs import StartNeed
    from cdk_pull.template.model import Resource

__all__ = ["EcsView", "identity"]

_FARGATE_PROVIDERS: Final = frozenset({"FARGATE", "FARGATE_SPOT"})
_REPOSITORY: Final = "AWS::ECR::Repository"


def identity(value: Any, user: Resource) -> str:
    """Return what is equal for two values that name the same thing; empty where nothing can be said.

    Args:
        value: a name, an ARN or an unknown, evaluated.
        user: the resource that holds it: a name means another thing in another account or Region.
    """
    if isinstance(value, str):
        return _named(value.rpartition("/")[2], user)
    if isinstance(value, Unknown) and value.symbol:
        return f"symbol:{value.home}:{value.logical_id}"
    return ""


def _named(name: str, user: Resource) -> str:
    environment = user.template.context.environment
    return f"name:{environment.account}:{environment.region}:{name}"


class EcsView:
    """What an assembly says of Amazon ECS; each part is worked out when it is first asked for."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self._needs: dict[int, list[StartNeed]] = {}
        self._placements: dict[tuple[str, frozenset[str]], tuple[Capacity, ...]] = {}
        self._launches: list[Capacity] = []

    def _of_type(self, kind: str) -> Iterator[Resource]:
        for template in self.assembly.templates:
            yield from template.of_type(kind)

    @cached_property
    def repositories(self) -> list[Resource]:
        """Every ``AWS::ECR::Repository``."""
        return list(self._of_type(_REPOSITORY))

    @cached_property
    def clusters(self) -> list[Resource]:
        """Every ``AWS::ECS::Cluster``."""
        return list(self._of_type("AWS::ECS::Cluster"))

    @cached_property
    def pull_through_rules(self) -> list[Resource]:
        """Every ``AWS::ECR::PullThroughCacheRule``."""
        return list(self._of_type("AWS::ECR::PullThroughCacheRule"))

    @cached_property
    def creation_templates(self) -> list[Resource]:
        """Every ``AWS::ECR::RepositoryCreationTemplate``."""
        return list(self._of_type("AWS::ECR::RepositoryCreationTemplate"))

    @cached_property
    def outsiders(self) -> Outsiders:
        """What works on the resources here in a way that nobody can read."""
        return Outsiders(self.assembly)

    @cached_property
    def roles(self) -> Roles:
        """The IAM roles of tasks and instances."""
        from cdk_pull.template.ecs.roles import Roles  # noqa: PLC0415 - slow to import, and not every template has tasks

        return Roles(self.assembly, self.outsiders)

    def needs(self, task: TaskDefinition) -> list[StartNeed]:
        """Return what the start of a task needs; worked out once."""
        from cdk_pull.template.ecs.start_needs import start_needs  # noqa: PLC0415 - slow to import, and not every template has tasks

        if id(task) not in self._needs:
            self._needs[id(task)] = start_needs(task, self.assembly)
        return self._needs[id(task)]

    @cached_property
    def network(self) -> EcsNetwork:
        """The network, and who pulls in it."""
        from cdk_pull.template.ecs.network import EcsNetwork  # noqa: PLC0415 - slow to import, and not every template has services

        return EcsNetwork(self.assembly, self.outsiders)

    @cached_property
    def _repositories_by_name(self) -> dict[tuple[Environment, str], Resource]:
        return {
            (resource.template.context.environment, name): resource
            for resource in self.repositories
            if isinstance(name := resource.values.get("RepositoryName"), str)
        }

    def _repository_of(self, image: Image, user: Resource) -> Resource | None:
        """Return the repository of an image, where it is in one of the templates."""
        for piece in image.value.pieces if isinstance(image.value, Unknown) else ():
            found = self.assembly.find(piece)
            if found is not None and found.type == _REPOSITORY:
                return found
        if not self._repositories_by_name or image.reference is None:
            return None
        registry = EcrRegistry.of_host(image.reference.registry)
        if registry is None:
            return None
        name = str(image).partition("/")[2].partition("@")[0].partition(":")[0]
        stack = user.template.context.environment
        # Of a stack that can be deployed anywhere, the template's own repositories are the nearest guess.
        place = Environment(
            stack.account and registry.account, stack.region and (image.place.region or stack.region)
        )
        return self._repositories_by_name.get((place, name))

    @cached_property
    def _tasks(self) -> dict[tuple[str, str], TaskDefinition]:
        return {
            (resource.template.key, resource.logical_id): TaskDefinition(resource, self._repository_of)
            for kind in SHAPES
            for resource in self._of_type(kind)
        }

    @cached_property
    def tasks(self) -> list[TaskDefinition]:
        """Every task definition; whether it runs on Fargate is known from the services."""
        for service in self.services:
            if service.task is not None and service.launch_type is not None:
                on_fargate = service.launch_type == "FARGATE"
                # One service on EC2 and one on Fargate: what Fargate demands holds.
                service.task.on_fargate = bool(service.task.on_fargate) or on_fargate
        return list(self._tasks.values())

    @cached_property
    def services(self) -> list[Service]:
        """Every service, and what else starts tasks."""
        started = [
            self._service(resource, start)
            for kind, starts in STARTERS.items()
            for resource in self._of_type(kind)
            for start in starts(resource.values)
            if start.settings
        ]
        jobs = [task for task in self._tasks.values() if task.resource.type == JOB_DEFINITION]
        return started + [
            Service(job.resource, "FARGATE", job, "", start)
            for job in jobs
            if (start := job_start(job)) is not None
        ]

    def _service(self, resource: Resource, start: Start) -> Service:
        own = self._tasks.get((resource.template.key, resource.logical_id))
        cluster = identity(start.cluster, resource)
        strategy = start.settings.get("CapacityProviderStrategy")
        # The strategy of the cluster is for those that state neither.
        if not strategy and not start.settings.get("LaunchType"):
            strategy = self._default_strategy(cluster)
        providers = _providers(strategy)
        task = own or self._task_of(start.task, resource)
        launch_type = _launch_type(start.settings.get("LaunchType"), providers, strategy, task)
        service = Service(resource, launch_type, task, cluster, start)
        if launch_type == "EC2" and cluster:
            wanted = frozenset(identity(provider, resource) for provider in providers) - {""}
            service.capacities = self._placement(cluster, wanted)
        return service

    def _task_of(self, value: Any, user: Resource) -> TaskDefinition | None:
        """Return a task definition by a reference to it, or by its family."""
        found = self.assembly.find(value)
        if found is not None:
            return self._tasks.get((found.template.key, found.logical_id))
        if not isinstance(value, str):
            return None
        family = value.rpartition("/")[2].partition(":")[0]
        return self._tasks_by_family.get((user.template.context.environment, family))

    @cached_property
    def _tasks_by_family(self) -> dict[tuple[Environment, str], TaskDefinition]:
        return {
            (task.resource.template.context.environment, family): task
            for task in self._tasks.values()
            if isinstance(family := task.resource.values.get("Family"), str)
        }

    def _placement(self, cluster: str, wanted: frozenset[str]) -> tuple[Capacity, ...]:
        """Return the capacities of a cluster that one of the wanted providers launches; all where none is wanted."""
        known = self._placements.get((cluster, wanted))
        if known is None:
            known = self._placements[cluster, wanted] = tuple(
                capacity
                for capacity in self._capacities_of.get(cluster, ())
                if not wanted or wanted & _provider_names(capacity)
            )
        return known

    @cached_property
    def _capacities_of(self) -> dict[str, list[Capacity]]:
        found: dict[str, list[Capacity]] = {}
        for capacity in self.capacities:
            for cluster in capacity.clusters:
                found.setdefault(cluster, []).append(capacity)
        return found

    def _default_strategy(self, cluster: str) -> Any:
        return self._default_strategies.get(cluster)

    @cached_property
    def _default_strategies(self) -> dict[str, Any]:
        found = {}
        for resource in self.clusters:
            for name in _identities(resource, "ClusterName"):
                found[name] = resource.values.get("DefaultCapacityProviderStrategy")
        for resource in self._of_type("AWS::ECS::ClusterCapacityProviderAssociations"):
            name = identity(resource.values.get("Cluster"), resource)
            found[name] = resource.values.get("DefaultCapacityProviderStrategy")
        return found

    @cached_property
    def capacities(self) -> list[Capacity]:
        """Everything that launches container instances."""
        if not any(True for kind in (*HOLDERS, SPOT_FLEET) for _ in self._of_type(kind)):
            return []
        from cdk_pull.template.ecs.capacity import Capacity, launch_specifications  # noqa: PLC0415 - slow to import, and not every template has instances

        found = {
            (resource.template.key, resource.logical_id): Capacity(resource)
            for kind in HOLDERS
            for resource in self._of_type(kind)
        }
        in_fleets = [
            Capacity(resource, base)
            for resource in self._of_type(SPOT_FLEET)
            for base in launch_specifications(resource)
        ]
        by_group: dict[tuple[str, str], list[Capacity]] = {}
        for group in self._of_type("AWS::AutoScaling::AutoScalingGroup"):
            holders = [self.assembly.find(each) for each in _launches_from(group.values)]
            keys = dict.fromkeys((holder.template.key, holder.logical_id) for holder in holders if holder)
            launched = [found[key] for key in keys if key in found]
            by_group[group.template.key, group.logical_id] = launched
            for capacity in launched:
                capacity.groups.append(group)
        self._link_providers(by_group)
        for environment in self._of_type(COMPUTE_ENVIRONMENT):
            for holder in map(self.assembly.find, launches_from(environment)):
                key = (holder.template.key, holder.logical_id) if holder is not None else ("", "")
                if key in found:
                    found[key].batch.append(environment)
        self._launches = [*found.values(), *in_fleets]
        container_instances = [each for each in self._launches if each.is_ecs]
        for capacity in container_instances:
            names = [parts[0] for parts in capacity.cluster_names if len(parts) == 1]
            capacity.clusters |= {identity(name, capacity.resource) for name in names} - {""}
        return container_instances

    @cached_property
    def may_join(self) -> list[Capacity]:
        """The launches of which nobody knows whether their instances join a cluster."""
        joining = {id(each) for each in self.capacities}
        return [each for each in self._launches if id(each) not in joining and each.instance.joins is None]

    def _link_providers(self, by_group: dict[tuple[str, str], list[Capacity]]) -> None:
        clusters: dict[str, set[str]] = {}
        for kind in ("AWS::ECS::ClusterCapacityProviderAssociations", "AWS::ECS::Cluster"):
            for resource in self._of_type(kind):
                names = (
                    {identity(resource.values.get("Cluster"), resource)}
                    if kind.endswith("Associations")
                    else set(_identities(resource, "ClusterName"))
                )
                for provider in as_list(resource.values.get("CapacityProviders")):
                    clusters.setdefault(identity(provider, resource), set()).update(names - {""})
        for provider in self._of_type("AWS::ECS::CapacityProvider"):
            group = self.assembly.find(
                value_at(provider.values, ("AutoScalingGroupProvider", "AutoScalingGroupArn"))
            )
            for capacity in by_group.get((group.template.key, group.logical_id), ()) if group else ():
                capacity.providers.append(provider)
                for name in _identities(provider, "Name"):
                    capacity.clusters |= clusters.get(name, set())


def _identities(resource: Resource, name_property: str) -> list[str]:
    """Return what ``identity`` gives for a reference to a resource, and for its name."""
    names = [f"symbol:{resource.template.key}:{resource.logical_id}"]
    if isinstance(name := resource.values.get(name_property), str):
        names.append(identity(name, resource))
    return names


def _provider_names(capacity: Capacity) -> set[str]:
    return {name for provider in capacity.providers for name in _identities(provider, "Name")}


def _providers(strategy: Any) -> list[Any]:
    return [each.get("CapacityProvider") for each in objects_in(strategy)]


def _launch_type(
    stated: Any, providers: list[Any], strategy: Any, task: TaskDefinition | None
) -> LaunchType | None:
    launch_type: LaunchType
    if isinstance(stated, Unknown) or isinstance(strategy, Unknown):
        return None
    for launch_type in ("EC2", "FARGATE", "EXTERNAL"):
        if stated == launch_type:
            return launch_type
    if any(isinstance(provider, str) and provider in _FARGATE_PROVIDERS for provider in providers):
        return "FARGATE"
    # Left to a cluster, or to a provider, of which nobody here knows: what the task is made for decides.
    return "FARGATE" if task is not None and task.fargate_only else "EC2"


def _launches_from(values: dict[str, Any]) -> Iterator[Any]:
    """Yield the launch templates or the configuration that an Auto Scaling group names, those of overrides too."""
    if "LaunchConfigurationName" in values:
        yield values["LaunchConfigurationName"]
    launch = as_object(value_at(values, ("MixedInstancesPolicy", "LaunchTemplate")))
    for each in (launch, *objects_in(launch.get("Overrides"))):
        yield from _named_by(each.get("LaunchTemplateSpecification"))
    yield from _named_by(values.get("LaunchTemplate"))


def _named_by(template: Any) -> Iterator[Any]:
    if isinstance(template, dict):
        yield template.get("LaunchTemplateId") or template.get("LaunchTemplateName")
