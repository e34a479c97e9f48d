"""Reads the tasks of a cluster, a service or one task from Amazon ECS itself; asks, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.aws import AwsClient
from cdk_pull.did_you_mean import did_you_mean
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.pulls import Pull
from cdk_pull.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Described", "describe_pulls", "describe_target"]

# As many as DescribeTasks takes.
_AT_ONCE: Final = 100
_ARN_FIELDS: Final = 6
_MISSING: Final = "MISSING"


@dataclass(frozen=True, kw_only=True)
class Described:
    """What Amazon ECS says of a service or a task.

    Attributes:
        kind: ``service`` or ``task``.
        name: of it.
        cluster: its name.
        region: of the cluster.
        tasks: those that run and those of the last hour, as DescribeTasks has them.
        definition: the task definition of the newest of them, or the service's; empty where it is gone.
        events: messages of the service, the newest first.
    """

    kind: str
    name: str
    cluster: str
    region: str
    tasks: list[dict[str, Any]] = field(default_factory=list)
    definition: Mapping[str, Any] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)


def describe_pulls(
    cluster: str,
    *,
    service: str | None = None,
    region: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Pull]:
    """Return the starts of the tasks of a cluster or of one service: those that run, and those of the last hour.

    Args:
        cluster: name or ARN.
        service: of it, or None for all its tasks.
        region: by default the one of the AWS profile.
        progress: called with the number of tasks that have come.

    Raises:
        AwsError: if AWS refuses, cannot be reached, or the cluster does not exist.
    """
    asked = {"cluster": cluster, **({"serviceName": service} if service else {})}
    tasks = _tasks(_client(cluster, region), cluster, asked, progress)
    return [pull for task in tasks if (pull := Pull.of_task(task))]


def describe_target(
    target: str,
    *,
    cluster: str | None = None,
    region: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Described:
    """Return what Amazon ECS says of a service or a task.

    Args:
        target: a service by name, a task by id, or the ARN of either, which names the cluster and the Region too.
        cluster: name or ARN; ``default`` where neither it nor the target's ARN names one.
        region: by default the ARN's, or the one of the AWS profile.
        progress: called with the number of tasks that have come.

    Raises:
        InvalidValueError: for a target that the cluster does not have, with the nearest of its services.
        AwsError: if AWS refuses, cannot be reached, or the cluster does not exist.
    """
    kind, cluster_of, name, region_of = _read_target(target)
    cluster, region = cluster or cluster_of or "default", region or region_of or None
    client = _client(cluster, region)
    service = None if kind == "task" else _service(client, cluster, name)
    if service is not None:
        tasks = list(_tasks(client, cluster, {"cluster": cluster, "serviceName": name}, progress))
        events = [str(event.get("message", "")) for event in service.get("events", [])]
        return Described(
            kind="service",
            name=name,
            cluster=_last(cluster),
            region=client.region,
            tasks=tasks,
            definition=_definition(client, tasks, str(service.get("taskDefinition", ""))),
            events=events,
        )
    tasks = client.call("describe_tasks", cluster=cluster, tasks=[name]).get("tasks", [])
    if not tasks:
        raise _unknown(client, target, cluster)
    return Described(
        kind="task",
        name=_last(name),
        cluster=_last(cluster),
        region=client.region,
        tasks=tasks,
        definition=_definition(client, tasks, ""),
    )


def _read_target(target: str) -> tuple[str, str, str, str]:
    """Return kind, cluster, name and Region of an ARN; of a name, the name alone."""
    parts = target.split(":", _ARN_FIELDS - 1)
    if len(parts) < _ARN_FIELDS or parts[2] != "ecs":
        return "", "", target, ""
    kind, *path = parts[5].split("/")
    if kind not in {"service", "task"} or not path:
        raise InvalidValueError("not a service or task", target, allowed="the ARN of an ECS service or task")
    # Older ARNs have no cluster.
    cluster = path[0] if len(path) > 1 else ""
    return kind, cluster, path[-1], parts[3]


def _service(client: AwsClient, cluster: str, name: str) -> dict[str, Any] | None:
    found = client.call("describe_services", cluster=cluster, services=[name])
    for service in found.get("services", []):
        if service.get("status") != _MISSING:
            return dict(service)
    return None


def _unknown(client: AwsClient, target: str, cluster: str) -> InvalidValueError:
    names = [
        _last(arn) for page in client.pages("list_services", "serviceArns", cluster=cluster) for arn in page
    ]
    return InvalidValueError(
        f"cluster {_last(cluster)} has no such service or task",
        target,
        allowed="the name of a service, the id of a task that runs or ended within the last hour, or an ARN",
        fix=did_you_mean(target, names) or "Check --cluster and --region",
    )


def _definition(client: AwsClient, tasks: Sequence[Mapping[str, Any]], fallback: str) -> dict[str, Any]:
    newest = max(tasks, key=lambda task: str(task.get("createdAt", "")), default={})
    arn = newest.get("taskDefinitionArn") or fallback
    if not arn:
        return {}
    found = client.call("describe_task_definition", taskDefinition=arn)
    return dict(found.get("taskDefinition", {}))


def _tasks(
    client: AwsClient, cluster: str, asked: Mapping[str, str], progress: Callable[[int], None]
) -> Iterator[dict[str, Any]]:
    for status in ("RUNNING", "STOPPED"):
        pages = client.pages(
            "list_tasks",
            "taskArns",
            **asked,
            desiredStatus=status,
            PaginationConfig={"PageSize": _AT_ONCE},
        )
        # An empty page is no list that DescribeTasks takes.
        for arns in filter(None, pages):
            tasks = client.call("describe_tasks", cluster=cluster, tasks=arns).get("tasks", [])
            progress(len(tasks))
            yield from tasks


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _client(cluster: str, region: str | None) -> AwsClient:
    return AwsClient(
        "ecs",
        name="Amazon ECS",
        about=f"cluster {cluster}",
        check="its name, the Region and the permissions",
        region=region,
    )
