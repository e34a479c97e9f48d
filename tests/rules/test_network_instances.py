"""The way of EC2 instances with one element closed at a time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.network_table import (
    ANYWHERE,
    COMMON,
    DUAL_STACK,
    ECR,
    IGW,
    UNKNOWN,
    VPC,
    changed,
    ec2,
    endpoint,
    judge,
    route,
    rule,
    subnet,
)

AMI = "{{resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id}}"
SCRIPT = "#!/bin/bash\necho ECS_CLUSTER=${Cluster} >> /etc/ecs/ecs.config\n"
SERVICES = ("ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry")

INSTANCES = {
    **COMMON,
    "Cluster": {"Type": "AWS::ECS::Cluster"},
    **subnet("Public", 0, MapPublicIpOnLaunch=True),
    "Default": route("PublicTable", IGW),
    "Launch": ec2(
        "LaunchTemplate",
        LaunchTemplateData={
            "ImageId": AMI,
            "SecurityGroupIds": [{"Ref": "TaskGroup"}],
            "UserData": {"Fn::Base64": {"Fn::Sub": SCRIPT}},
        },
    ),
    "Group": {
        "Type": "AWS::AutoScaling::AutoScalingGroup",
        "Properties": {
            "LaunchTemplate": {"LaunchTemplateId": {"Ref": "Launch"}, "Version": "1"},
            "VPCZoneIdentifier": [{"Ref": "Public"}],
        },
    },
    "Task": {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {"ContainerDefinitions": [{"Name": "web", "Memory": 128, "Image": ECR}]},
    },
    "Web": {
        "Type": "AWS::ECS::Service",
        "Properties": {"Cluster": {"Ref": "Cluster"}, "LaunchType": "EC2", "TaskDefinition": {"Ref": "Task"}},
    },
}
"""Instances in a public subnet that gives them addresses."""

BY_ENDPOINTS: dict[str, Any] = {
    **changed(INSTANCES, Default=None),
    **subnet("Service", 2),
    "EndpointGroup": ec2("SecurityGroup", VpcId=VPC, SecurityGroupIngress=[rule(CidrIp="10.0.0.0/16")]),
    **{f"E{index}": endpoint(service) for index, service in enumerate(SERVICES)},
    "S3": ec2(
        "VPCEndpoint",
        VpcId=VPC,
        ServiceName="com.amazonaws.eu-west-1.s3",
        RouteTableIds=[{"Ref": "PublicTable"}],
    ),
}
"""The same without a way to the internet, with endpoints."""

IPV6 = changed(
    INSTANCES,
    Default=route(
        "PublicTable", IGW, DestinationCidrBlock={"Ref": "AWS::NoValue"}, DestinationIpv6CidrBlock="::/0"
    ),
    Public__Ipv6CidrBlock="2001:db8::/64",
    TaskGroup__SecurityGroupEgress=[rule(CidrIp=ANYWHERE), rule(CidrIpv6="::/0")],
)
"""The same in a dual-stack subnet that has a route for IPv6 alone."""

NO_ROUTE = "route table PublicTable of subnet Public has no route to 0.0.0.0/0"
NO_ADDRESS = "the instance has no public address for internet gateway Igw"
DATA = "Launch__LaunchTemplateData"


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        pytest.param(INSTANCES, "", id="open"),
        pytest.param(changed(INSTANCES, Default=None), NO_ROUTE, id="no route"),
        pytest.param(changed(INSTANCES, Public__MapPublicIpOnLaunch=False), NO_ADDRESS, id="no address"),
        pytest.param(
            changed(INSTANCES, **{f"{DATA}__NetworkInterfaces": [{"AssociatePublicIpAddress": False}]}),
            NO_ADDRESS,
            id="no address by the launch template",
        ),
        pytest.param(
            changed(INSTANCES, TaskGroup__SecurityGroupEgress=[rule(CidrIp="10.0.0.0/8")]),
            "security group TaskGroup lets nothing out on port 443 to the internet",
            id="group",
        ),
        pytest.param(
            changed(INSTANCES, **{f"{DATA}__SecurityGroupIds": ["sg-1"]}),
            f"{UNKNOWN}the security group is not in the templates",
            id="group of elsewhere",
        ),
        pytest.param(changed(INSTANCES, **{f"{DATA}__ImageId": "ami-1"}, Default=None), "", id="an AMI of one's own"),
        pytest.param(
            changed(INSTANCES, Group__VPCZoneIdentifier=["subnet-1"]),
            f"{UNKNOWN}subnet subnet-1 is not in the templates",
            id="subnet of elsewhere",
        ),
        pytest.param(BY_ENDPOINTS, "", id="endpoints"),
        pytest.param(changed(BY_ENDPOINTS, E0=None), NO_ROUTE, id="no ecr.api"),
        pytest.param(changed(BY_ENDPOINTS, E2=None), NO_ROUTE, id="no ecs"),
        pytest.param(changed(BY_ENDPOINTS, E3=None), NO_ROUTE, id="no ecs-agent"),
        pytest.param(changed(BY_ENDPOINTS, E4=None), NO_ROUTE, id="no ecs-telemetry"),
        pytest.param(
            changed(BY_ENDPOINTS, EndpointGroup__SecurityGroupIngress=[rule(CidrIp="10.9.0.0/16")]),
            "security group EndpointGroup of VPC endpoint E2 lets nothing in on port 443 from security group TaskGroup",
            id="endpoints' group",
        ),
        pytest.param(IPV6, NO_ROUTE, id="IPv6 and a name that answers by IPv4 alone"),
        pytest.param(
            changed(IPV6, Task__ContainerDefinitions=[{"Name": "web", "Memory": 128, "Image": DUAL_STACK}]),
            f"{UNKNOWN}{NO_ROUTE}; whether IPv6 is used is not known",
            id="IPv6 and a dual-stack name",
        ),
    ],
)  # fmt: skip
def test_instances(resources: dict[str, Any], said: str) -> None:
    """Instances need the endpoints of Amazon ECS, too, and take their addresses from the subnet."""
    found = judge(resources)
    assert found.startswith(said)
    assert bool(found) is bool(said)
