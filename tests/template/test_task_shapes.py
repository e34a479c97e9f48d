"""What defines tasks beside task definitions."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.view import EcsView

API = "111122223333.dkr.ecr.us-east-1.amazonaws.com/api:1.4.2"


def _express(**properties: Any) -> dict[str, Any]:
    container = {"Image": API, "ContainerPort": 8080}
    return {
        "Type": "AWS::ECS::ExpressGatewayService",
        "Properties": {
            "ExecutionRoleArn": "arn:aws:iam::111122223333:role/e",
            "PrimaryContainer": container,
            **properties,
        },
    }


def _job(cpu: str, memory: str, *, where: str = "FARGATE", **properties: Any) -> dict[str, Any]:
    needs = [{"Type": "VCPU", "Value": cpu}, {"Type": "MEMORY", "Value": memory}]
    return {
        "Type": "AWS::Batch::JobDefinition",
        "Properties": {
            "Type": "container",
            "PlatformCapabilities": [where],
            "ContainerProperties": {
                "Image": API,
                "ExecutionRoleArn": "arn:aws:iam::111122223333:role/e",
                "ResourceRequirements": needs,
                **properties,
            },
        },
    }


def _several(*sizes: tuple[str, str]) -> dict[str, Any]:
    containers = [
        {
            "Image": API,
            "ResourceRequirements": [{"Type": "VCPU", "Value": cpu}, {"Type": "MEMORY", "Value": memory}],
        }
        for cpu, memory in sizes
    ]
    tasks = [{"ExecutionRoleArn": "arn:aws:iam::111122223333:role/e", "Containers": containers}]
    return {
        "Type": "AWS::Batch::JobDefinition",
        "Properties": {"PlatformCapabilities": ["FARGATE"], "EcsProperties": {"TaskProperties": tasks}},
    }


def _found(resource: dict[str, Any], **others: Any) -> list[tuple[str, str]]:
    document = {"Resources": {"It": resource, **others}}
    result = check(
        [from_document(document, account="111122223333", region="us-east-1")], Options(ignore=("PULL305",))
    )
    assert not [each for each in result.findings if each.rule == "PULL000"]
    return [(each.rule, each.property_path) for each in result.findings]


@pytest.mark.parametrize(
    ("resource", "found"),
    [
        pytest.param(_express(), [], id="Express by default"),
        pytest.param(_express(Cpu="256", Memory="4096"), [("PULL201", "Properties.Cpu")], id="Express size"),
        pytest.param(_express(Cpu="1024", Memory="2048"), [], id="Express of another size"),
        pytest.param(
            _express(PrimaryContainer={"Image": f"https://{API}"}),
            [("PULL307", "Properties.PrimaryContainer.Image")],
            id="Express name",
        ),
        pytest.param(
            _express(PrimaryContainer={"Image": API.replace("us-east-1", "eu-west-1")}),
            [("PULL301", "Properties.PrimaryContainer.Image")],
            id="Express of another Region",
        ),
        pytest.param(
            {"Type": "AWS::ECS::ExpressGatewayService", "Properties": {"PrimaryContainer": {"Image": API}}},
            [("PULL306", "Properties")],
            id="Express without a role",
        ),
        pytest.param(_job("2", "8192"), [], id="job"),
        pytest.param(_job("0.25", "512"), [], id="small job"),
        pytest.param(
            _job("2", "512"),
            [("PULL201", "Properties.ContainerProperties.ResourceRequirements")],
            id="job size",
        ),
        pytest.param(_job("2", "512", where="EC2"), [], id="job on EC2"),
        pytest.param(_job("many", "512"), [], id="job of a size not known"),
        pytest.param(
            _job("2", "8192", EphemeralStorage={"SizeInGiB": 300}),
            [("PULL204", "Properties.ContainerProperties.EphemeralStorage.SizeInGiB")],
            id="job storage",
        ),
        pytest.param(
            _job("2", "8192", Image="a:b:c"),
            [("PULL307", "Properties.ContainerProperties.Image")],
            id="job name",
        ),
        pytest.param(_several(("1", "2048"), ("1", "2048")), [], id="job of two containers"),
        pytest.param(
            _several(("1", "2048"), ("2", "2048")),
            [("PULL201", "Properties.EcsProperties.TaskProperties.0.ResourceRequirements")],
            id="job of two containers, size",
        ),
        pytest.param(
            {"Type": "AWS::Batch::JobDefinition", "Properties": {"NodeProperties": {}}}, [], id="job of nodes"
        ),
        pytest.param(
            {
                "Type": "AWS::ECS::DaemonTaskDefinition",
                "Properties": {"ContainerDefinitions": [{"Image": "a:b:c"}]},
            },
            [("PULL307", "Properties.ContainerDefinitions.0.Image")],
            id="daemon",
        ),
    ],
)
def test_rules_on_tasks(resource: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """Their images, sizes, storage and roles are judged like those of any task, at their own places."""
    assert _found(resource) == found


def test_how_a_job_says_its_size() -> None:
    """The fix of a size is in the words of the resource."""
    document = {"Resources": {"It": _job("2", "512")}}
    result = check([from_document(document, region="us-east-1")], Options(select=("PULL201",)))
    assert [each.fix for each in result.findings] == [
        "Set ResourceRequirements VCPU and MEMORY to 2 and 4096"
    ]


def test_an_express_service_runs_its_own_task() -> None:
    """An Express Mode service is a service on Fargate, in its own subnets."""
    view = EcsView(
        from_document({"Resources": {"It": _express(NetworkConfiguration={"Subnets": ["subnet-1"]})}})
    )
    (service,) = view.services
    assert (service.launch_type, service.task is view.tasks[0]) == ("FARGATE", True)
    assert [puller.source.subnet for puller in view.network.of_tasks(service)] == [("id", "subnet-1")]


def test_a_job_keeps_its_image() -> None:
    """The image of a job counts where a life-cycle policy may expire it."""
    rules = '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":100},"action":{"type":"expire"}}]}'
    repository = {
        "Type": "AWS::ECR::Repository",
        "Properties": {"ImageTagMutability": "IMMUTABLE", "LifecyclePolicy": {"LifecyclePolicyText": rules}},
    }
    job = _job("2", "8192", Image={"Fn::Sub": "${Repo.RepositoryUri}:prod-5f1e2a9"})
    assert _found(job, Repo=repository) == [("PULL304", "Properties.LifecyclePolicy.LifecyclePolicyText")]
