"""PULL116: services that want different pull behaviours on one capacity."""

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

__all__ = ["differing_wishes"]


@rule(
    "PULL116",
    "Services that want different behaviours share capacity",
    severity=Severity.WARNING,
    on="capacity",
    fix="Give each wish a capacity provider of its own, and each service the strategy that names it",
    sources=("amazon-ecs-agent 1.105.1: there is no setting per task or service",),
)
def differing_wishes(capacity: Capacity, context: CheckContext) -> Iterator[Problem]:
    """Services that want different behaviours share capacity.

    ## What it does
    Reads what services and task definitions want from their metadata, `Metadata: {cdk-pull: {behavior: once}}`, and
    finds capacity whose services want different behaviours, or another one than it has.

    ## Why it matters
    The agent has one behaviour for the whole instance; there is no setting per task or service. One of the services
    gets what it did not ask for: stale images, or a registry round trip at each start.

    ## Example
    ```yaml
    Jobs:    {Metadata: {cdk-pull: {behavior: prefer-cached}}}
    Nightly: {Metadata: {cdk-pull: {behavior: always}}}
    ```
    both with `CapacityProviderStrategy: [{CapacityProvider: !Ref Shared}]`

    ## Use instead
    Two Auto Scaling groups, each with a capacity provider and a behaviour, and one strategy per service.

    ## Fix safety
    A service that moves to another capacity provider is deployed anew; a second group costs its idle instances.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-capacity-providers.html
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    wishes: dict[str, list[str]] = {}
    for service in context.services_on(capacity):
        own = service.resource.metadata.get("behavior")
        wish = own or (service.task.resource.metadata.get("behavior") if service.task else None)
        if isinstance(wish, str):
            wishes.setdefault(wish, []).append(service.resource.logical_id)
    has = capacity.behavior
    wanted = "; ".join(f"{wish} by {', '.join(names)}" for wish, names in sorted(wishes.items()))
    if len(wishes) > 1:
        yield problem_at(capacity, BEHAVIOR, f"services here want different behaviours: {wanted}")
    elif wishes and has is not None and has not in wishes:
        yield problem_at(capacity, BEHAVIOR, f"the behaviour here is {has}, and wanted is {wanted}")
