"""What starts tasks, besides services."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.view import EcsView

NETWORK = {"Subnets": ["subnet-1"], "AssignPublicIp": "ENABLED"}
RUN = {"LaunchType": "FARGATE", "TaskDefinitionArn": {"Ref": "Td"}}
CLUSTER = "arn:aws:ecs:eu-west-1:111122223333:cluster/main"
STATES = {
    "StartAt": "Run",
    "States": {
        "Run": {
            "Type": "Task",
            "Resource": "arn:aws:states:::ecs:runTask.sync",
            "Parameters": {
                "Cluster": CLUSTER,
                "LaunchType": "FARGATE",
                "TaskDefinition": "${Td}",
                "NetworkConfiguration": {"AwsvpcConfiguration": NETWORK},
            },
        }
    },
}


def _view(kind: str, properties: dict[str, Any], **task: Any) -> EcsView:
    resources = {
        "Td": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Family": "web", **task}},
        "Starter": {"Type": kind, "Properties": properties},
    }
    return EcsView(from_document({"Resources": resources}, region="eu-west-1"))


@pytest.mark.parametrize(
    ("kind", "properties", "place"),
    [
        pytest.param(
            "AWS::ECS::TaskSet",
            {
                "Cluster": CLUSTER,
                "LaunchType": "FARGATE",
                "TaskDefinition": {"Ref": "Td"},
                "NetworkConfiguration": {"AwsVpcConfiguration": NETWORK},
            },
            "Properties.NetworkConfiguration.AwsVpcConfiguration",
            id="task set",
        ),
        pytest.param(
            "AWS::Events::Rule",
            {
                "Targets": [
                    {"Arn": "arn:aws:sqs:eu-west-1:111122223333:queue"},
                    {
                        "Arn": CLUSTER,
                        "EcsParameters": {
                            **RUN,
                            "NetworkConfiguration": {"AwsVpcConfiguration": NETWORK},
                        },
                    },
                ]
            },
            "Properties.Targets.1.EcsParameters.NetworkConfiguration.AwsVpcConfiguration",
            id="event rule",
        ),
        pytest.param(
            "AWS::Scheduler::Schedule",
            {
                "Target": {
                    "Arn": CLUSTER,
                    "EcsParameters": {**RUN, "NetworkConfiguration": {"AwsvpcConfiguration": NETWORK}},
                }
            },
            "Properties.Target.EcsParameters.NetworkConfiguration.AwsvpcConfiguration",
            id="schedule",
        ),
        pytest.param(
            "AWS::Pipes::Pipe",
            {
                "Target": CLUSTER,
                "TargetParameters": {
                    "EcsTaskParameters": {**RUN, "NetworkConfiguration": {"AwsvpcConfiguration": NETWORK}}
                },
            },
            "Properties.TargetParameters.EcsTaskParameters.NetworkConfiguration.AwsvpcConfiguration",
            id="pipe",
        ),
        pytest.param(
            "AWS::StepFunctions::StateMachine",
            {"DefinitionString": {"Fn::Sub": json.dumps(STATES)}},
            "Properties.DefinitionString",
            id="state machine",
        ),
        pytest.param(
            "AWS::StepFunctions::StateMachine",
            {"DefinitionString": json.dumps(STATES), "DefinitionSubstitutions": {"Td": {"Ref": "Td"}}},
            "Properties.DefinitionString",
            id="state machine with substitutions",
        ),
        pytest.param(
            "AWS::StepFunctions::StateMachine",
            {"DefinitionString": json.dumps(STATES).replace("${Td}", "web:3")},
            "Properties.DefinitionString",
            id="state machine by family",
        ),
        pytest.param(
            "AWS::StepFunctions::StateMachine",
            {"Definition": {"A": [json.loads(json.dumps(STATES).replace("${Td}", "web"))]}},
            "Properties.Definition",
            id="state machine as an object",
        ),
    ],
)
def test_each_starter_says_what_runs_where(kind: str, properties: dict[str, Any], place: str) -> None:
    """Its launch type, task definition, cluster and network are found under the names that it has for them."""
    view = _view(kind, properties)
    (service,) = view.services
    settings, path = service.start.network
    assert (service.launch_type, settings, ".".join(map(str, path))) == ("FARGATE", NETWORK, place)
    assert service.task is view.tasks[0]
    assert service.cluster.endswith(":main")
    assert view.tasks[0].fargate


@pytest.mark.parametrize(
    ("properties", "needs", "launch_type"),
    [
        ({}, ["FARGATE"], "FARGATE"),
        ({}, ["EC2", "FARGATE"], "EC2"),
        ({}, None, "EC2"),
        ({"Cluster": {"Fn::ImportValue": "cluster"}}, ["FARGATE"], "FARGATE"),
        (
            {"CapacityProviderStrategy": [{"CapacityProvider": {"Fn::ImportValue": "p"}}]},
            ["FARGATE"],
            "FARGATE",
        ),
        ({"LaunchType": "EC2"}, ["FARGATE"], "EC2"),
    ],
)
def test_what_nobody_here_states_the_task_definition_decides(
    properties: dict[str, Any], needs: list[str] | None, launch_type: str
) -> None:
    """The default strategy of an imported cluster is not known; a task for Fargate alone runs nowhere else."""
    task = {"RequiresCompatibilities": needs} if needs else {}
    view = _view("AWS::ECS::Service", {"TaskDefinition": {"Ref": "Td"}, **properties}, **task)
    assert [service.launch_type for service in view.services] == [launch_type]


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::Events::Rule", {"Targets": [{"Arn": "arn:aws:sqs:eu-west-1:111122223333:queue"}, "?"]}),
        ("AWS::Events::Rule", {"Targets": "?"}),
        ("AWS::Scheduler::Schedule", {"Target": {"Arn": "arn:aws:lambda:eu-west-1:111122223333:function:f"}}),
        ("AWS::Pipes::Pipe", {"TargetParameters": []}),
        ("AWS::StepFunctions::StateMachine", {"DefinitionString": "{not json"}),
        ("AWS::StepFunctions::StateMachine", {"DefinitionString": {"Ref": "Td"}}),
        (
            "AWS::StepFunctions::StateMachine",
            {"DefinitionString": '{"TaskDefinition": ' + "[" * 5_000 + "]" * 5_000 + "}"},
        ),
        ("AWS::StepFunctions::StateMachine", {"DefinitionS3Location": {"Bucket": "b"}}),
        ("AWS::StepFunctions::StateMachine", {"Definition": {"States": {"A": {"Type": "Pass"}}}}),
    ],
)
def test_what_starts_no_task_is_no_service(kind: str, properties: dict[str, Any]) -> None:
    """Other targets, and what cannot be read, are passed over."""
    assert _view(kind, properties).services == []
