"""PULL303: tasks and instances in subnets from which their images cannot be pulled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.network import Reach
    from cdk_pull.template.ecs.services import Service
    from cdk_pull.template.ecs.tasks import TaskDefinition
    from cdk_pull.template.model import PathStep, Resource

__all__ = ["no_way_to_registry"]

_FOR_ECR: Final = ("ecr.api", "ecr.dkr", "s3")
# What brings images onto an instance without a way of its own to the registry.
_OTHER_WAY: Final = re.compile(r"proxy|docker\s+load|images?\s+import", re.IGNORECASE)
_ENDPOINTS: Final = "the VPC endpoints"


@rule(
    "PULL303",
    "Subnets from which the images cannot be pulled",
    severity=Severity.ERROR,
    on="service",
    fix="Add a NAT gateway or the endpoints in the message; in a public subnet, a public address",
    sources=("Amazon ECR User Guide, Amazon ECR interface VPC endpoints",),
)
def no_way_to_registry(service: Service, context: CheckContext) -> Iterator[Problem]:
    """What pulls the images has no way to their registry.

    ## What it does
    Follows the subnets of what pulls through their route tables and VPC endpoints, where all of these are in the
    templates: of tasks that services, schedules, event rules, pipes, task sets and state machines start on Fargate, and
    of the Auto Scaling groups that services run on.

    - A NAT gateway, or any default route but an internet gateway's, is a way out.
    - With an internet gateway the task or instance needs a public address.
    - Otherwise the images must be in ECR of the same Region, and the VPC needs the endpoints `ecr.api`, `ecr.dkr` and
      `s3` (where the layers are; a gateway endpoint has to name the subnet's route table), and `logs` for the awslogs
      driver.

    It is silent about endpoints where a route leads to another network, such as a transit gateway's, that may have
    them; and about instances that have a proxy, load images from elsewhere, or start from an AMI of your own, which may
    hold the images.

    ## Why it matters
    Every task stops with `ResourceInitializationError: unable to pull secrets or registry auth` or
    `CannotPullContainerError` after minutes of trying, and the deployment hangs until it is rolled back. `DISABLED` is
    what ECS takes when `AssignPublicIp` is missing, whatever the subnet's `MapPublicIpOnLaunch` says; an instance goes
    by the subnet's. An instance without a way out does not even join its cluster: the agent needs the endpoints
    `ecs-agent`, `ecs-telemetry` and `ecs`, too.

    ## Example
    ```yaml
    AwsvpcConfiguration: {Subnets: [!Ref PublicSubnet], AssignPublicIp: DISABLED}
    ```

    ## Use instead
    ```yaml
    AwsvpcConfiguration: {Subnets: [!Ref PublicSubnet], AssignPublicIp: ENABLED}
    ```
    or private subnets with a NAT gateway or endpoints.

    ## Fix safety
    Interface endpoints cost by the hour and Availability Zone; a public address makes the task reachable where its
    security group allows it.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    - https://repost.aws/knowledge-center/ecs-fargate-tasks-pending-state
    """
    for place in _places(service, context):
        subnets = place.subnets if isinstance(place.subnets, list) else []
        for index, subnet in enumerate(subnets):
            reach = context.ecs.network.reach(subnet)
            if reach is None:
                continue
            way = _no_way(reach, place)
            lacking = _lacking(place.tasks, reach) if way else ""
            if lacking:
                yield Problem(
                    message=f"subnet {subnet} {way}, and the {place.subject} lack {lacking}",
                    fix=_fix(reach, place, lacking),
                    path=(*place.path, index) if place.exact else place.path,
                    quote=str(subnet),
                    resource=place.resource,
                )


class _Place(NamedTuple):
    """Where images are pulled: subnets, and what is said of public addresses there."""

    resource: Resource
    subnets: Any
    path: tuple[PathStep, ...]
    tasks: list[TaskDefinition]
    subject: str
    remedy: str
    public: bool | None = None
    """Whether the subject has a public address; None leaves it to the subnet."""
    exact: bool = True


def _places(service: Service, context: CheckContext) -> Iterator[_Place]:
    if service.launch_type == "FARGATE" and service.task is not None:
        settings, path = service.start.network
        yield _Place(
            service.resource,
            settings.get("Subnets"),
            (*path, "Subnets") if service.start.exact else path,
            [service.task],
            "tasks",
            "Set AssignPublicIp: ENABLED",
            public=settings.get("AssignPublicIp", "DISABLED") != "DISABLED",
            exact=service.start.exact,
        )
    for capacity in service.capacities:
        # Once for all services on it.
        if context.services_on(capacity)[0] is service and _has_to_pull(capacity):
            tasks = context.tasks_on(capacity)
            for group in capacity.groups:
                subnets = group.values.get("VPCZoneIdentifier")
                path = ("Properties", "VPCZoneIdentifier")
                remedy = "Give the instances public addresses"
                yield _Place(group, subnets, path, tasks, "instances", remedy, public=capacity.public)


def _has_to_pull(capacity: Capacity) -> bool:
    """Tell whether instances have no image but what they pull: one's own AMI may hold some, which a failed pull falls back on."""
    if _OTHER_WAY.search(str(capacity.user_data)):
        return False
    return capacity.is_on_public_ami or capacity.behavior == "always"


def _no_way(reach: Reach, place: _Place) -> str:
    """Return, in words, why the internet is not reached by IPv4; empty where it may be."""
    if reach.default_route is None:
        return "reaches the internet by IPv6 alone" if reach.ipv6 else "has no way to the internet"
    public = reach.maps_public if place.public is None else place.public
    if reach.default_route == "internet-gateway" and not public:
        return f"has an internet gateway, but the {place.subject} have no public address"
    return ""


def _fix(reach: Reach, place: _Place, lacking: str) -> str:
    way = f"{place.remedy}, or use subnets with a NAT gateway" if reach.default_route else "Add a NAT gateway"
    if lacking.startswith(_ENDPOINTS):
        return f"{way}; or add the endpoints in the message"
    return f"{way}; or copy the image to ECR in this Region and add endpoints for {', '.join(_FOR_ECR)}"


def _lacking(tasks: list[TaskDefinition], reach: Reach) -> str:
    """Return what pulls and log drivers need and neither endpoints nor IPv6 give; empty where that is nothing."""
    needed: list[str] = []
    for image in (image for task in tasks for image in task.images):
        if image.reference is None:
            continue
        registry = EcrRegistry.of_host(image.reference.registry)
        if reach.ipv6 and (registry is None or registry.dual_stack):
            continue
        # The endpoints are those of ECR in the own Region.
        if image.place.verdict in {"outside", "elsewhere"}:
            return f"a way to {image.reference.registry}, which no endpoint gives"
        needed = list(_FOR_ECR)
    drivers = [each.values.get("LogConfiguration") for task in tasks for each in task.containers]
    if not reach.ipv6 and any(
        isinstance(each, dict) and each.get("LogDriver") == "awslogs" for each in drivers
    ):
        needed.append("logs")
    # Another network may have the endpoints, for many.
    missing = [] if reach.private else [name for name in needed if name not in reach.endpoints]
    return f"{_ENDPOINTS} {', '.join(missing)}" if missing else ""
