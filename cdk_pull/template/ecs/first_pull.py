"""Whether the first pull of an image through a cache has a way out of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cdk_pull.network.model import Need

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cdk_pull.network.model import Verdict
    from cdk_pull.template.ecs.network import Puller
    from cdk_pull.template.ecs.tasks import TaskDefinition
    from cdk_pull.template.ecs.view import EcsView

__all__ = ["FirstPull", "closed_first_pulls"]

_INTERNET = Need(name="the internet")


class FirstPull(NamedTuple):
    """A subnet from which the first pull of a task's images through a cache fails.

    Attributes:
        task: whose images.
        puller: where they are pulled.
        verdict: what stops the first pull.
    """

    task: TaskDefinition
    puller: Puller
    verdict: Verdict


def closed_first_pulls(ecs: EcsView, tasks: Collection[TaskDefinition]) -> Iterator[FirstPull]:
    """Yield where the first pull through a cache has no way to the internet, which it needs beside endpoints for Amazon ECR.

    What the network model cannot tell is left out. Source: Amazon ECR User Guide, Amazon ECR interface VPC endpoints,
    Considerations.

    Args:
        ecs: the services and their network.
        tasks: those with images behind a cache.
    """
    for service in ecs.services:
        if service.task is None or not any(service.task is each for each in tasks):
            continue
        pullers = (
            list(ecs.network.of_tasks(service))
            if service.launch_type == "FARGATE"
            else [each for capacity in service.capacities for each in ecs.network.of_instances(capacity)]
        )
        for puller in pullers:
            verdict = ecs.network.judge(puller.source, _INTERNET)
            if verdict.status == "closed":
                yield FirstPull(service.task, puller, verdict)
