"""What the policy of the repository itself allows a role that has no policy for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.role_table import ECR, PULL, TOKEN, allow, deny, inline, judge, lacks

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
