"""The compute environments of AWS Batch in an app, and the launch templates that their instances come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from cdk_pull.cdk.synth.constructs import identity, select
from cdk_pull.shapes import as_list, as_object
from cdk_pull.template.ecs.batch import COMPUTE_ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import IConstruct

__all__ = ["BatchEnvironments", "launch_templates_of"]

_ON_EC2: Final = frozenset({"EC2", "SPOT"})


class BatchEnvironments:
    """The launch templates of an app that managed compute environments on EC2 and ECS launch from, looked up once."""

    def __init__(self) -> None:
        self._paths: dict[str, str] | None = None

    def forget(self) -> None:
        """Look them up anew when they are asked for the next time."""
        self._paths = None

    def of(self, resource: cdk.CfnResource) -> str:
        """Return the path of the compute environment that launches from a launch template; empty where none does."""
        if self._paths is None:
            self._paths = {
                identity(template): environment.node.path
                for environment in select(resource.node.root, COMPUTE_ENVIRONMENT)
                if _merges_user_data(environment)
                for template in launch_templates_of(environment)
            }
        return self._paths.get(identity(resource), "")


def launch_templates_of(environment: IConstruct) -> list[ec2.CfnLaunchTemplate]:
    """Return the launch templates of this app that a compute environment names; none for one on Fargate or EKS."""
    resource: Any = (
        environment if isinstance(environment, cdk.CfnResource) else environment.node.default_child
    )
    if not isinstance(resource, cdk.CfnResource):
        return []
    properties = _properties(resource)
    resources = properties.get("computeresources")
    if not isinstance(resources, dict) or properties.get("eksconfiguration"):
        return []
    if str(resources.get("type", "EC2")).upper() not in _ON_EC2:
        return []
    template = resources.get("launchtemplate")
    overrides = template.get("overrides") if isinstance(template, dict) else None
    named = [template, *as_list(overrides)]
    names = [
        each.get("launchtemplateid") or each.get("launchtemplatename")
        for each in named
        if isinstance(each, dict)
    ]
    return [found for name in names if (found := _target(name, resource)) is not None]


def _merges_user_data(environment: cdk.CfnResource) -> bool:
    return str(_properties(environment).get("type", "MANAGED")).upper() == "MANAGED"


def _properties(resource: cdk.CfnResource) -> dict[str, Any]:
    """Return the properties, with all names in small letters: the two levels of constructs spell them differently."""
    # Protected in JavaScript, and the one way that is there for every class of resource; one call.
    found = _lower(resource._cfn_properties)  # noqa: SLF001
    return as_object(found)


def _lower(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key).lower(): _lower(each) for key, each in value.items()}
    return [_lower(each) for each in value] if isinstance(value, list) else value


def _target(name: object, user: cdk.CfnResource) -> ec2.CfnLaunchTemplate | None:
    """Return the launch template that a name refers to, where it is one of this app."""
    if isinstance(name, dict) and isinstance(name.get("ref"), str):
        return next(
            (each for each in _templates(user) if cdk.Stack.of(user).resolve(each.logical_id) == name["ref"]),
            None,
        )
    if not isinstance(name, str) or not cdk.Token.is_unresolved(name):
        return None
    token = cdk.Tokenization.reverse_string(name).first_token
    target = token.target if isinstance(token, cdk.Reference) else None
    return target if isinstance(target, ec2.CfnLaunchTemplate) else None


def _templates(user: cdk.CfnResource) -> Iterator[ec2.CfnLaunchTemplate]:
    for each in select(cdk.Stack.of(user), "AWS::EC2::LaunchTemplate"):
        if isinstance(each, ec2.CfnLaunchTemplate):
            yield each
