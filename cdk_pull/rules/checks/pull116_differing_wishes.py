"""PULL116: services that want different pull behaviors on one capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.agent_warnings import problem_at
from cdk_pull.template.ecs.capacity import BEHAVIOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.finding import Problem
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.services import Service

__all__ = ["differing_wishes"]


@rule(
    "PULL116",
    "Services that request different behaviors share capacity",
    severity=Severity.WARNING,
    on="capacity",
    fix="Create one capacity provider for each behavior, and name it in the strategy of the service",
    sources=("amazon-ecs-agent 1.105.1: there is no setting per task or service",),
)
def differing_wishes(capacity: Capacity, context: CheckContext) -> Iterator[Problem]:
    """Services that request different behaviors share capacity.

    ## What it does
    Reads the behavior that services and task definitions request in `Metadata: {cdk-pull: {behavior: once}}`, and
    finds capacity whose services request different behaviors, or one that the capacity does not have.

    ## Why it matters
    The agent has one behavior for the whole instance; there is no setting per task or service. One of the services
    gets the wrong one: stale images, or a registry round trip at each start.

    ## Example
    ```yaml
    Jobs:    {Metadata: {cdk-pull: {behavior: prefer-cached}}}
    Nightly: {Metadata: {cdk-pull: {behavior: always}}}
    ```
    both with `CapacityProviderStrategy: [{CapacityProvider: !Ref Shared}]`

    ## Use instead
    Two Auto Scaling groups, each with a capacity provider and a behavior, and one strategy per service.

    ## Fix safety
    A service that moves to another capacity provider is redeployed. A second group costs its idle instances.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    placement = context.placement(capacity)
    wishes = context.once(("wishes", placement), lambda: _wishes(placement.services))
    has = capacity.behavior
    wanted = "; ".join(f"{wish} by {', '.join(names)}" for wish, names in sorted(wishes.items()))
    if len(wishes) > 1:
        yield problem_at(
            capacity, BEHAVIOR, f"services on this capacity request different behaviors: {wanted}"
        )
    elif wishes and has is not None and has not in wishes:
        yield problem_at(
            capacity, BEHAVIOR, f"this capacity has the behavior {has}, and services request {wanted}"
        )


def _wishes(services: list[Service]) -> dict[str, list[str]]:
    """Return the services by the behavior that they want, as far as they say so."""
    wishes: dict[str, list[str]] = {}
    for service in services:
        own = service.resource.metadata.get("behavior")
        wish = own or (service.task.resource.metadata.get("behavior") if service.task else None)
        if isinstance(wish, str):
            wishes.setdefault(wish, []).append(service.resource.logical_id)
    return wishes
