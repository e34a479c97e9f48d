"""The execution role against what a task needs, one combination a line."""

from __future__ import annotations

from typing import Any

import pytest

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
    found = [finding.message for finding in result.findings]
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


def secrets(value: Any) -> dict[str, Any]:
    """Return a container with a secret, whose image needs nothing."""
    return {"Image": "quay.io/acme/web:1", "Secrets": [{"Name": "DB", "ValueFrom": value}]}


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
