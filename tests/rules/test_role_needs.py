"""The execution role against what the start of a task needs, one combination a line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.role_table import (
    ALL,
    ECR,
    MANAGED,
    PULL,
    SECRET,
    TOKEN,
    UNKNOWN,
    WEB,
    allow,
    inline,
    judge,
    lacks,
    secrets,
)

GET = "secretsmanager:GetSecretValue"
OWN_KEY = {
    "Key": {
        "Type": "AWS::KMS::Key",
        "Properties": {
            "KeyPolicy": {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                        "Action": "kms:*",
                        "Resource": "*",
                    }
                ]
            }
        },
    },
    "Db": {"Type": "AWS::SecretsManager::Secret", "Properties": {"KmsKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}},
}


@pytest.mark.parametrize(
    ("container", "role", "resources", "said"),
    [
        pytest.param(secrets(SECRET), inline(allow(GET, f"{SECRET}-??????")), {}, "", id="secret by name"),
        pytest.param(secrets(f"{SECRET}-AbCd12"), inline(allow(GET, f"{SECRET}*")), {}, "", id="secret in full"),
        pytest.param(
            secrets(f"{SECRET}-AbCd12:password::"), inline(allow(GET, f"{SECRET}-AbCd12")), {}, "", id="JSON key"
        ),
        pytest.param(
            secrets(f"{SECRET}-AbCd12"), inline(allow(GET, f"{SECRET}2-*")), {},
            lacks(GET, of=f"{SECRET}-AbCd12 cannot be read"), id="another secret",
        ),
        pytest.param(
            secrets({"Ref": "Db"}), {}, {"Db": {"Type": "AWS::SecretsManager::Secret"}},
            lacks(GET, of="${Db} cannot be read"), id="no policy",
        ),
        pytest.param(
            secrets({"Fn::Join": ["", [{"Ref": "Db"}, ":password::"]]}), inline(allow(GET, {"Ref": "Db"})),
            {"Db": {"Type": "AWS::SecretsManager::Secret"}}, "", id="a reference",
        ),
        pytest.param(
            secrets({"Ref": "Db"}), inline(allow(GET, {"Ref": "Other"})),
            {"Db": {"Type": "AWS::SecretsManager::Secret"}, "Other": {"Type": "AWS::SecretsManager::Secret"}},
            lacks(GET, of="${Db} cannot be read"), id="a reference to another",
        ),
        pytest.param(
            secrets({"Ref": "Db"}), inline(allow(GET)), OWN_KEY,
            lacks("kms:Decrypt", of="Db cannot be decrypted"), id="key of one's own",
        ),
        pytest.param(
            secrets({"Ref": "Db"}), inline(allow(GET), allow("kms:Decrypt", {"Fn::GetAtt": ["Key", "Arn"]})), OWN_KEY,
            "", id="key, allowed",
        ),
        pytest.param(secrets("/app/db"), inline(allow("ssm:GetParameters")), {}, "", id="parameter"),
        pytest.param(
            secrets("/app/db"),
            inline(allow("ssm:GetParameters", "arn:aws:ssm:eu-west-1:111122223333:parameter/app/*")), {}, "",
            id="parameters of a path",
        ),
        pytest.param(
            secrets("/app/db"), inline(allow("ssm:GetParameter")), {},
            lacks("ssm:GetParameters", of="/app/db cannot be read"), id="the singular",
        ),
        pytest.param(
            {"Image": "quay.io/acme/web:1", "RepositoryCredentials": {"CredentialsParameter": SECRET}},
            {"ManagedPolicyArns": [MANAGED]}, {},
            lacks(GET, of=f"the credentials {SECRET} cannot be read"), id="credentials",
        ),
        pytest.param(
            {"Image": "nginx:1.27.2", "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "/web"}}},
            {"ManagedPolicyArns": [MANAGED]}, {}, "", id="logs",
        ),
        pytest.param(
            {"Image": "nginx:1.27.2", "LogConfiguration": {"LogDriver": "awslogs", "Options": {
                "awslogs-group": "/web", "awslogs-create-group": "true"
            }}},
            {"ManagedPolicyArns": [MANAGED]}, {},
            lacks("logs:CreateLogGroup", of="the containers cannot write to /web"), id="log group to create",
        ),
        pytest.param(
            {"Image": "nginx:1.27.2", "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": {"Ref": "G"}}}},
            inline(allow(["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": ["G", "Arn"]})),
            {"G": {"Type": "AWS::Logs::LogGroup"}}, "", id="logs of a group",
        ),
        pytest.param(
            {"Image": "nginx:1.27.2", "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "/web"}}},
            inline(allow("logs:*", "arn:aws:logs:*:*:log-group:/web:*")), {}, "", id="logs by a pattern",
        ),
        pytest.param({"Image": "nginx:1.27.2"}, {}, {}, "", id="a public image needs nothing"),
        pytest.param(
            {"Image": "222233334444.dkr.ecr.eu-west-1.amazonaws.com/web:1"}, {"ManagedPolicyArns": [MANAGED]}, {},
            UNKNOWN, id="another account",
        ),
        pytest.param(
            {"Image": "222233334444.dkr.ecr.eu-west-1.amazonaws.com/web:1"}, {}, {},
            lacks(*ALL, of="222233334444.dkr.ecr.eu-west-1.amazonaws.com/web:1 cannot be pulled"),
            id="another account, not even here",
        ),
    ],
)  # fmt: skip
def test_what_else_a_start_needs(
    container: dict[str, Any], role: dict[str, Any], resources: dict[str, Any], said: str
) -> None:
    """Secrets, parameters, keys, credentials and logs need their own actions."""
    assert judge(role, container=container, resources=resources) == said


CACHE = {"Rule": {"Type": "AWS::ECR::PullThroughCacheRule", "Properties": {
    "EcrRepositoryPrefix": "hub", "UpstreamRegistry": "docker-hub", "UpstreamRegistryUrl": "registry-1.docker.io"
}}}  # fmt: skip
CACHED = {"Image": f"{ECR}/hub/library/nginx:1.27.2"}
FIRST = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")
FIRST_FAILS = f"the first pull of {ECR}/hub/library/nginx:1.27.2 through the cache fails"


@pytest.mark.parametrize(
    ("role", "more", "said"),
    [
        ({"ManagedPolicyArns": [MANAGED]}, {}, lacks(*FIRST, of=FIRST_FAILS)),
        ({"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly"]}, {},
         lacks(FIRST[1], of=FIRST_FAILS)),
        ({"ManagedPolicyArns": [MANAGED], **inline(allow(list(FIRST), f"{WEB[:-3]}hub/*"))}, {}, ""),
        ({"ManagedPolicyArns": [MANAGED], **inline(allow(list(FIRST), f"{WEB[:-3]}quay/*"))}, {},
         lacks(*FIRST, of=FIRST_FAILS)),
        ({"ManagedPolicyArns": [MANAGED]}, {"Registry": {"Type": "AWS::ECR::RegistryPolicy", "Properties": {
            "PolicyText": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/e"},
                                          "Action": list(FIRST), "Resource": "*"}]}}}}, ""),
        ({"ManagedPolicyArns": [MANAGED]}, {"Repo": {"Type": "AWS::ECR::Repository", "Properties": {
            "RepositoryName": "hub/library/nginx"}}}, ""),
    ],
)  # fmt: skip
def test_first_pull_through_a_cache(role: dict[str, Any], more: dict[str, Any], said: str) -> None:
    """The first pull through a cache imports the image and creates its repository, where nobody else allows it."""
    assert judge(role, container=CACHED, resources={**CACHE, **more}) == said


NO_ROLE = "a Fargate task with {} needs an execution role, and Task names none"


@pytest.mark.parametrize(
    ("container", "task", "said"),
    [
        ({}, {}, NO_ROLE.format("an image in private Amazon ECR")),
        ({"Image": "nginx:1.27.2"}, {}, ""),
        ({"Image": "nginx:1.27.2", "LogConfiguration": {"LogDriver": "awslogs"}}, {}, NO_ROLE.format("the awslogs driver")),
        ({"Image": "nginx:1.27.2", "LogConfiguration": {"LogDriver": "awsfirelens"}}, {}, ""),
        (secrets(SECRET), {}, NO_ROLE.format("secrets")),
        (secrets(SECRET), {"RequiresCompatibilities": ["EC2"]},
         "a task with secrets needs an execution role, and Task names none"),
        ({}, {"RequiresCompatibilities": ["EC2"]}, ""),
        ({}, {"ExecutionRoleArn": {"Fn::If": ["Big", MANAGED, {"Ref": "AWS::NoValue"}]}}, UNKNOWN),
        ({}, {"ExecutionRoleArn": "arn:aws:iam::111122223333:role/exec"}, UNKNOWN),
        ({}, {"ExecutionRoleArn": {"Fn::ImportValue": "exec"}}, UNKNOWN),
        ({}, {"ExecutionRoleArn": {"Ref": "Size"}}, UNKNOWN),
    ],
)  # fmt: skip
def test_no_role(container: dict[str, Any], task: dict[str, Any], said: str) -> None:
    """What needs an execution role is an error without one, and unknown with one that is not in the templates."""
    document = {
        "Parameters": {"Size": {"Type": "String", "Default": ""}},
        "Conditions": {"Big": {"Fn::Equals": [{"Ref": "Size"}, "big"]}},
    }
    assert judge(None, container=container, task=task, document=document) == said


def test_role_by_its_name() -> None:
    """An ARN that names a role of the templates is that role."""
    arn = "arn:aws:iam::111122223333:role/exec"
    assert judge({"RoleName": "exec"}, arn=arn) == lacks(*ALL)


def test_a_repository_of_the_template() -> None:
    """A reference to a repository and a policy on its ARN are about the same one, and another's is not."""
    image = {"Image": {"Fn::Sub": "${Repo.RepositoryUri}:1.2.3"}}
    repositories = {"Repo": {"Type": "AWS::ECR::Repository"}, "Other": {"Type": "AWS::ECR::Repository"}}
    own = inline(allow(TOKEN), allow(PULL, {"Fn::GetAtt": ["Repo", "Arn"]}))
    other = inline(allow(TOKEN), allow(PULL, {"Fn::GetAtt": ["Other", "Arn"]}))
    assert judge(own, container=image, resources=repositories) == ""
    assert judge(own, container=image, resources=repositories, account=None) == ""
    assert judge(other, container=image, resources=repositories) == lacks(
        *PULL, of="111122223333.dkr.ecr.eu-west-1.amazonaws.com/${Repo}:1.2.3 cannot be pulled"
    )
