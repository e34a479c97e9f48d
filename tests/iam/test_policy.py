"""Decisions by policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.iam.policy import Decision, Policy, Request, aws_managed_policy, decide, read_policy

if TYPE_CHECKING:
    from cdk_pull.iam.text import Text

GET = Request(
    action="s3:GetObject", resources=(("arn:aws:s3:::a/b",),), context={"aws:requestedregion": ("eu-west-1",)}
)


def _read(value: Any) -> Text | None:
    return (value,) if isinstance(value, str) else None


def _policy(**statement: Any) -> Policy:
    return read_policy(
        "P", {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **statement}}, _read
    )


ALLOWED = Decision(allowed=True, cause="allowed", policy="P")
NOTHING = Decision(allowed=False, cause="nothing")
MAYBE = Decision(allowed=None, cause="unknown", policy="P", reason="P may allow it")


@pytest.mark.parametrize(
    ("statement", "decision"),
    [
        ({}, ALLOWED),
        ({"Action": ["sqs:*", "S3:getobject"]}, ALLOWED),
        ({"Action": "sqs:*"}, NOTHING),
        ({"Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::a/*"]}, ALLOWED),
        ({"Effect": "Deny"}, Decision(allowed=False, cause="denied", policy="P")),
        ({"Condition": {"StringLike": {"aws:RequestedRegion": "eu-*"}}}, ALLOWED),
        ({"Condition": {"StringNotLike": {"aws:RequestedRegion": "eu-*"}}}, NOTHING),
        ({"Condition": {"StringEqualsIfExists": {"AWS:requestedRegion": "us-east-1"}}}, NOTHING),
        ({"Condition": {"StringLike": {"aws:RequestedRegion": "eu-*"}, "Bool": {"aws:MultiFactorAuthPresent": "true"}}}, MAYBE),
        ({"Condition": {"NumericLessThan": {"aws:RequestedRegion": "1"}}}, MAYBE),
        ({"Condition": "?"}, MAYBE),
        ({"Action": 3}, Decision(allowed=None, cause="unknown", policy="P", reason="a statement of P is not known")),
        ({"Effect": 3}, Decision(allowed=None, cause="unknown", policy="P", reason="a statement of P is not known")),
    ],
)  # fmt: skip
def test_statements(statement: dict[str, Any], decision: Decision) -> None:
    """A statement allows, denies, says nothing, or leaves it to what only the deployment knows."""
    assert decide(GET, [_policy(**statement)]) == decision


@pytest.mark.parametrize("document", [None, "text", {}, {"Statement": "text"}])
def test_what_is_no_policy(document: Any) -> None:
    """A document that cannot be read may allow anything."""
    assert decide(GET, [read_policy("P", document, _read)]).allowed is None


def test_a_boundary() -> None:
    """A boundary takes away what it does not allow, and gives nothing."""
    nothing = Policy(name="B")
    assert decide(GET, [_policy()], nothing) == Decision(allowed=False, cause="boundary", policy="B")
    assert decide(GET, [], _policy()) == NOTHING
    assert decide(GET, [_policy()], _policy()) == ALLOWED
    assert decide(GET, [_policy()], Policy(name="B", unclear="?")).allowed is None


def test_a_denial_that_may_hold() -> None:
    """What may be denied is not known to be allowed; what nothing allows needs no denial."""
    denial = _policy(Effect="Deny", Condition={"StringEquals": {"aws:SourceVpce": "v"}})
    assert decide(GET, [_policy(), denial]) == Decision(
        allowed=None, cause="unknown", policy="P", reason="P may deny it"
    )
    assert decide(GET, [denial]) == NOTHING


@pytest.mark.parametrize(
    ("name", "action", "allowed"),
    [
        ("service-role/AmazonECSTaskExecutionRolePolicy", "ecr:BatchGetImage", True),
        ("service-role/AmazonECSTaskExecutionRolePolicy", "ecr:CreateRepository", False),
        ("service-role/AmazonECSTaskExecutionRolePolicy", "logs:CreateLogGroup", False),
        ("AmazonEC2ContainerRegistryPullOnly", "ecr:BatchImportUpstreamImage", True),
        ("AmazonEC2ContainerRegistryPullOnly", "ecr:CreateRepository", False),
        ("AdministratorAccess", "kms:Decrypt", True),
        ("PowerUserAccess", "secretsmanager:GetSecretValue", True),
        ("AWSDenyAll", "ecr:BatchGetImage", False),
        ("SecretsManagerReadWrite", "s3:GetObject", None),
        ("IAMReadOnlyAccess", "ecr:BatchGetImage", False),
        ("AmazonNewThing", "ecr:BatchGetImage", None),
    ],
)
def test_policies_of_aws(name: str, action: str, allowed: object) -> None:
    """What AWS managed policies allow of a start is known, and of a new one it is known that it is not."""
    assert decide(Request(action=action), [aws_managed_policy(name)]).allowed is allowed
