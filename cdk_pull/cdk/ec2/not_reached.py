"""The EC2 capacity in a scope that an agent setting does not reach, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.ec2.capacity import why_by_type
from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.cdk.synth.unwritten import UnwrittenApp
from cdk_pull.cdk.synth.written import logical_ids
from cdk_pull.template.ecs.batch import COMPUTE_ENVIRONMENT, launches_from, runs_agent
from cdk_pull.template.ecs.view import EcsView

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from constructs import IConstruct

__all__ = ["BESIDE", "not_reached"]

_PROVIDER: Final = "AWS::ECS::CapacityProvider"
BESIDE: Final = (_PROVIDER, COMPUTE_ENVIRONMENT, "AWS::EC2::Instance", "AWS::EC2::SpotFleet")
"""The CloudFormation types of what has no user data in a launch template of its own."""
_OUTSIDE: Final = (
    "its Auto Scaling group is not defined in this app: set the agent's variables in the user data of the launch template "
    "where the group is defined"
)


def not_reached(
    stage: IConstruct, resources: Sequence[cdk.CfnResource]
) -> Iterator[tuple[cdk.CfnResource, str]]:
    """Yield those of the resources that run the ECS agent, with why no agent setting reaches them and what to do.

    Args:
        stage: any construct of the app, which is complete.
        resources: those of the types of ``BESIDE``.
    """
    by_stack: dict[str, tuple[cdk.Stack, list[cdk.CfnResource]]] = {}
    for each in resources:
        stack = cdk.Stack.of(each)
        by_stack.setdefault(identity(stack), (stack, []))[1].append(each)
    others: dict[str, tuple[cdk.Stack, list[cdk.CfnResource]]] = {}
    for key, (stack, here) in by_stack.items():
        providers = [each for each in here if isinstance(each, ecs.CfnCapacityProvider)]
        groups = (
            stack.resolve({str(n): each.auto_scaling_group_provider for n, each in enumerate(providers)})
            or {}
        )
        for number, provider in enumerate(providers):
            group = groups.get(str(number))
            # What is defined in the app is a reference.
            if isinstance(group, dict) and isinstance(group.get("autoScalingGroupArn"), str):
                yield provider, _OUTSIDE
        if rest := [each for each in here if each.cfn_resource_type != _PROVIDER]:
            others[key] = (stack, rest)
    if others:
        yield from _of_other_types(stage, others)


def _of_other_types(
    stage: IConstruct, by_stack: Mapping[str, tuple[cdk.Stack, list[cdk.CfnResource]]]
) -> Iterator[tuple[cdk.CfnResource, str]]:
    view = EcsView(UnwrittenApp(stage).assembly([stack for stack, _ in by_stack.values()]))
    agents = {
        (each.resource.template.key, each.resource.logical_id) for each in view.capacities if each.is_ecs
    }
    for key, (stack, here) in by_stack.items():
        for resource, logical_id in zip(here, logical_ids(stack, here), strict=True):
            found = view.assembly.resource(key, logical_id)
            environment = found is not None and found.type == COMPUTE_ENVIRONMENT and runs_agent(found)
            if (key, logical_id) in agents or (environment and found and not [*launches_from(found)]):
                yield resource, why_by_type(resource.cfn_resource_type)
