"""PULL306: a role that may not fetch what the start of a task needs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Confidence, Problem, Severity
from cdk_pull.rules.engine.not_evaluated import Missing, NotEvaluated
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.permissions import asked, judge
from cdk_pull.rules.support.role_problems import (
    FOR_INSTANCES,
    INSTANCE,
    MANAGED,
    lacking,
    not_recommended,
    pulls_only,
)
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.support.permissions import Lack
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.roles import Role
    from cdk_pull.template.ecs.start_needs import StartNeed
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["role_cannot_pull"]

_ADVICE: Final = "`cdk-pull explain PULL306` lists the permissions that they need"
_IMPORTED: Final = Missing("imported role", "imported roles", _ADVICE)
_UNCLEAR: Final = Missing(
    "role with a policy that is not known", "roles with policies that are not known", _ADVICE
)
_ELSEWHERE: Final = Missing("repository of another account", "repositories of other accounts", _ADVICE)
_LOGS: Final = Missing(
    "task whose logs the instance role may write", "tasks whose logs the instance role may write", _ADVICE
)
_ASSUMES: Final = "ecs-tasks.amazonaws.com"
_ASSUMES_EC2: Final = "ec2.amazonaws.com"
# What ECS fetches by the execution role wherever a task runs.
_ALWAYS: Final = frozenset({"credentials", "secret", "parameter", "key"})
_WHAT: Final = {
    "ecr": "an image in private Amazon ECR",
    "credentials": "registry credentials",
    "secret": "secrets",
    "parameter": "secrets",
    "key": "secrets",
    "logs": "the awslogs driver",
}


@rule(
    "PULL306",
    "A role that cannot pull",
    severity=Severity.ERROR,
    on="task",
    fix=f"Attach the AWS managed policy {MANAGED} to the execution role; in CDK, use ContainerImage.from_ecr_repository",
    sources=("data/pull_permissions.json", "data/aws_managed_policies.json"),
)
def role_cannot_pull(task: TaskDefinition, context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """The role does not allow what the start of the task needs.

    ## What it does
    Compares what the containers of a task need with the policies of the role that fetches it, where that role is in
    the templates: the execution role, or on EC2 the instance role for the images of a task without one.

    - An image in private Amazon ECR: `ecr:GetAuthorizationToken` on `*`; `ecr:BatchGetImage` and
      `ecr:GetDownloadUrlForLayer` on the repository. Without `ecr:BatchCheckLayerAvailability`, which the guide lists
      and AWS's own policy for pulls does not have, it says that it cannot tell.
    - An image behind a pull-through cache rule of the templates: also `ecr:BatchImportUpstreamImage` and
      `ecr:CreateRepository`, for its first pull. A warning, as the image may be in the cache.
    - `RepositoryCredentials` and secrets: `secretsmanager:GetSecretValue`; parameters: `ssm:GetParameters`; and
      `kms:Decrypt` on a key of your own that encrypts them.
    - The `awslogs` driver: `logs:CreateLogStream` and `logs:PutLogEvents`, and `logs:CreateLogGroup` with
      `awslogs-create-group`. On EC2 the instance role writes the logs, or with
      `ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true` the execution role: it is an error if neither may.

    Inline, customer managed and AWS managed policies count, as do denials, `NotAction`, `NotResource`, permissions
    boundaries, and conditions on keys whose values are known. What depends on anything else, on an imported role or on
    a policy that is not in the templates, is not evaluated, and the summary says so. A Fargate task that needs an
    execution role and names none is an error, and so is a role that Amazon ECS cannot assume, or an instance role that
    Amazon EC2 cannot, or, as a warning, a launch that names no instance profile.

    ## Why it matters
    Every task stops with `CannotPullContainerError: … 403 Forbidden`, `pull access denied` or
    `ResourceInitializationError`, and the deployment hangs until it is rolled back. In CDK,
    `ContainerImage.from_registry` with the URI of a repository grants nothing.

    ## Example
    ```yaml
    ExecutionRole:
      Type: AWS::IAM::Role
      Properties:
        AssumeRolePolicyDocument:
          Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}]
    ```

    ## Use instead
    ```yaml
        ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy]
    ```
    In CDK, use `ContainerImage.from_ecr_repository(repository, tag)`, or
    `repository.grant_pull(task.obtain_execution_role())`.

    ## Fix safety
    Another policy of a role takes effect at once, and for everything that uses the role. It replaces no resource.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
    - https://github.com/aws/aws-cdk/issues/4274
    """
    needs = [need for need in context.ecs.needs(task) if need.kind in _WHAT]
    if not needs:
        return
    stated = task.execution_role
    if stated is not None:
        role = context.ecs.roles.of(stated, task.resource)
        if isinstance(role, str):
            unnamed = isinstance(stated, Unknown) and not stated.is_named
            yield NotEvaluated(
                missing=_IMPORTED,
                name=f"the execution role of {task.resource.logical_id}" if unnamed else str(stated),
                reason=role,
                path=task.execution_role_path,
            )
            return
        if role.trusts_tasks is False:
            yield Problem(
                message=f"execution role {role.resource.logical_id} does not let Amazon ECS assume it",
                fix=f"Add {_ASSUMES} to the Service principals of its AssumeRolePolicyDocument",
                path=task.execution_role_path,
            )
        name = f"execution role {role.resource.logical_id}"
        by_agent = [need for need in needs if need.kind != "logs" or task.for_fargate]
        yield from _with(role, name, by_agent, task, context)
        if not task.for_fargate:
            logs = [need for need in needs if need.kind == "logs"]
            yield from _logs_of_instances(list(_with(role, name, logs, task, context)), logs, task, context)
    else:
        yield from _without_execution_role(needs, task, context)
    yield from () if task.for_fargate else _untrusted_instances(task, context)


def _logs_of_instances(
    found: list[Problem | NotEvaluated], logs: list[StartNeed], task: TaskDefinition, context: CheckContext
) -> Iterator[Problem | NotEvaluated]:
    """Yield what keeps the Docker daemon of an instance from writing logs, by the execution role or by that of the instance.

    Which of them it is, the agent's ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE decides.
    """
    if not any(isinstance(each, Problem) for each in found):
        yield from found
        return
    for capacities in context.capacities_under(task):
        roles, imported = context.once(
            ("instance roles", id(capacities)), partial(_roles, capacities, context)
        )
        lacking = [
            any(isinstance(each, Problem) for each in _with(role, "", logs, task, context)) for role in roles
        ]
        if lacking and all(lacking) and not imported:
            yield from found
            return
    reason = "the instance role writes the logs unless ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE is true, and the execution role may not"
    yield NotEvaluated(
        missing=_LOGS, name=task.resource.logical_id, reason=reason, path=task.execution_role_path
    )


def _untrusted_instances(task: TaskDefinition, context: CheckContext) -> Iterator[Problem]:
    """Yield the roles of instances that Amazon EC2 cannot give them, so that they do not join a cluster."""
    for capacities in context.capacities_under(task):
        roles, _ = context.once(("instance roles", id(capacities)), partial(_roles, capacities, context))
        if context.once(("untrusted instance roles", id(capacities)), lambda: task) is not task:
            continue  # Once for all tasks on these capacities.
        for capacity in capacities:
            if (
                "IamInstanceProfile" not in capacity.settings
                and not capacity.batch
                and capacity.resource.is_whole
            ):
                yield Problem(
                    message=f"{capacity.resource.logical_id} names no instance profile, so that the agent has no credentials "
                    "and the instances join no cluster",
                    fix=f"Set IamInstanceProfile to one whose role has the AWS managed policy {FOR_INSTANCES}",
                    path=capacity.base,
                    resource=capacity.resource,
                    # The AMI may bring credentials, which no guide asks for.
                    severity=Severity.WARNING,
                    confidence=Confidence.MEDIUM,
                )
        for role in roles:
            if role.trusts_instances is False:
                yield Problem(
                    message=f"{INSTANCE} {role.resource.logical_id} does not let Amazon EC2 assume it, so that the instances "
                    "join no cluster",
                    fix=f"Add {_ASSUMES_EC2} to the Service principals of its AssumeRolePolicyDocument",
                    path=("Properties", "AssumeRolePolicyDocument"),
                    resource=role.resource,
                )


def _without_execution_role(
    needs: list[StartNeed], task: TaskDefinition, context: CheckContext
) -> Iterator[Problem | NotEvaluated]:
    unmet = [need for need in needs if task.for_fargate or need.kind in _ALWAYS]
    if task.may_have_execution_role:
        yield NotEvaluated(
            missing=_IMPORTED, name=f"the execution role of {task.resource.logical_id}", path=task.base
        )
        return
    if unmet:
        what = ", ".join(dict.fromkeys(_WHAT[need.kind] for need in unmet))
        kind = "a Fargate task" if task.for_fargate else "a task"
        yield Problem(
            message=f"{kind} with {what} needs an execution role, and {task.resource.logical_id} names none"
            + (": TaskRoleArn is for the containers alone" if "TaskRoleArn" in task.values else ""),
            fix=_role_to_add(unmet),
            path=task.base,
        )
    if task.for_fargate:
        return
    by_instances = [need for need in needs if need.kind in {"ecr", "logs"}]
    for capacities in context.capacities_under(task):
        key = id(capacities)
        roles, imported = context.once(("instance roles", key), partial(_roles, capacities, context))
        # Once for all tasks on these capacities.
        if context.once(("imported instance roles", key), lambda: task) is task:
            yield from imported
        for role in roles:
            yield from _with(role, f"{INSTANCE} {role.resource.logical_id}", by_instances, task, context)


def _roles(capacities: tuple[Capacity, ...], context: CheckContext) -> tuple[list[Role], list[NotEvaluated]]:
    """Return the instance roles of capacities, each once, and those that are not in the templates."""
    roles: dict[int, Role] = {}
    imported = []
    for capacity in capacities:
        role = context.ecs.roles.of_instances(capacity)
        if isinstance(role, str):
            name = f"the instance role of {capacity.resource.logical_id}"
            imported.append(NotEvaluated(missing=_IMPORTED, name=name, reason=role))
        else:
            roles[id(role)] = role
    return list(roles.values()), imported


def _role_to_add(unmet: list[StartNeed]) -> str:
    kinds = {need.kind for need in unmet}
    secrets = " and the right to read the secrets" if kinds & _ALWAYS else ""
    in_cdk = "; in CDK, use ContainerImage.from_ecr_repository" if "ecr" in kinds else ""
    return f"Set ExecutionRoleArn to a role that {_ASSUMES} can assume, with the AWS managed policy {MANAGED}{secrets}{in_cdk}"


def _with(
    role: Role, name: str, needs: list[StartNeed], task: TaskDefinition, context: CheckContext
) -> Iterator[Problem | NotEvaluated]:
    said: set[tuple[str, tuple[str, ...]]] = set()
    template = task.resource.template.context
    for need in needs:
        lacks, unclear = [], []
        recommended: Lack | None = None
        for wanted in asked(need, context, template):
            lack, maybe = judge(role, wanted, context)
            if wanted.purpose == "pull_recommended":
                recommended = lack
                continue
            lacks += [lack] if lack else []
            unclear += [maybe] if maybe else []
        for group in (
            [each for each in lacks if each.asked.purpose != "first_pull"],
            [each for each in lacks if each.asked.purpose == "first_pull"],
        ):
            actions = tuple(action for each in group for action in each.actions)
            if group and (group[0].asked.on, actions) not in said:
                said.add((group[0].asked.on, actions))
                yield lacking(group, actions, name, need)
        if recommended is not None and not lacks and not pulls_only(role):
            yield not_recommended(recommended, name, need)
        if unclear and not lacks:
            reason = unclear[0].decision.reason
            yield NotEvaluated(missing=_UNCLEAR, name=role.resource.logical_id, reason=reason, path=need.path)
        known = template.environment.account
        if need.kind == "ecr" and need.account is not None and known is not None and not lacks:
            reason = f"the repository's own policy, in account {need.account}, has to allow it, too"
            yield NotEvaluated(missing=_ELSEWHERE, name=need.name, reason=reason, path=need.path)
