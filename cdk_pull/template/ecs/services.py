"""Services: what they run, and on which capacity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.tasks import TaskDefinition
    from cdk_pull.template.model import Resource

__all__ = ["LaunchType", "Service"]

LaunchType = Literal["EC2", "FARGATE", "EXTERNAL"]


@dataclass(eq=False)
class Service:
    """One ``AWS::ECS::Service``.

    Attributes:
        resource: where it stands.
        launch_type: where its tasks run; None where that cannot be known.
        task: its task definition, where that is in one of the templates.
        cluster: what tells its cluster; empty where it cannot be known.
        capacities: the EC2 capacity that its tasks may be placed on.
    """

    resource: Resource
    launch_type: LaunchType | None
    task: TaskDefinition | None
    cluster: str
    capacities: tuple[Capacity, ...] = ()
