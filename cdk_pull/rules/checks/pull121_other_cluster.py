"""PULL121: instances that join another cluster than the services that wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Confidence, Problem, Severity
from cdk_pull.rules.engine.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.model import Resource

__all__ = ["other_cluster"]

_CLUSTER: Final = "ECS_CLUSTER"
_FIXES: Final[dict[OperatingSystem, str]] = {
    "linux": "echo ECS_CLUSTER={name} >> /etc/ecs/ecs.config",
    "windows": "Initialize-ECSAgent -Cluster {name}",
    "bottlerocket": 'under [settings.ecs], cluster = "{name}"',
}


@rule(
    "PULL121",
    "Instances that join another cluster than the services",
    severity=Severity.WARNING,
    on="capacity",
    fix="Set ECS_CLUSTER in the user data to the cluster of the services",
    sources=("amazon-ecs-agent 1.105.1: agent/config/config.go",),
    confidence=Confidence.MEDIUM,
)
def other_cluster(capacity: Capacity, context: CheckContext) -> Iterator[Problem]:
    """The instances join a cluster on which no service of the templates runs, and a service has no instances.

    ## What it does
    Finds capacity on an AMI with the ECS agent whose user data names no cluster, so that its instances join the cluster
    `default`, or names one that no service of the templates runs on, while a service on EC2 of the same templates has no
    instances at all. Capacity of a capacity provider and of AWS Batch is left out: that names its cluster itself. It
    is silent where any launch of the templates may join the cluster of the service.

    ## Why it matters
    The instances run and cost money, no task is placed on them, and the deployment of the service waits for instances
    until it is rolled back.

    ## Example
    ```sh
    #!/bin/bash
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    ```

    ## Use instead
    ```sh
    #!/bin/bash
    echo ECS_CLUSTER=web >> /etc/ecs/ecs.config
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    ```
    In CDK, `cluster.add_asg_capacity_provider` writes the line.

    ## Fix safety
    New user data reaches new instances only. Those that run stay in the other cluster.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bootstrap_container_instance.html
    - https://github.com/terraform-aws-modules/terraform-aws-ecs/issues/11
    """
    if not capacity.image.ecs or capacity.providers or capacity.batch or context.services_on(capacity):
        return
    waiting = [
        each for each in context.services_without_instances if _in_one_place(each.resource, capacity.resource)
    ]
    # Where it is not known what others join, they may be the instances of the service.
    if not waiting or context.ecs.may_join or not all(map(_is_known, context.ecs.capacities)):
        return
    named = ["".join(map(str, parts)) for parts in capacity.cluster_names]
    clusters = [each.values.get("ClusterName") for each in context.ecs.clusters]
    if any("$" in name or name in clusters for name in named):
        return  # a cluster of the templates, on which something else may start tasks
    service = waiting[0]
    if not named and any(each.cluster_name == "default" for each in waiting):
        return
    joins = f"cluster {named[0]}" if named else "the cluster default, as the user data names none"
    yield Problem(
        message=f"the instances join {joins}, and {service.resource.logical_id} runs on cluster {service.cluster_name}, "
        "which has no instances here",
        fix=_FIXES[capacity.reading.os or "linux"].format(name=service.cluster_name),
        path=capacity.path,
    )


def _in_one_place(one: Resource, other: Resource) -> bool:
    return one.template.context.environment == other.template.context.environment


def _is_known(capacity: Capacity) -> bool:
    """Tell whether the cluster that instances join is known, or comes from a capacity provider."""
    if capacity.providers or capacity.batch:
        return True
    reading = capacity.reading
    unread = any(each.variable in {None, _CLUSTER} for each in reading.unknown) or reading.agent.unknown
    opaque = capacity.is_opaque or capacity.runs_a_file or capacity.uses_init
    return bool(capacity.image.ecs) and not unread and not opaque
