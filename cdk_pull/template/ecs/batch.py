"""AWS Batch on EC2: the compute environments whose instances launch from a launch template of the template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.template.values import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.template.model import Resource

__all__ = ["COMPUTE_ENVIRONMENT", "launches_from", "merges_user_data"]

COMPUTE_ENVIRONMENT: Final = "AWS::Batch::ComputeEnvironment"
_ON_EC2: Final = frozenset({"EC2", "SPOT"})


def launches_from(environment: Resource) -> Iterator[Any]:
    """Yield what names the launch templates of a compute environment on EC2 and ECS, those of overrides too.

    Nothing for one on Fargate or on Amazon EKS, whose instances run no ECS agent.
    """
    values = environment.values
    resources = values.get("ComputeResources")
    if not isinstance(resources, dict) or "EksConfiguration" in values:
        return
    kind = resources.get("Type")
    if is_text(kind) and str(kind).upper() not in _ON_EC2:
        return
    template = resources.get("LaunchTemplate")
    overrides = template.get("Overrides") if isinstance(template, dict) else None
    for each in (template, *(overrides if isinstance(overrides, list) else ())):
        if isinstance(each, dict) and (
            name := each.get("LaunchTemplateId") or each.get("LaunchTemplateName")
        ):
            yield name


def merges_user_data(environment: Resource) -> bool:
    """Tell whether AWS Batch puts user data of its own beside that of the launch template, as a managed one does."""
    kind = environment.values.get("Type", "MANAGED")
    return not is_text(kind) or str(kind).upper() == "MANAGED"
