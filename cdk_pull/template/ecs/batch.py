"""AWS Batch: the compute environments whose instances launch from a launch template, and where jobs on Fargate run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.shapes import as_list, as_object, objects_in
from cdk_pull.template.ecs.services import Start
from cdk_pull.template.values import Unknown, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.template.ecs.tasks import TaskDefinition
    from cdk_pull.template.model import Resource

__all__ = ["COMPUTE_ENVIRONMENT", "job_start", "launches_from", "merges_user_data", "runs_agent"]

COMPUTE_ENVIRONMENT: Final = "AWS::Batch::ComputeEnvironment"
_ON_EC2: Final = frozenset({"EC2", "SPOT"})
_ON_FARGATE: Final = frozenset({"FARGATE", "FARGATE_SPOT"})


def launches_from(environment: Resource) -> Iterator[Any]:
    """Yield what names the launch templates of a compute environment on EC2 and ECS, those of overrides too.

    Nothing for one on Fargate or on Amazon EKS, whose instances run no ECS agent.
    """
    resources = as_object(environment.values.get("ComputeResources"))
    template = resources.get("LaunchTemplate") if runs_agent(environment) else None
    for each in objects_in([template, *as_list(as_object(template).get("Overrides"))]):
        if name := each.get("LaunchTemplateId") or each.get("LaunchTemplateName"):
            yield name


def runs_agent(environment: Resource) -> bool:
    """Tell whether the instances of a compute environment run the ECS agent, as those on Fargate and Amazon EKS do not."""
    resources = environment.values.get("ComputeResources")
    if not isinstance(resources, dict) or "EksConfiguration" in environment.values:
        return False
    kind = resources.get("Type")
    return not is_text(kind) or str(kind).upper() in _ON_EC2


def merges_user_data(environment: Resource) -> bool:
    """Tell whether AWS Batch puts user data of its own beside that of the launch template, as a managed one does."""
    kind = environment.values.get("Type", "MANAGED")
    return not is_text(kind) or str(kind).upper() == "MANAGED"


def job_start(job: TaskDefinition) -> Start | None:
    """Return how AWS Batch starts a job on Fargate: in the subnets of the template's compute environments; None without any.

    Args:
        job: a job definition, which says whether its tasks get a public address. No template says which queue it is
            submitted to, so that between environments with different networks nothing is known of it.
    """
    environments = job.resource.template.of_type(COMPUTE_ENVIRONMENT)
    resources = [
        found
        for found in objects_in([each.values.get("ComputeResources") for each in environments])
        if str(found.get("Type")).upper() in _ON_FARGATE
    ]
    if not job.fargate_only or not resources:
        return None
    stated = job.values.get("NetworkConfiguration")
    network = {
        "Subnets": resources[0].get("Subnets"),
        "SecurityGroups": resources[0].get("SecurityGroupIds"),
        "AssignPublicIp": as_object(stated).get("AssignPublicIp", "DISABLED"),
    }
    for key, name in (("Subnets", "Subnets"), ("SecurityGroups", "SecurityGroupIds")):
        if len({str(each.get(name)) for each in resources}) > 1:
            network[key] = Unknown(reason="it depends on the compute environment to which a queue leads")
    path = (*job.base, "NetworkConfiguration") if stated is not None else job.base
    return Start(
        settings={"NetworkConfiguration": {"AwsvpcConfiguration": network}},
        path=path,
        cluster=None,
        exact=False,
    )
