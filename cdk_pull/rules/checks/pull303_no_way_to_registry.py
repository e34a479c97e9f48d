"""PULL303: Fargate tasks in subnets from which their images cannot be pulled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.image.ecr import registry_kind
from cdk_pull.rules.finding import Problem, Severity
from cdk_pull.rules.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.room import Room
    from cdk_pull.template.ecs.services import Service
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["no_way_to_registry"]

_FOR_ECR: Final = ("ecr.api", "ecr.dkr", "s3")


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
    Follows the subnets of Fargate services through their route tables and VPC endpoints, where all of these are in
    the templates. Without a NAT gateway, and without a public address where the subnet has an internet gateway, the
    images must be in ECR and the VPC needs the endpoints `ecr.api`, `ecr.dkr` and `s3`, and `logs` for the awslogs
    driver.

    ## Why it matters
    Every task stops with `ResourceInitializationError` or `CannotPullContainerError` after minutes of trying, and
    the deployment hangs until it is rolled back.

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
    network = service.resource.values.get("NetworkConfiguration")
    settings = network.get("AwsvpcConfiguration") if isinstance(network, dict) else None
    subnets = settings.get("Subnets") if isinstance(settings, dict) else None
    if service.launch_type != "FARGATE" or service.task is None or not isinstance(subnets, list):
        return
    public = settings.get("AssignPublicIp", "DISABLED") if isinstance(settings, dict) else "DISABLED"
    for index, subnet in enumerate(subnets):
        reach = room.ecs.network.reach(subnet)
        if reach is None or reach.default_route == "nat":
            continue
        if reach.default_route == "internet-gateway" and public != "DISABLED":
            continue
        lacking = _lacking(service.task, reach.endpoints)
        if lacking:
            way = (
                "has an internet gateway, but the tasks have no public address"
                if reach.default_route
                else "has no way to the internet"
            )
            yield Problem(
                message=f"subnet {subnet} {way}, and the pull lacks {lacking}",
                path=("Properties", "NetworkConfiguration", "AwsvpcConfiguration", "Subnets", index),
                quote=str(subnet),
            )


def _lacking(task: TaskDefinition, endpoints: frozenset[str]) -> str:
    """Return what the pull and the log driver need and the endpoints do not give; empty where that is nothing."""
    elsewhere = [
        image.reference.registry
        for image in task.images
        if image.reference is not None and registry_kind(image.reference.registry) != "ecr"
    ]
    if elsewhere:
        return f"a way to {elsewhere[0]}, which no endpoint gives"
    needed = list(_FOR_ECR) if any(image.reference is not None for image in task.images) else []
    drivers = [container.values.get("LogConfiguration") for container in task.containers]
    if any(isinstance(driver, dict) and driver.get("LogDriver") == "awslogs" for driver in drivers):
        needed.append("logs")
    return ", ".join(f"an endpoint for {name}" for name in needed if name not in endpoints)
