"""What belongs together in ECS: services, capacity, clusters, task definitions, repositories."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.images import Image
from cdk_pull.template.ecs.view import EcsView

JOIN = {"Fn::Base64": {"Fn::Sub": "#!/bin/bash\necho ECS_CLUSTER=${Cluster} >> /etc/ecs/ecs.config\n"}}


def _view(resources: dict[str, Any], **sections: Any) -> EcsView:
    return EcsView(from_document({"Resources": resources, **sections}, region="eu-west-1"))


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def _service(**properties: Any) -> dict[str, Any]:
    return _resource("AWS::ECS::Service", **{"TaskDefinition": {"Ref": "Td"}, **properties})


CLUSTER = _resource("AWS::ECS::Cluster")
TASK = _resource("AWS::ECS::TaskDefinition", ContainerDefinitions=[])
LAUNCH = _resource("AWS::EC2::LaunchTemplate", LaunchTemplateData={"UserData": JOIN})
GROUP = _resource(
    "AWS::AutoScaling::AutoScalingGroup", LaunchTemplate={"LaunchTemplateId": {"Ref": "Launch"}}
)
PROVIDER = _resource(
    "AWS::ECS::CapacityProvider", AutoScalingGroupProvider={"AutoScalingGroupArn": {"Ref": "Group"}}
)
STRATEGY = [{"CapacityProvider": {"Ref": "Provider"}}]


def _capacities(view: EcsView) -> list[list[str]]:
    return [[capacity.resource.logical_id for capacity in service.capacities] for service in view.services]


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param(
            {"Launch": LAUNCH, "Service": _service(Cluster={"Ref": "Cluster"}, LaunchType="EC2")},
            id="by the cluster in the user data",
        ),
        pytest.param(
            {"Launch": LAUNCH, "Service": _service(Cluster={"Fn::GetAtt": ["Cluster", "Arn"]})},
            id="without a launch type, by the ARN",
        ),
        pytest.param(
            {
                "Launch": LAUNCH,
                "Group": GROUP,
                "Provider": PROVIDER,
                "Service": _service(Cluster={"Ref": "Cluster"}, CapacityProviderStrategy=STRATEGY),
            },
            id="by a strategy",
        ),
        pytest.param(
            {
                "Launch": _resource("AWS::EC2::LaunchTemplate", LaunchTemplateData={}),
                "Group": _resource(
                    "AWS::AutoScaling::AutoScalingGroup",
                    MixedInstancesPolicy={
                        "LaunchTemplate": {
                            "LaunchTemplateSpecification": {"LaunchTemplateId": {"Ref": "Launch"}}
                        }
                    },
                ),
                "Provider": PROVIDER,
                "Associations": _resource(
                    "AWS::ECS::ClusterCapacityProviderAssociations",
                    Cluster={"Ref": "Cluster"},
                    CapacityProviders=[{"Ref": "Provider"}],
                    DefaultCapacityProviderStrategy=STRATEGY,
                ),
                "Service": _service(Cluster={"Ref": "Cluster"}),
            },
            id="by the cluster's default strategy, with mixed instances and no user data",
        ),
        pytest.param(
            {
                "Cluster": _resource("AWS::ECS::Cluster", ClusterName="web"),
                "Launch": _resource(
                    "AWS::AutoScaling::LaunchConfiguration",
                    UserData={
                        "Fn::Base64": "<powershell>\nInitialize-ECSAgent -Cluster 'web'\n</powershell>"
                    },
                ),
                "Service": _service(Cluster="web", LaunchType="EC2"),
            },
            id="by the cluster's name",
        ),
    ],
)
def test_services_find_their_capacity(resources: dict[str, Any]) -> None:
    """However it is said, a service is linked to the capacity that its tasks are placed on."""
    view = _view({"Cluster": CLUSTER, "Td": TASK, **resources})
    assert _capacities(view) == [["Launch"]]
    (service,) = view.services
    assert service.launch_type == "EC2"
    assert service.task is view.tasks[0]
    assert view.tasks[0].fargate is False


@pytest.mark.parametrize(
    ("text", "joins"),
    [
        ("#!/bin/bash\nC=${Cluster}\necho ECS_CLUSTER=$C >> /etc/ecs/ecs.config", True),
        (
            "#!/bin/bash\nC=other\nif [ -f /x ]; then C=${Cluster}; fi\necho ECS_CLUSTER=$C >> /etc/ecs/ecs.config",
            True,
        ),
        ('[settings.ecs]\ncluster = "${Cluster}"\n', True),
        ("[settings.ecs]\ncluster = 'prod'\n", True),
        ('<powershell>\n$c = "${Cluster}"\nInitialize-ECSAgent -Cluster $c\n</powershell>', True),
        (
            (
                "version: 1.0\ntasks:\n- task: executeScript\n  inputs:\n  - type: powershell\n    content: |\n"
                "      Initialize-ECSAgent -Cluster ${Cluster}\n"
            ),
            True,
        ),
        (
            (
                "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/x-shellscript\n\n"
                "#!/bin/bash\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config\n--B--\n"
            ),
            True,
        ),
        ("#!/bin/bash\necho ECS_CLUSTER=prod-2 >> /etc/ecs/ecs.config", False),
        ("#!/bin/bash\naws ecs list-tasks --cluster ${Cluster}", False),
        ("#!/bin/bash\n# ECS_CLUSTER=${Cluster} /etc/ecs", False),
        (
            "#!/bin/bash\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config\necho ECS_CLUSTER=b >> /etc/ecs/ecs.config",
            False,
        ),
    ],
)
def test_the_cluster_is_the_one_that_the_agent_joins(text: str, *, joins: bool) -> None:
    """A capacity is linked to the cluster that its user data really names to the agent, however it comes by the name."""
    launch = _resource(
        "AWS::EC2::LaunchTemplate", LaunchTemplateData={"UserData": {"Fn::Base64": {"Fn::Sub": text}}}
    )
    cluster = _resource("AWS::ECS::Cluster", ClusterName="prod")
    service = _service(Cluster={"Ref": "Cluster"}, LaunchType="EC2")
    view = _view({"Cluster": cluster, "Launch": launch, "Td": TASK, "Service": service})
    assert _capacities(view) == [["Launch"] if joins else []]


def test_a_service_of_another_cluster() -> None:
    """Capacity of another cluster, or another provider of the same one, is not the service's."""
    other = _service(Cluster={"Ref": "Other"}, LaunchType="EC2")
    elsewhere = _service(Cluster={"Ref": "Cluster"}, CapacityProviderStrategy=[{"CapacityProvider": "spot"}])
    view = _view(
        {"Cluster": CLUSTER, "Other": CLUSTER, "Launch": LAUNCH, "Td": TASK, "A": other, "B": elsewhere}
    )
    assert _capacities(view) == [[], []]


@pytest.mark.parametrize(
    ("properties", "launch_type"),
    [
        ({"LaunchType": "FARGATE"}, "FARGATE"),
        ({"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT"}]}, "FARGATE"),
        ({"LaunchType": "EXTERNAL"}, "EXTERNAL"),
        ({"LaunchType": {"Ref": "Open"}}, None),
        ({}, "EC2"),
    ],
)
def test_launch_types(properties: dict[str, Any], launch_type: str | None) -> None:
    """The launch type is stated, follows from the strategy, or is EC2; one that is open is not guessed."""
    view = _view({"Td": TASK, "Service": _service(**properties)}, Parameters={"Open": {"Type": "String"}})
    assert [service.launch_type for service in view.services] == [launch_type]
    assert view.tasks[0].fargate is (launch_type == "FARGATE")


@pytest.mark.parametrize(
    ("launch", "is_ecs", "behavior"),
    [
        (LAUNCH, True, "default"),
        (
            _resource("AWS::EC2::Instance", UserData={"Fn::Base64": "#!/bin/bash\nyum update"}),
            False,
            "default",
        ),
        (_resource("AWS::EC2::Instance", ImageId={"Ref": "Ami"}), True, None),
        (
            {
                **_resource(
                    "AWS::AutoScaling::LaunchConfiguration", UserData={"Fn::Base64": "#!/bin/bash\ncfn-init"}
                ),
                "Metadata": {
                    "AWS::CloudFormation::Init": {
                        "config": {
                            "commands": {
                                "a": {"command": "echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config"}
                            }
                        }
                    }
                },
            },
            True,
            None,
        ),
    ],
)
def test_what_is_ecs_capacity(launch: dict[str, Any], is_ecs: bool, behavior: str | None) -> None:  # noqa: FBT001 - a table's column
    """Instances are ECS capacity by user data, AMI or cfn-init; what cfn-init writes is not guessed at."""
    kind = "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
    ami = {"Type": kind, "Default": "/aws/service/bottlerocket/aws-ecs-2/x86_64/latest/image_id"}
    view = _view({"Cluster": CLUSTER, "Launch": launch}, Parameters={"Ami": ami})
    assert [capacity.resource.logical_id for capacity in view.capacities] == (["Launch"] if is_ecs else [])
    for capacity in view.capacities:
        if capacity.os != "bottlerocket":
            assert capacity.behavior == behavior


ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/"


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (f"{ECR}web@sha256:{'a' * 64}", "digest"),
        (f"{ECR}web:1.2@sha256:{'a' * 64}", "digest"),
        (f"{ECR}cdk-hnb659fds-container-assets-111122223333-eu-west-1:{'a' * 64}", "immutable"),
        (f"{ECR}web:1.2.3", "unique"),
        (f"{ECR}web:v1.2.3-rc.1", "unique"),
        (f"{ECR}web:0f3c9ab", "unique"),
        (f"{ECR}web:web-7f3c2a1", "unique"),
        (f"{ECR}web:2026-09-20", "unique"),
        (f"{ECR}web:20260920-1", "unique"),
        (f"{ECR}web:build-118", "unique"),
        (f"{ECR}web:latest", "floating"),
        (f"{ECR}web", "floating"),
        ("nginx", "floating"),
        ("nginx:1.27", "floating"),
        ("python:3.12-slim", "floating"),
        (f"{ECR}web:main", "floating"),
        (f"{ECR}web:production", "floating"),
        # One of the 2^40 ways to read these underscores at a time would never end.
        (f"{ECR}web:{'a_' * 40}", "floating"),
        (f"{ECR}web:feature_x__0f3c9ab", "unique"),
        ("localhost:5000/web", "floating"),
    ],
)
def test_kinds_of_tags(image: str, kind: str) -> None:
    """A tag that names one build is told from one that is meant to move."""
    assert Image.of(image, "eu-west-1").kind == kind


@pytest.mark.parametrize(
    ("value", "mutability", "kind"),
    [
        ({"Fn::Sub": "${Repo.RepositoryUri}:main"}, {"ImageTagMutability": "IMMUTABLE"}, "immutable"),
        ({"Fn::Sub": "${Repo.RepositoryUri}:main"}, {}, "floating"),
        ({"Fn::Sub": "${Repo.RepositoryUri}"}, {}, "floating"),
        ({"Fn::Sub": "${Repo.RepositoryUri}:${Open}"}, {}, "unknown"),
        ({"Ref": "Open"}, {}, "unknown"),
        (
            {"Fn::Sub": "${Repo.RepositoryUri}:latest"},
            {
                "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
                "ImageTagMutabilityExclusionFilters": [{"ImageTagMutabilityExclusionFilterValue": "la*"}],
            },
            "floating",
        ),
        (
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/named:main",
            {"ImageTagMutability": "IMMUTABLE"},
            "immutable",
        ),
    ],
)
def test_the_repository_decides(value: object, mutability: dict[str, Any], kind: str) -> None:
    """A repository of the template, by reference or by name, says whether its tags can be pushed again."""
    named = {"RepositoryName": "named"} if isinstance(value, str) else {}
    view = _view(
        {
            "Repo": _resource("AWS::ECR::Repository", **mutability, **named),
            "Td": _resource("AWS::ECS::TaskDefinition", ContainerDefinitions=[{"Image": value}]),
        },
        Parameters={"Open": {"Type": "String"}},
    )
    assert [image.kind for image in view.tasks[0].images] == [kind]
