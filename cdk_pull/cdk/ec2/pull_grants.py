"""Lets an instance role pull the images of a pre-pull, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from cdk_pull.cdk.synth.constructs import warn

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["grant_pulls", "repository_arn"]

_WARNING: Final = "cdk-pull:prePullRole"
_PIECE: Final = r"(?:\$\{Token\[[^\]]*\]\}|[a-z0-9-])+"
_PATH: Final = r"(?:\$\{Token\[[^\]]*\]\}|[a-z0-9._/-])+"
_ECR: Final = re.compile(
    rf"(?P<account>{_PIECE})\.dkr[.-]ecr(?:-fips)?\.(?P<region>{_PIECE})\.[^/]+/(?P<path>{_PATH})(?:[:@].*)?",
    re.DOTALL,
)
_PULL: Final = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def repository_arn(image: str, partition: str) -> str | None:
    """Return the ARN of an image's repository in private Amazon ECR; None for any other image.

    Args:
        image: its name, with CDK's tokens.
        partition: of the ARN.
    """
    found = _ECR.fullmatch(image)
    if found is None:
        return None
    return f"arn:{partition}:ecr:{found['region']}:{found['account']}:repository/{found['path']}"


def grant_pulls(resource: cdk.CfnResource, images: Iterable[str]) -> None:
    """Allow the role of a launch resource's instances to pull images; warn where there is no role to see."""
    names = list(images)
    partition = cdk.Stack.of(resource).partition
    arns = [arn for name in names if (arn := repository_arn(name, partition))]
    opaque = [name for name in names if cdk.Token.is_unresolved(name) and _ECR.fullmatch(name) is None]
    if not arns and not opaque:
        return
    role = _role(resource)
    if role is None or opaque:
        what = (
            "the role of its instances is not in this app"
            if role is None
            else "an image's repository is not known"
        )
        warn(
            resource,
            _WARNING,
            f"images are pre-pulled, and {what}: allow the role ecr:GetAuthorizationToken and "
            f"{', '.join(_PULL)} on their repositories",
        )
    if role is None or not arns:
        return
    role.add_to_principal_policy(iam.PolicyStatement(actions=_PULL, resources=sorted(arns)))
    # This one knows no resource.
    role.add_to_principal_policy(iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]))


def _role(resource: cdk.CfnResource) -> iam.IRole | None:
    parent = resource.node.scope
    if isinstance(parent, ec2.LaunchTemplate):
        return parent.role
    return parent.role if isinstance(parent, autoscaling.AutoScalingGroup) else None
