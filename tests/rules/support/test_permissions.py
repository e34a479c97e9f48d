"""What the policy of the repository itself allows a role that has no policy for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.role_table import ECR, PULL, TOKEN, UNKNOWN, allow, deny, inline, judge, lacks

ROLE = inline(allow(TOKEN))
IMAGE = {"Image": {"Fn::GetAtt": ["Web", "RepositoryUri"]}}
OWN = {"AWS": "arn:aws:iam::111122223333:role/exec"}
ROOT = {"AWS": "arn:aws:iam::111122223333:root"}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([allow(PULL, Principal=OWN)], True),
        ([allow(PULL, Principal="*")], True),
        ([allow("ecr:*", Principal=OWN)], True),
        ([allow(PULL, Principal=ROOT)], False),
        ([allow(PULL, Principal={"AWS": [ROOT["AWS"]]})], False),
        ([allow(PULL, Principal={"AWS": [ROOT["AWS"], OWN["AWS"]]})], True),
        ([allow(PULL, Principal={**ROOT, "Service": "codebuild.amazonaws.com"})], True),
        ([deny(PULL, Principal=OWN)], False),
        ([allow("ecr:DescribeImages", Principal=OWN)], False),
    ],
)
def test_the_policy_of_a_repository(statements: list[dict[str, Any]], *, allowed: bool) -> None:
    """A statement for the role is enough in one account; one for the account leaves it to the role's own policies."""
    policy = {"Statement": [{key: each[key] for key in each if key != "Resource"} for each in statements]}
    web = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": policy}}
    said = judge(ROLE, container=IMAGE, resources={"Web": web})
    assert said == ("" if allowed else lacks(*PULL, of=f"{ECR}/${{Web}} cannot be pulled"))


DENIES = (
    f"the policy of Web denies execution role Exec {', '.join(PULL)}, so that {ECR}/${{Web}} cannot be pulled"
)
OFFICE = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([deny(PULL, Principal="*")], DENIES),
        ([deny("ecr:*", Principal={"AWS": "*"})], DENIES),
        ([allow(PULL, Principal=OWN), deny("ecr:*", Principal={"AWS": ["*"]})], DENIES),
        ([deny("ecr:PutImage", Principal="*")], ""),
        ([deny(PULL, Principal=OWN)], ""),
        ([deny(PULL, Principal="*", Condition=OFFICE)], UNKNOWN),
        ([deny("ecr:PutImage", Principal="*", Condition=OFFICE)], ""),
    ],
)
def test_a_repository_that_denies(statements: list[dict[str, Any]], said: str) -> None:
    """A statement that denies pulls to everybody goes before what the role allows; under a condition, it may."""
    policy = {"Statement": [{key: each[key] for key in each if key != "Resource"} for each in statements]}
    web = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": policy}}
    role = inline(allow([TOKEN, *PULL]))
    assert judge(role, container=IMAGE, resources={"Web": web}) == said


def test_what_the_role_lacks_is_said_before_what_may_be_denied() -> None:
    """A role that allows no pull is the finding, whatever the repository may deny."""
    policy = {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": PULL, "Condition": OFFICE}]}
    web = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": policy}}
    said = judge(ROLE, container=IMAGE, resources={"Web": web})
    assert said == lacks(*PULL, of=f"{ECR}/${{Web}} cannot be pulled")


def test_the_token_is_of_the_registry() -> None:
    """The policy of a repository neither gives nor denies the token."""
    policy = {"Statement": [{"Effect": "Allow", "Principal": OWN, "Action": "ecr:*"}]}
    web = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryPolicyText": policy}}
    said = judge(inline(allow(PULL)), container=IMAGE, resources={"Web": web})
    assert said == lacks(TOKEN, of=f"{ECR}/${{Web}} cannot be pulled")
