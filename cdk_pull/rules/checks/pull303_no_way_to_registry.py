"""PULL303: Fargate tasks in subnets from which their images cannot be pulled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.rules.finding import Problem, Severity
from cdk_pull.rules.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.room import Room
    from cdk_pull.template.ecs.network import Reach
    from cdk_pull.template.ecs.services import Service
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["no_way_to_registry"]

_FOR_ECR: Final = ("ecr.api", "ecr.dkr", "s3")
_ENDPOINTS: Final = "the VPC endpoints"


@rule(
    "PULL303",
    "Subnets from which the images cannot be pulled",
    severity=Severity.ERROR,
    on="service",
    fix="Add a NAT gateway or the endpoints in the message; in a public subnet, AssignPublicIp: ENABLED",
    sources=("Amazon ECR User Guide, Amazon ECR interface VPC endpoints",),
)
def no_way_to_registry(service: Service, room: Room) -> Iterator[Problem]:
    """The tasks have no way to their registry.

    ## What it does
    Follows the subnets in which services, schedules, event rules, pipes, task sets and state machines start tasks on
    Fargate through their route tables and VPC endpoints, where all of these are in the templates. Without a NAT
    gateway, and without a public address where the subnet has an internet gateway, the images must be in ECR of the
    same Region and the VPC needs the endpoints `ecr.api`, `ecr.dkr` and `s3` (where the layers are; a gateway endpoint
    has to name the subnet's route table), and `logs` for the awslogs driver. Where a route leads to another network,
    such as a transit gateway's, that network may have the endpoints, and the rule is silent about them.

    ## Why it matters
    Every task stops with `ResourceInitializationError: unable to pull secrets or registry auth` or
    `CannotPullContainerError` after minutes of trying, and the deployment hangs until it is rolled back. `DISABLED` is
    what ECS takes when `AssignPublicIp` is missing, whatever the subnet's `MapPublicIpOnLaunch` says.

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
    settings, path = service.start.network
    subnets = settings.get("Subnets")
    if service.launch_type != "FARGATE" or service.task is None or not isinstance(subnets, list):
        return
    for index, subnet in enumerate(subnets):
        reach = room.ecs.network.reach(subnet)
        if reach is None:
            continue
        way = _no_way(reach, settings)
        lacking = _lacking(service.task, reach) if way else ""
        if lacking:
            yield Problem(
                message=f"subnet {subnet} {way}, and the tasks lack {lacking}",
                fix=_fix(reach, lacking),
                path=(*path, "Subnets", index) if service.start.exact else path,
                quote=str(subnet),
            )


def _no_way(reach: Reach, settings: dict[str, Any]) -> str:
    """Return, in words, why tasks do not reach the internet by IPv4; empty where they may."""
    if reach.default_route is None:
        return "reaches the internet by IPv6 alone" if reach.ipv6 else "has no way to the internet"
    if reach.default_route == "internet-gateway" and settings.get("AssignPublicIp", "DISABLED") == "DISABLED":
        return "has an internet gateway, but the tasks have no public address"
    return ""


def _fix(reach: Reach, lacking: str) -> str:
    way = (
        "Set AssignPublicIp: ENABLED, or use subnets with a NAT gateway"
        if reach.default_route
        else "Add a NAT gateway"
    )
    if lacking.startswith(_ENDPOINTS):
        return f"{way}; or add the endpoints in the message"
    return f"{way}; or copy the image to ECR in this Region and add endpoints for {', '.join(_FOR_ECR)}"


def _lacking(task: TaskDefinition, reach: Reach) -> str:
    """Return what the pull and the log driver need and neither endpoints nor IPv6 give; empty where that is nothing."""
    needed: list[str] = []
    for image in task.images:
        if image.reference is None:
            continue
        registry = EcrRegistry.of_host(image.reference.registry)
        if reach.ipv6 and (registry is None or registry.dual_stack):
            continue
        # The endpoints are those of ECR in the own Region.
        if image.place.verdict in {"outside", "elsewhere"}:
            return f"a way to {image.reference.registry}, which no endpoint gives"
        needed = list(_FOR_ECR)
    drivers = [container.values.get("LogConfiguration") for container in task.containers]
    if not reach.ipv6 and any(
        isinstance(each, dict) and each.get("LogDriver") == "awslogs" for each in drivers
    ):
        needed.append("logs")
    # Another network may have the endpoints, for many.
    missing = [] if reach.private else [name for name in needed if name not in reach.endpoints]
    return f"{_ENDPOINTS} {', '.join(missing)}" if missing else ""
