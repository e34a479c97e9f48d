"""Builds a task with an execution role, and asks PULL306 of it."""

from __future__ import annotations

from typing import Any

from cdk_pull.rules.engine.finding import Confidence
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import from_document

ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
WEB = "arn:aws:ecr:eu-west-1:111122223333:repository/web"
MANAGED = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
TOKEN = "ecr:GetAuthorizationToken"  # noqa: S105 - the name of an action
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db"  # noqa: S105 - the name of a secret
TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]}
UNKNOWN = "not evaluated"


def allow(actions: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that allows actions."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def deny(actions: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that denies actions."""
    return allow(actions, resource, **more) | {"Effect": "Deny"}


def inline(*statements: Any) -> dict[str, Any]:
    """Return the properties of a role with an inline policy."""
    return {"Policies": [{"PolicyName": "own", "PolicyDocument": {"Statement": list(statements)}}]}


GOOD = inline(allow([TOKEN, *PULL]))


def judge(
    role: dict[str, Any] | None,
    *,
    container: dict[str, Any] | None = None,
    resources: dict[str, Any] | None = None,
    arn: Any = None,
    task: dict[str, Any] | None = None,
    document: dict[str, Any] | None = None,
    account: str | None = "111122223333",
) -> str:
    """Return what PULL306 says of a task: its messages, what was not evaluated, or an empty string."""
    properties = {
        "RequiresCompatibilities": ["FARGATE"],
        "ContainerDefinitions": [{"Name": "web", "Image": f"{ECR}/web:1.2.3", **(container or {})}],
        **(task or {}),
    }
    stack: dict[str, Any] = {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}}
    if role is not None:
        stack["Exec"] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, **role}}
        properties["ExecutionRoleArn"] = {"Fn::GetAtt": ["Exec", "Arn"]}
    if arn is not None:
        properties["ExecutionRoleArn"] = arn
    whole = {"Resources": {**stack, **(resources or {})}, **(document or {})}
    assembly = from_document(whole, account=account, region="eu-west-1")
    result = check([assembly], Options(select=("PULL306",)))
    found = [each.message for each in result.findings if each.confidence is Confidence.HIGH]
    return "; ".join(found) or (UNKNOWN if result.not_evaluated else "")


def lacks(*actions: str, of: str = f"{ECR}/web:1.2.3 cannot be pulled") -> str:
    """Return the message on actions that nothing allows."""
    return f"execution role Exec does not allow {', '.join(actions)}, so that {of}"


def managed(*statements: Any, **more: Any) -> dict[str, Any]:
    """Return a customer managed policy."""
    document = {"Statement": list(statements)}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document, **more}}


def policy(*statements: Any) -> dict[str, Any]:
    """Return a policy that is attached to the role."""
    document = {"Statement": list(statements)}
    return {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyName": "p", "Roles": [{"Ref": "Exec"}], "PolicyDocument": document},
    }


ALL = (TOKEN, *PULL)


def secrets(value: Any) -> dict[str, Any]:
    """Return a container with a secret, whose image needs nothing."""
    return {"Image": "quay.io/acme/web:1", "Secrets": [{"Name": "DB", "ValueFrom": value}]}
