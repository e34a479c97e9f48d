"""Lets the execution role of a task pull through caches, the first pull included, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

from cdk_pull.cdk.synth.constructs import identity, select, warn
from cdk_pull.cdk.synth.written import logical_ids
from cdk_pull.image.ecr_policies import cache_pull_statements
from cdk_pull.image.pull_through import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.template.cached_images import Cached

__all__ = ["grant_cache_pulls"]

_WARNING: Final = "cdk-pull:cacheRole"
_TASKS: Final = "ecs-tasks.amazonaws.com"
_ROLE: Final = "AWS::IAM::Role"


def grant_cache_pulls(task: ecs.CfnTaskDefinition, images: Sequence[Cached]) -> None:
    """Allow the execution role of a task to pull images through caches; it gets one where it has none."""
    stack = cdk.Stack.of(task)
    statements = cache_pull_statements(list(dict.fromkeys(_arn(stack, each) for each in images)))
    role = _role(task, stack)
    if isinstance(role, iam.CfnRole):
        iam.CfnPolicy(
            task,
            "PullThroughCache",
            policy_name=f"{cdk.Names.unique_resource_name(task, max_length=100)}PullThroughCache",
            policy_document={"Version": "2012-10-17", "Statement": statements},
            roles=[role.ref],
        )
        return
    if role is None or not _allow(role, statements):
        allowed = " and ".join(
            f"{', '.join(each['Action'])} on {', '.join(map(str, stack.resolve(each['Resource'])))}"
            for each in statements
        )
        warn(
            task,
            _WARNING,
            f"the execution role is not in this app, and pulls through caches: allow it {allowed}",
        )


def _allow(role: iam.IRole, statements: Sequence[dict[str, Any]]) -> bool:
    """Add statements to a role, and tell whether they are in a policy of this app."""
    added = [
        role.add_to_principal_policy(iam.PolicyStatement.from_json(each)).statement_added
        for each in statements
    ]
    # A role that CDK may not change takes every statement, and writes none.
    return all(added) and any(isinstance(each, iam.CfnPolicy) for each in role.node.find_all())


def _arn(stack: cdk.Stack, image: Cached) -> str:
    # Without a prefix, nothing else tells the cache's repositories from all others.
    name = image.repository if image.rule.prefix == ROOT else f"{image.rule.prefix}/*"
    if image.rule.prefix == ROOT and image.rest and "@" not in image.path and ":" not in image.path:
        name += "*"
    return stack.format_arn(service="ecr", resource="repository", resource_name=name)


def _role(task: ecs.CfnTaskDefinition, stack: cdk.Stack) -> iam.IRole | iam.CfnRole | None:
    """Return the execution role; None for one that is not in this app."""
    holder = task.node.scope
    if isinstance(holder, ecs.TaskDefinition):
        return holder.obtain_execution_role()
    stated: Any = stack.resolve(task.execution_role_arn)
    if stated is None:
        role = iam.Role(task, "ExecutionRole", assumed_by=iam.ServicePrincipal(_TASKS))
        task.execution_role_arn = role.role_arn
        return role
    match stated:
        case {"Fn::GetAtt": [str() as name, "Arn"]}:
            pass
        case _:
            return None
    own = identity(stack)
    roles = [each for each in select(stack, _ROLE) if identity(cdk.Stack.of(each)) == own]
    for found, logical_id in zip(roles, logical_ids(stack, roles) if roles else [], strict=True):
        if logical_id == name:
            parent = found.node.scope
            if isinstance(parent, iam.Role):
                return parent
            return found if isinstance(found, iam.CfnRole) else None
    return None
