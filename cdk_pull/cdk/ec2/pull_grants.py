"""Lets an instance role pull the images of a pre-pull, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from cdk_pull.cdk.ec2.requests import TOKENS
from cdk_pull.cdk.synth.constructs import warn
from cdk_pull.image.ecr import repository_arn
from cdk_pull.image.ecr_policies import pull_statements

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs import Construct

__all__ = ["grant_pulls", "grant_pulls_to"]

_WARNING: Final = "cdk-pull:prePullRole"


def grant_pulls(resource: cdk.CfnResource, images: Iterable[str]) -> None:
    """Allow the role of a launch resource's instances to pull images; warn where there is no role to see."""
    grant_pulls_to(_role(resource), resource, images)


def grant_pulls_to(role: iam.IRole | None, construct: Construct, images: Iterable[str]) -> None:
    """Allow a role to pull images; warn at a construct where there is no role to see, or a repository is not known."""
    partition = cdk.Stack.of(construct).partition
    found = {name: repository_arn(name, partition, unknown=TOKENS.pattern) for name in images}
    arns = sorted({arn for arn in found.values() if arn is not None})
    opaque = [name for name, arn in found.items() if arn is None and TOKENS.match(name)]
    if not arns and not opaque:
        return
    statements = pull_statements(arns)
    if role is None or opaque:
        what = (
            "the role of its instances is not in this app"
            if role is None
            else "an image's repository is not known"
        )
        warn(
            construct,
            _WARNING,
            f"images are pre-pulled, and {what}: allow the role {', '.join(statements[1]['Action'])}, and "
            f"{', '.join(statements[0]['Action'])} on their repositories",
        )
    if role is None or not arns:
        return
    for statement in statements:
        role.add_to_principal_policy(iam.PolicyStatement.from_json(statement))


def _role(resource: cdk.CfnResource) -> iam.IRole | None:
    parent = resource.node.scope
    if isinstance(parent, ec2.LaunchTemplate):
        return parent.role
    return parent.role if isinstance(parent, autoscaling.AutoScalingGroup) else None
