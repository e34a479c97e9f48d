"""The execution role against its policies, one combination a line."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import from_document
from tests.rules.role_table import (
    ALL,
    ECR,
    GOOD,
    MANAGED,
    PULL,
    TOKEN,
    UNKNOWN,
    WEB,
    allow,
    deny,
    inline,
    judge,
    lacks,
    managed,
    policy,
)


@pytest.mark.parametrize(
    ("role", "said"),
    [
        pytest.param({}, lacks(*ALL), id="no policy at all"),
        pytest.param({"ManagedPolicyArns": [MANAGED]}, "", id="the AWS managed policy"),
        pytest.param(
            {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"]},
            "",
            id="pull only",
        ),
        pytest.param(
            {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}, "", id="administrator"
        ),
        pytest.param({"ManagedPolicyArns": ["arn:aws:iam::aws:policy/PowerUserAccess"]}, "", id="power user"),
        pytest.param(
            {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]},
            lacks(*ALL),
            id="another of AWS",
        ),
        pytest.param(
            {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonNewThing"]}, UNKNOWN, id="a new one of AWS"
        ),
        pytest.param(
            {"ManagedPolicyArns": ["arn:aws:iam::111122223333:policy/own"]},
            UNKNOWN,
            id="a policy of elsewhere",
        ),
        pytest.param({"ManagedPolicyArns": {"Ref": "Nowhere"}}, UNKNOWN, id="a list that is not known"),
        pytest.param(GOOD, "", id="inline"),
        pytest.param(inline(allow("*")), "", id="all actions"),
        pytest.param(inline(allow("ecr:*")), "", id="all of ECR"),
        pytest.param(
            inline(allow("ECR:batchget*"), allow([TOKEN, PULL[1]])), "", id="any case and a wildcard"
        ),
        pytest.param(inline(allow(TOKEN), allow(PULL, WEB)), "", id="on the repository"),
        pytest.param(inline(allow([TOKEN, *PULL], WEB)), lacks(TOKEN), id="token on a repository"),
        pytest.param(inline(allow(PULL)), lacks(TOKEN), id="no token"),
        pytest.param(inline(allow(TOKEN)), lacks(*PULL), id="token only"),
        pytest.param(inline(allow([TOKEN, PULL[0]])), lacks(PULL[1]), id="no layers"),
        pytest.param(inline(allow([TOKEN, "ecr:Describe*"])), lacks(*PULL), id="describe only"),
        pytest.param(inline(allow(TOKEN), allow(PULL, f"{WEB}site")), lacks(*PULL), id="another repository"),
        pytest.param(inline(allow(TOKEN), allow(PULL, f"{WEB[:-3]}*")), "", id="all repositories"),
        pytest.param(inline(allow(TOKEN), allow(PULL, f"{WEB[:-1]}?")), "", id="a question mark"),
        pytest.param(
            inline(allow(TOKEN), allow(PULL, WEB.replace("eu-west-1", "us-east-1"))),
            lacks(*PULL),
            id="another Region",
        ),
        pytest.param(
            inline(
                allow(TOKEN),
                allow(PULL, {"Fn::Sub": "arn:${AWS::Partition}:ecr:*:${AWS::AccountId}:repository/web"}),
            ),
            "",
            id="pseudo-parameters",
        ),
        pytest.param(
            inline(allow(TOKEN), allow(PULL, {"Ref": "Nowhere"})), UNKNOWN, id="a resource not known"
        ),
        pytest.param(inline(allow([TOKEN, *PULL]), deny("ecr:*")), "denied", id="denied"),
        pytest.param(inline(allow([TOKEN, *PULL]), deny("ecr:Put*")), "", id="a push is denied"),
        pytest.param(inline(allow([TOKEN, *PULL]), deny(PULL, f"{WEB}site")), "", id="another one is denied"),
        pytest.param(inline({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), "", id="NotAction"),
        pytest.param(
            inline({"Effect": "Allow", "NotAction": "ecr:*", "Resource": "*"}),
            lacks(*ALL),
            id="NotAction of ECR",
        ),
        pytest.param(
            inline(allow(TOKEN), {"Effect": "Allow", "Action": PULL, "NotResource": WEB}),
            lacks(*PULL),
            id="NotResource",
        ),
        pytest.param(
            inline(allow(TOKEN), {"Effect": "Allow", "Action": PULL, "NotResource": f"{WEB}site"}),
            "",
            id="NotResource of another",
        ),
        pytest.param(
            inline(allow([TOKEN, *PULL]), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}),
            "denied",
            id="all but S3",
        ),
        pytest.param(
            inline(allow([TOKEN, *PULL], Condition={"Bool": {"aws:SecureTransport": "true"}})), "", id="TLS"
        ),
        pytest.param(
            inline(allow([TOKEN, *PULL], Condition={"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}})),
            "",
            id="this Region",
        ),
        pytest.param(
            inline(allow([TOKEN, *PULL], Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})),
            lacks(*ALL),
            id="another Region by a condition",
        ),
        pytest.param(
            inline(allow([TOKEN, *PULL], Condition={"StringEquals": {"aws:ResourceTag/team": "a"}})),
            UNKNOWN,
            id="a tag",
        ),
        pytest.param(
            inline(
                allow([TOKEN, *PULL]), deny("*", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}})
            ),
            UNKNOWN,
            id="denied elsewhere than in an endpoint",
        ),
        pytest.param(
            inline(allow([TOKEN, *PULL]), deny("*", Condition={"Bool": {"aws:SecureTransport": "false"}})),
            "",
            id="plain HTTP is denied",
        ),
        pytest.param({**GOOD, "PermissionsBoundary": MANAGED}, "", id="a boundary that has them"),
        pytest.param(
            {**GOOD, "PermissionsBoundary": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"},
            "boundary",
            id="a boundary",
        ),
        pytest.param(
            {**GOOD, "PermissionsBoundary": "arn:aws:iam::111122223333:policy/b"},
            UNKNOWN,
            id="a boundary of elsewhere",
        ),
        pytest.param({"Policies": {"Fn::Transform": {}}}, UNKNOWN, id="policies by a macro"),
        pytest.param(
            {"ManagedPolicyArns": {"Fn::If": ["Big", [MANAGED], []]}}, UNKNOWN, id="policies by a condition"
        ),
        pytest.param(
            {
                "ManagedPolicyArns": [MANAGED],
                "AssumeRolePolicyDocument": {
                    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}]
                },
            },
            "execution role Exec does not let Amazon ECS assume it",
            id="trusts another service",
        ),
    ],
)
def test_policies(role: dict[str, Any], said: str) -> None:
    """What policies allow, deny and leave open is told apart, and each action that is missing is named."""
    found = judge(
        role,
        document={
            "Parameters": {"Size": {"Type": "String"}},
            "Conditions": {"Big": {"Fn::Equals": [{"Ref": "Size"}, "big"]}},
        },
    )
    listed = ", ".join(ALL)
    whole = {
        "denied": f"policy own of Exec denies execution role Exec {listed}, so that {ECR}/web:1.2.3 cannot be pulled",
        "boundary": f"the permissions boundary of execution role Exec, AmazonS3ReadOnlyAccess, leaves out {listed}, "
        f"so that {ECR}/web:1.2.3 cannot be pulled",
    }
    assert found == whole.get(said, said)


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        pytest.param({"Own": policy(allow([TOKEN, *PULL]))}, "", id="attached"),
        pytest.param({"Own": policy(allow(TOKEN))}, lacks(*PULL), id="attached in part"),
        pytest.param(
            {"Own": managed(allow([TOKEN, *PULL]), Roles=[{"Ref": "Exec"}])}, "", id="managed, attached"
        ),
        pytest.param({"Own": managed(allow([TOKEN, *PULL]), Roles=[])}, lacks(*ALL), id="managed, of nobody"),
        pytest.param(
            {
                "Own": {
                    "Type": "AWS::IAM::RolePolicy",
                    "Properties": {
                        "PolicyName": "p",
                        "RoleName": {"Ref": "Exec"},
                        "PolicyDocument": {"Statement": allow(list(ALL))},
                    },
                }
            },
            "",
            id="role policy, one statement",
        ),
        pytest.param(
            {"Repair": {"Type": "Custom::Grant", "Properties": {"Role": {"Ref": "Exec"}}}},
            UNKNOWN,
            id="custom resource",
        ),
        pytest.param(
            {
                "Inner": {
                    "Type": "AWS::CloudFormation::Stack",
                    "Properties": {"Parameters": {"Role": {"Fn::GetAtt": ["Exec", "Arn"]}}},
                }
            },
            UNKNOWN,
            id="nested stack that is not read",
        ),
        pytest.param(
            {
                "Repo": {
                    "Type": "AWS::ECR::Repository",
                    "Properties": {
                        "RepositoryName": "web",
                        "RepositoryPolicyText": {
                            "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "ecr:*"}]
                        },
                    },
                },
                "Own": policy(allow(TOKEN)),
            },
            "",
            id="the repository's policy",
        ),
        pytest.param(
            {
                "Repo": {
                    "Type": "AWS::ECR::Repository",
                    "Properties": {
                        "RepositoryName": "web",
                        "RepositoryPolicyText": {
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                                    "Action": "ecr:*",
                                }
                            ]
                        },
                    },
                },
                "Own": policy(allow(TOKEN)),
            },
            lacks(*PULL),
            id="the repository's policy leaves it to the roles",
        ),
    ],
)
def test_attached(resources: dict[str, Any], said: str) -> None:
    """Policies count from wherever they are attached, and what may attach more leaves it open."""
    assert judge({}, resources=resources) == said


def test_what_the_guide_lists_and_a_pull_may_not_need() -> None:
    """Without ecr:BatchCheckLayerAvailability alone it cannot tell; AWS's own policy for pulls says nothing either."""
    task = {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {
            "ExecutionRoleArn": {"Fn::GetAtt": ["Exec", "Arn"]},
            "ContainerDefinitions": [{"Name": "web", "Image": f"{ECR}/web:1.2.3"}],
        },
    }
    own = {"Type": "AWS::IAM::Role", "Properties": GOOD}
    by_aws = {
        "Type": "AWS::IAM::Role",
        "Properties": {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"]},
    }
    found = []
    for role in (own, by_aws):
        assembly = from_document({"Resources": {"Task": task, "Exec": role}}, region="eu-west-1")
        result = check([assembly], Options(select=("PULL306",)))
        found.append([(each.severity.value, each.confidence.value) for each in result.findings])
    assert found == [[("info", "low")], []]
