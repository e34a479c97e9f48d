"""What starts tasks: services, task sets, event rules, schedules, pipes and state machines; and on which capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from cdk_pull.records import dataclass
from cdk_pull.shapes import as_list, as_object
from cdk_pull.template.json_text import read_json
from cdk_pull.template.values import Unknown, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.tasks import TaskDefinition
    from cdk_pull.template.model import PathStep, Resource

__all__ = ["STARTERS", "LaunchType", "Service", "Start"]

LaunchType = Literal["EC2", "FARGATE", "EXTERNAL"]

_PROPERTIES: Final = ("Properties",)
# A state machine has a few; what is deeper is no state.
_MAX_DEPTH: Final = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """One place in a template that says which task to start, and where.

    Attributes:
        settings: launch type, capacity providers, task definition and network, evaluated.
        path: where they stand, below the resource.
        cluster: its name, ARN or an unknown.
        exact: whether the single settings stand below the path, as they do not in a text.
    """

    settings: dict[str, Any]
    path: tuple[PathStep, ...]
    cluster: Any
    exact: bool = True

    @property
    def task(self) -> Any:
        """The task definition: its ARN, its family or an unknown."""
        return self.settings.get("TaskDefinition", self.settings.get("TaskDefinitionArn"))

    @property
    def network(self) -> tuple[dict[str, Any], tuple[PathStep, ...]]:
        """The subnets and whether the tasks get a public address, and where that stands; empty where it is not said."""
        network = as_object(self.settings.get("NetworkConfiguration"))
        for key in ("AwsvpcConfiguration", "AwsVpcConfiguration"):
            if key in network:
                place = (*self.path, "NetworkConfiguration", key) if self.exact else self.path
                return as_object(network[key]), place
        return {}, self.path


@dataclass(eq=False)
class Service:
    """An ``AWS::ECS::Service``, or what else starts tasks.

    Attributes:
        resource: where it stands.
        launch_type: where its tasks run; None where that cannot be known.
        task: its task definition, where that is in one of the templates.
        cluster: what tells its cluster; empty where it cannot be known.
        start: what it says of its tasks.
        capacities: the EC2 capacity that its tasks may be placed on.
    """

    resource: Resource
    launch_type: LaunchType | None
    task: TaskDefinition | None
    cluster: str
    start: Start
    capacities: tuple[Capacity, ...] = ()

    @property
    def cluster_name(self) -> str:
        """How to call its cluster: its name, or what the deployment gives."""
        return str(self.start.cluster).rpartition("/")[2]


def _service(values: dict[str, Any]) -> Iterator[Start]:
    yield Start(settings=values, path=_PROPERTIES, cluster=values.get("Cluster", "default"))


def _express(values: dict[str, Any]) -> Iterator[Start]:
    """Yield what an Express Mode service starts: its own task, with a public address as its subnets are."""
    network = {
        **as_object(values.get("NetworkConfiguration")),
        "AssignPublicIp": Unknown(reason="Amazon ECS decides by the subnets"),
    }
    settings = {"LaunchType": "FARGATE", "NetworkConfiguration": {"AwsvpcConfiguration": network}}
    path = (*_PROPERTIES, "NetworkConfiguration")
    yield Start(settings=settings, path=path, cluster=values.get("Cluster", "default"), exact=False)


def _rule(values: dict[str, Any]) -> Iterator[Start]:
    targets = values.get("Targets")
    for index, target in enumerate(as_list(targets)):
        path = (*_PROPERTIES, "Targets", index, "EcsParameters")
        yield Start(
            settings=as_object(as_object(target).get("EcsParameters")),
            path=path,
            cluster=as_object(target).get("Arn"),
        )


def _schedule(values: dict[str, Any]) -> Iterator[Start]:
    target = as_object(values.get("Target"))
    path = (*_PROPERTIES, "Target", "EcsParameters")
    yield Start(settings=as_object(target.get("EcsParameters")), path=path, cluster=target.get("Arn"))


def _pipe(values: dict[str, Any]) -> Iterator[Start]:
    parameters = as_object(values.get("TargetParameters"))
    path = (*_PROPERTIES, "TargetParameters", "EcsTaskParameters")
    yield Start(
        settings=as_object(parameters.get("EcsTaskParameters")), path=path, cluster=values.get("Target")
    )


def _state_machine(values: dict[str, Any]) -> Iterator[Start]:
    """Yield the tasks that a state machine runs: its parameters have the names that the ECS API gives them."""
    key = "DefinitionString" if "DefinitionString" in values else "Definition"
    text = text_of(values.get(key))
    given = as_object(values.get("DefinitionSubstitutions"))
    try:
        definition = read_json(text) if text is not None else values.get(key)
        found = [_substituted(settings, given) for settings in _run_tasks(definition, 0)]
    except (ValueError, RecursionError):
        return
    for settings in found:
        yield Start(settings=settings, path=(*_PROPERTIES, key), cluster=settings.get("Cluster"), exact=False)


def _run_tasks(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        if "TaskDefinition" in value:
            yield value
        for member in value.values():
            yield from _run_tasks(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            yield from _run_tasks(member, depth + 1)


def _substituted(value: Any, given: dict[str, Any]) -> Any:
    """Fill in what DefinitionSubstitutions gives for a whole text, and what is in lists and objects."""
    match value:
        case dict():
            return {key: _substituted(member, given) for key, member in value.items()}
        case list():
            return [_substituted(member, given) for member in value]
        case str() if value.startswith("${") and value.endswith("}"):
            return given.get(value[2:-1], Unknown(reason=f"{value} is given at deployment"))
    return value


STARTERS: Final[dict[str, Callable[[dict[str, Any]], Iterator[Start]]]] = {
    "AWS::ECS::Service": _service,
    "AWS::ECS::TaskSet": _service,
    "AWS::ECS::ExpressGatewayService": _express,
    "AWS::Events::Rule": _rule,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::Pipes::Pipe": _pipe,
    "AWS::StepFunctions::StateMachine": _state_machine,
}
"""By type of resource, what yields the tasks that it starts from its evaluated properties."""
