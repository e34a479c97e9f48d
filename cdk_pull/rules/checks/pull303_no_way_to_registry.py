"""PULL303: tasks and instances that cannot reach what their start needs."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_pull.patterns import lazy_pattern
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.not_evaluated import Missing, NotEvaluated
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.unknown_launches import unknown_instances
from cdk_pull.template.ecs.network import instance_needs, network_needs
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_pull.network.model import Need, Verdict
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.network import Puller
    from cdk_pull.template.ecs.services import Service
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["no_way_to_registry"]

# What brings images onto an instance without a way of its own to the registry.
_OTHER_WAY: Final = lazy_pattern(r"proxy|docker\s+load|images?\s+import", re.IGNORECASE)
_GROUPS: Final = "SecurityGroupEgress"
_POLICY: Final = "PolicyDocument"
_OUTSIDE: Final = Missing(
    "subnet that is not in the templates",
    "subnets that are not in the templates",
    "check all stacks of the app together, as `cdk-pull check cdk.out` does",
)
_UNCLEAR: Final = Missing("network element that is not known", "network elements that are not known")


@rule(
    "PULL303",
    "A network in which the images cannot be pulled",
    severity=Severity.ERROR,
    on="service",
    fix="Open the way at the element in the message, or use subnets with a NAT gateway",
    sources=("data/pull_endpoints.json", "Amazon VPC User Guide; AWS PrivateLink Guide"),
)
def no_way_to_registry(service: Service, context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """Tasks or instances cannot reach what their start needs.

    ## What it does
    Follows the way from each subnet to the registries of the images, and to what else the start asks, in all templates
    that are checked together: of tasks that services, schedules, event rules, pipes, task sets, state machines and jobs
    of AWS Batch start on Fargate, and of the instances that services run on.

    - The route table of the subnet, the VPC's main one where there is none, and what its default route leads to: an
      internet gateway, for which a task needs a public address; a NAT gateway, and its own subnet's route; an
      egress-only internet gateway.
    - For services of AWS in the own Region, the VPC endpoints `ecr.api`, `ecr.dkr`, `s3` (where the layers are),
      `logs`, `secretsmanager` and `ssm`, for instances also `ecs`, `ecs-agent` and `ecs-telemetry`: private DNS and the
      VPC's DNS settings, the route table of a gateway endpoint, and the endpoint's policy. Where private DNS leads to
      an endpoint, that is the only way, with or without a NAT gateway.
    - The security groups and network ACLs at both ends, port 443 there and the answers back.
    - IPv4 and IPv6: AWS Fargate asks Amazon ECR by IPv4 unless the subnet is IPv6 only.

    The first element that is closed is named. What depends on an element that is not in the templates, or beyond a
    transit gateway or a firewall, is not evaluated, and the summary says so. The rule leaves out instances that have a
    proxy, load images from elsewhere, or start from an AMI of your own, which may hold the images.

    ## Why it matters
    Every task stops with `ResourceInitializationError: unable to pull secrets or registry auth` or
    `CannotPullContainerError … i/o timeout` after minutes of trying, and the deployment hangs until it is rolled back.
    `DISABLED` is the default of `AssignPublicIp`, whatever the subnet's `MapPublicIpOnLaunch` says; an instance goes by
    the subnet's. An instance without a way out does not even join its cluster.

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
    Interface endpoints are charged by the hour and Availability Zone, NAT gateways by the hour and GB; a public address
    makes the task reachable where its security group allows it.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html
    - https://repost.aws/knowledge-center/ecs-fargate-tasks-pending-state
    """
    network = context.ecs.network
    unknown = unknown_instances(service, context)
    if unknown is not None:
        yield unknown
    if service.launch_type == "FARGATE" and (task := service.task) is not None:
        task_needs = context.once(("network needs", id(task)), partial(_needs, [task], context))
        yield from _judged("tasks", list(network.of_tasks(service)), task_needs, context)
    # Once for all services on a capacity.
    for capacity in context.led_by(service):
        if _has_to_pull(capacity):
            placement = context.placement(capacity)
            needs = context.once(
                ("network needs", placement),
                partial(_needs, placement.tasks, context, instance_needs()),
            )
            yield from _judged("instances", list(network.of_instances(capacity)), needs, context)


def _has_to_pull(capacity: Capacity) -> bool:
    """Tell whether instances have no image but what they pull: one's own AMI may hold some, which a failed pull falls back on."""
    if _OTHER_WAY.search(str(capacity.user_data)):
        return False
    return capacity.is_on_public_ami or capacity.behavior == "always"


class _Closed(NamedTuple):
    """What is closed at one element, and for whom."""

    verdict: Verdict
    pullers: dict[str, Puller]
    needs: dict[str, Need]


def _needs(
    tasks: Iterable[TaskDefinition], context: CheckContext, further: Iterable[Need] = ()
) -> list[Need]:
    needs = list(further)
    for task in tasks:
        template = task.resource.template.context
        for start in context.ecs.needs(task):
            needs += network_needs(start, template)
    return list(dict.fromkeys(needs))


def _judged(
    subject: str, pullers: list[Puller], needs: list[Need], context: CheckContext
) -> Iterator[Problem | NotEvaluated]:
    closed: dict[tuple[object, str, str], _Closed] = {}
    for puller in pullers:
        verdicts = [(need, context.ecs.network.judge(puller.source, need)) for need in needs]
        shut = [(need, verdict) for need, verdict in verdicts if verdict.status == "closed"]
        for need, verdict in shut:
            # What one endpoint's policy leaves out is told one by one, as each needs a statement of its own.
            which = verdict.reason if verdict.property == _POLICY else verdict.property
            key = (verdict.element, verdict.name, which)
            found = closed.setdefault(key, _Closed(verdict, {}, {}))
            found.pullers[_shown(puller, context)] = puller
            found.needs[need.name] = need
        if not shut:
            yield from _unknown(
                puller, [verdict for _, verdict in verdicts if verdict.status == "unknown"], context
            )
    for each in closed.values():
        yield _problem(subject, each, context)


def _problem(subject: str, closed: _Closed, context: CheckContext) -> Problem:
    verdict = closed.verdict
    puller = next(iter(closed.pullers.values()))
    subnets = ", ".join(closed.pullers)
    many = "subnets" if len(closed.pullers) > 1 else "subnet"
    return Problem(
        message=f"the {subject} in {many} {subnets} cannot reach {_listed(list(closed.needs))}: "
        f"{verdict}{_where(verdict, puller, context)}",
        fix=_fix(closed),
        path=puller.groups_path if verdict.property == _GROUPS else puller.path,
        quote=str(puller.subnet),
        resource=puller.resource,
    )


def _fix(closed: _Closed) -> str:
    needs = list(closed.needs.values())
    by_endpoints = closed.verdict.or_endpoint and all(need.service and need.region is None for need in needs)
    if not by_endpoints:
        return closed.verdict.fix
    services = list(dict.fromkeys(need.service for need in needs))
    return f"{closed.verdict.fix}, or {'endpoints' if len(services) > 1 else 'an endpoint'} for {_listed(services)}"


def _shown(puller: Puller, context: CheckContext) -> str:
    resource = context.ecs.network.resource(puller.source.subnet)
    return str(puller.subnet) if resource is None else resource.construct_path or resource.logical_id


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _where(verdict: Verdict, puller: Puller, context: CheckContext) -> str:
    """Return where the element stands: its construct, and its line in another place than the finding's."""
    resource = context.ecs.network.resource(verdict.element)
    if resource is None:
        return ""
    path = ("Properties", verdict.property) if verdict.property else ()
    line = resource.line(*path)
    stack = "" if resource.template is puller.resource.template else f" of {resource.template.name}"
    said = [resource.construct_path] if resource.construct_path else []
    said += [f"line {line}{stack}"] if line else [stack.strip()] if stack else []
    return f" ({', '.join(said)})" if said else ""


def _unknown(puller: Puller, verdicts: list[Verdict], context: CheckContext) -> Iterator[NotEvaluated]:
    """Yield what is not known of the way, each element once."""
    for verdict in {str(each): each for each in verdicts}.values():
        outside = context.ecs.network.resource(puller.source.subnet) is None
        unnamed = isinstance(puller.subnet, Unknown) and not puller.subnet.is_named
        subnet = f"a subnet of {puller.resource.logical_id}" if unnamed else str(puller.subnet)
        yield NotEvaluated(
            missing=_OUTSIDE if outside else _UNCLEAR,
            name=subnet if outside else verdict.name or subnet,
            reason=puller.subnet.reason if unnamed else str(verdict),
            path=puller.path,
            resource=puller.resource,
        )
