"""How PULL306 says what a role lacks, and what gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Confidence, Problem, Severity

if TYPE_CHECKING:
    from cdk_pull.rules.support.permissions import Lack
    from cdk_pull.template.ecs.roles import Role
    from cdk_pull.template.ecs.start_needs import StartNeed

__all__ = ["FOR_INSTANCES", "INSTANCE", "MANAGED", "lacking", "not_recommended", "pulls_only"]

MANAGED: Final = "AmazonECSTaskExecutionRolePolicy"
"""The AWS managed policy for execution roles."""
INSTANCE: Final = "instance role"
"""How a message calls the role of instances."""
FOR_INSTANCES: Final = "AmazonEC2ContainerServiceforEC2Role"
"""The AWS managed policy for instance roles."""
_PULL_ONLY: Final = "AmazonEC2ContainerRegistryPullOnly"


def pulls_only(role: Role) -> bool:
    """Tell whether a role has the AWS managed policy for pulls, which goes without what is recommended."""
    return any(policy.name == _PULL_ONLY for policy in role.policies)


def not_recommended(lack: Lack, role: str, need: StartNeed) -> Problem:
    """Return what is said of an action that the guide lists for a pull, and that may not be needed."""
    action = lack.actions[0]
    return Problem(
        message=f"{role} does not allow {action}, which Amazon ECR's guide lists for a pull of {need.name}; "
        f"cannot tell whether it is needed, as the AWS managed policy {_PULL_ONLY} does not have it",
        fix=_statements([lack], need, of_instances=role.startswith(INSTANCE)),
        path=need.path,
        quote=need.name,
        severity=Severity.INFO,
        confidence=Confidence.LOW,
    )


def lacking(lacks: list[Lack], actions: tuple[str, ...], role: str, need: StartNeed) -> Problem:
    """Return the problem of a role, as a message calls it, that does not allow actions which a need asks for."""
    first = lacks[0]
    listed = ", ".join(actions)
    is_first_pull = first.asked.purpose == "first_pull"
    fails = {
        "ecr": f"the first pull of {need.name} through the cache fails"
        if is_first_pull
        else f"{need.name} cannot be pulled",
        "credentials": f"the credentials {need.name} cannot be read",
        "logs": f"the containers cannot write to {need.name}",
        "key": f"{need.reason} cannot be decrypted",
    }.get(need.kind, f"{need.name} cannot be read")
    match first.decision.cause:
        case "denied":
            message = f"{first.decision.policy} denies {role} {listed}, so that {fails}"
            fix = f"Take {listed} out of what {first.decision.policy} denies"
        case "boundary":
            message = f"the permissions boundary of {role}, {first.decision.policy}, leaves out {listed}, so that {fails}"
            fix = f"Allow {listed} in the permissions boundary"
        case _:
            message = f"{role} does not allow {listed}, so that {fails}"
            fix = _statements(lacks, need, of_instances=role.startswith(INSTANCE))
    return Problem(
        message=message,
        fix=fix,
        path=need.path,
        quote=need.name,
        severity=Severity.WARNING if is_first_pull else None,
    )


def _statements(lacks: list[Lack], need: StartNeed, *, of_instances: bool) -> str:
    """Return the statements that give what is lacking, and what writes them in CDK."""
    by_resource: dict[str, list[str]] = {}
    for lack in lacks:
        by_resource.setdefault(lack.asked.on, []).extend(lack.actions)
    statements = " and ".join(
        f"{{Effect: Allow, Action: [{', '.join(actions)}], Resource: '{resource}'}}"
        for resource, actions in by_resource.items()
    )
    if lacks[0].asked.purpose == "first_pull":
        role = "role" if of_instances else "task.obtain_execution_role()"
        return f"Add the statement {statements}; in CDK, add it by {role}.add_to_principal_policy"
    if of_instances:
        in_cdk = (
            "log_group.grant_write(role)" if need.kind == "logs" else "use ContainerImage.from_ecr_repository"
        )
        return f"Attach the AWS managed policy {FOR_INSTANCES}, or add {statements}; in CDK, {in_cdk}"
    match need.kind:
        case "ecr":
            return (
                f"Attach the AWS managed policy {MANAGED}, or add {statements}; in CDK, use ContainerImage."
                "from_ecr_repository, or repository.grant_pull(task.obtain_execution_role())"
            )
        case "logs":
            return f"Attach the AWS managed policy {MANAGED}, or add {statements}; in CDK, log_group.grant_write(role)"
        case "key":
            return f"Add {statements}; in CDK, key.grant_decrypt(task.obtain_execution_role())"
    return f"Add {statements}; in CDK, secret.grant_read(task.obtain_execution_role())"
