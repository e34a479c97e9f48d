"""What the start of a task needs."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.iam.text import shown
from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.start_needs import start_needs
from cdk_pull.template.ecs.view import EcsView

SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db"  # noqa: S105 - the name of a secret


def _needs(container: dict[str, Any], **resources: Any) -> list[tuple[str, str, list[str]]]:
    """Return the needs of a task with one container: kind, name, and the resources as policies name them."""
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [container]}}
    assembly = from_document(
        {"Resources": {"Task": task, **resources}}, account="111122223333", region="eu-west-1"
    )
    (found,) = EcsView(assembly).tasks
    return [
        (need.kind, need.name, [shown(each) for each in need.resources])
        for need in start_needs(found, assembly)
    ]


@pytest.mark.parametrize(
    ("container", "needs"),
    [
        ({"Image": "nginx:1"}, [("registry", "nginx:1", [])]),
        ({"Image": "https://nginx"}, [("unknown", "https://nginx", [])]),
        (
            {"Image": {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/a/b:${Tag}"}},
            [
                (
                    "ecr",
                    "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a/b:${Tag}",
                    ["arn:aws:ecr:eu-west-1:111122223333:repository/a/b"],
                )
            ],
        ),
        (
            {"Secrets": [{"Name": "A", "ValueFrom": f"{SECRET}-AbCd12:key::"}]},
            [("secret", f"{SECRET}-AbCd12:key::", [f"{SECRET}-AbCd12"])],
        ),
        ({"Secrets": [{"Name": "A", "ValueFrom": SECRET}]}, [("secret", SECRET, [SECRET])]),
        (
            {"Secrets": [{"Name": "A", "ValueFrom": "/a/b"}]},
            [("parameter", "/a/b", ["arn:aws:ssm:eu-west-1:111122223333:parameter/a/b"])],
        ),
        (
            {"Secrets": [{"Name": "A", "ValueFrom": "arn:aws:ssm:eu-west-1:111122223333:parameter/a"}]},
            [("parameter", "arn:aws:ssm:eu-west-1:111122223333:parameter/a", ["arn:aws:ssm:eu-west-1:111122223333:parameter/a"])],
        ),
        ({"Secrets": [{"Name": "A", "ValueFrom": {"Ref": "Nowhere"}}]}, [("unknown", "${Nowhere}", [])]),
        (
            {"RepositoryCredentials": {"CredentialsParameter": {"Ref": "Db"}}},
            [("credentials", "${Db}", ["${Db}"]), ("key", "alias/own", ["arn:aws:kms:eu-west-1:111122223333:alias/own"])],
        ),
        (
            {"LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "/a"}}},
            [("logs", "/a", ["arn:aws:logs:eu-west-1:111122223333:log-group:/a:log-stream:*"])],
        ),
        (
            {"LogConfiguration": {"LogDriver": "splunk", "SecretOptions": [{"Name": "t", "ValueFrom": SECRET}]}},
            [("secret", SECRET, [SECRET])],
        ),
        ({"Secrets": "text", "LogConfiguration": [], "RepositoryCredentials": 3}, []),
    ],
)  # fmt: skip
def test_needs(container: dict[str, Any], needs: list[tuple[str, str, list[str]]]) -> None:
    """Images, secrets, parameters, keys and log groups are named as policies name them."""
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"KmsKeyId": "alias/own"}}
    assert _needs(container, Db=secret) == needs
