"""Small stacks for tables of what people report: a network, a task, a service and its instances, as plain data."""

from __future__ import annotations

import json
from typing import Any, Final

from cdk_pull.rules.engine.runner import Options, Result, check
from cdk_pull.template.assembly import from_document

ECR: Final = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.2.3"
HUB: Final = "nginx:1.27.2"
AL2023: Final = "{{resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id}}"
ARM: Final = "{{resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id}}"
BOTTLEROCKET: Final = "{{resolve:ssm:/aws/service/bottlerocket/aws-ecs-2/x86_64/latest/image_id}}"
WINDOWS: Final = (
    "{{resolve:ssm:/aws/service/ami-windows-latest/Windows_Server-2022-English-Core-ECS_Optimized/image_id}}"
)
JOIN: Final = "#!/bin/bash\necho ECS_CLUSTER=web >> /etc/ecs/ecs.config\n"
ONCE: Final = f"{JOIN}echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config\n"
KEEP: Final = f"{JOIN}echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config\n"
EXECUTION: Final = "service-role/AmazonECSTaskExecutionRolePolicy"
INSTANCES: Final = "service-role/AmazonEC2ContainerServiceforEC2Role"
HTTPS: Final = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}

Resources = dict[str, Any]


def checked(resources: Resources, *select: str, **parameters: Any) -> Result:
    """Return what the rules find in a stack of an account in Ireland."""
    document = {
        "Resources": json.loads(json.dumps(resources)),
        "Parameters": {name: {"Type": "String", "Default": value} for name, value in parameters.items()},
    }
    assembly = from_document(document, account="111122223333", region="eu-west-1")
    return check([assembly], Options(select=select))


def made(kind: str, **properties: Any) -> dict[str, Any]:
    """Return a resource."""
    return {"Type": kind, "Properties": properties}


def ref(name: str, attribute: str = "") -> dict[str, Any]:
    """Return a reference to a resource or to an attribute of it."""
    return {"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name}


def role(*managed: str, statements: Any = (), service: str = "ecs-tasks.amazonaws.com") -> dict[str, Any]:
    """Return a role with AWS managed policies, and statements of an inline policy."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policies = (
        [{"PolicyName": "own", "PolicyDocument": {"Statement": list(statements)}}] if statements else []
    )
    return made(
        "AWS::IAM::Role",
        AssumeRolePolicyDocument={"Statement": [trust]},
        ManagedPolicyArns=[f"arn:aws:iam::aws:policy/{each}" for each in managed],
        Policies=policies,
    )


def allow(actions: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that allows actions."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def task(image: Any = ECR, *, facts: Any = None, fargate: bool = True, **container: Any) -> dict[str, Any]:
    """Return a task definition of one container; properties of the task begin with ``task_``."""
    of_task = {name: container.pop(f"task_{name}") for name in _TASK if f"task_{name}" in container}
    properties: dict[str, Any] = {"ExecutionRoleArn": ref("Execution", "Arn")}
    if fargate:
        sized = {"Cpu": "1024", "Memory": "2048", "NetworkMode": "awsvpc"}
        properties |= {**sized, "RequiresCompatibilities": ["FARGATE"]}
    else:
        container.setdefault("Memory", 256)
    properties |= of_task
    properties = {name: value for name, value in properties.items() if value is not None}
    found = made(
        "AWS::ECS::TaskDefinition",
        **properties,
        ContainerDefinitions=[{"Name": "web", "Image": image, **container}],
    )
    return found if facts is None else {**found, "Metadata": {"cdk-pull": {"images": {image: facts}}}}


_TASK: Final = ("ExecutionRoleArn", "TaskRoleArn", "RuntimePlatform", "NetworkMode", "EphemeralStorage")


def network(*, gateway: bool = True, route: bool = True) -> Resources:
    """Return a VPC with one subnet, public where it has a route to the gateway."""
    found = {
        "Vpc": made("AWS::EC2::VPC", CidrBlock="10.0.0.0/16", EnableDnsSupport=True, EnableDnsHostnames=True),
        "Subnet": made("AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.1.0/24"),
        "Table": made("AWS::EC2::RouteTable", VpcId=ref("Vpc")),
        "Link": made(
            "AWS::EC2::SubnetRouteTableAssociation", SubnetId=ref("Subnet"), RouteTableId=ref("Table")
        ),
    }
    if gateway:
        found["Gateway"] = {"Type": "AWS::EC2::InternetGateway"}
        found["Attached"] = made(
            "AWS::EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Gateway")
        )
        if route:
            found["Route"] = _default("Table", GatewayId=ref("Gateway"))
    return found


def _default(table: str, **target: Any) -> dict[str, Any]:
    return made("AWS::EC2::Route", RouteTableId=ref(table), DestinationCidrBlock="0.0.0.0/0", **target)


def behind_nat() -> Resources:
    """Return a VPC whose subnet leads to a NAT gateway in a public one."""
    return {
        **network(route=False),
        "Public": made("AWS::EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.2.0/24"),
        "PublicTable": made("AWS::EC2::RouteTable", VpcId=ref("Vpc")),
        "PublicLink": made(
            "AWS::EC2::SubnetRouteTableAssociation",
            SubnetId=ref("Public"),
            RouteTableId=ref("PublicTable"),
        ),
        "PublicRoute": _default("PublicTable", GatewayId=ref("Gateway")),
        "Nat": made("AWS::EC2::NatGateway", SubnetId=ref("Public"), AllocationId="eipalloc-1"),
        "Route": _default("Table", NatGatewayId=ref("Nat")),
    }


def endpoint(service: str, **properties: Any) -> dict[str, Any]:
    """Return an endpoint of the VPC: a gateway for Amazon S3, an interface for everything else."""
    kind: dict[str, Any] = (
        {"VpcEndpointType": "Gateway", "RouteTableIds": [ref("Table")]}
        if service == "s3"
        else {
            "VpcEndpointType": "Interface",
            "SubnetIds": [ref("Subnet")],
            "PrivateDnsEnabled": True,
            "SecurityGroupIds": [ref("Endpoints")],
        }
    )
    name = f"com.amazonaws.eu-west-1.{service}"
    return made("AWS::EC2::VPCEndpoint", **{"VpcId": ref("Vpc"), "ServiceName": name, **kind, **properties})


def with_endpoints(*services: str) -> Resources:
    """Return an isolated VPC with endpoints, each called after its service without dots."""
    inside = {**HTTPS, "CidrIp": "10.0.0.0/16"}
    return {
        **network(gateway=False),
        "Endpoints": group(ingress=[inside]),
        **{each.replace(".", ""): endpoint(each) for each in services},
    }


def group(egress: Any = None, ingress: Any = ()) -> dict[str, Any]:
    """Return a security group of the VPC; everything may leave where nothing is said."""
    said = {} if egress is None else {"SecurityGroupEgress": egress}
    return made(
        "AWS::EC2::SecurityGroup",
        GroupDescription="g",
        VpcId=ref("Vpc"),
        SecurityGroupIngress=ingress,
        **said,
    )


def service(public: str | None = "DISABLED", *, launch: str = "FARGATE", **properties: Any) -> dict[str, Any]:
    """Return a service in the subnet, with the security group ``Group``; on EC2 without a network of its own."""
    awsvpc = {"Subnets": [ref("Subnet")], "SecurityGroups": [ref("Group")], "AssignPublicIp": public}
    awsvpc = {name: value for name, value in awsvpc.items() if value is not None}
    inside = {"NetworkConfiguration": {"AwsvpcConfiguration": awsvpc}} if launch == "FARGATE" else {}
    known = {"Cluster": "web", "TaskDefinition": ref("Task"), "LaunchType": launch}
    return made("AWS::ECS::Service", **{**known, **inside, **properties})


def on_fargate(way: Resources, **resources: Any) -> Resources:
    """Return a service on Fargate in a network."""
    common = {"Execution": role(EXECUTION), "Group": group(), "Task": task(), "Service": service()}
    return {**way, **common, **resources}


def on_ec2(user_data: Any = ONCE, *, image: str | None = AL2023, **resources: Any) -> Resources:
    """Return a service on instances; launch settings begin with ``launch_``."""
    settings: dict[str, Any] = {"InstanceType": "m7i.large", "ImageId": image}
    if user_data is not None:
        settings["UserData"] = {"Fn::Base64": user_data}
    for name in [each for each in resources if each.startswith("launch_")]:
        settings[name.removeprefix("launch_")] = resources.pop(name)
    launched = {"LaunchTemplateId": ref("Launch"), "Version": "1"}
    return {
        "Execution": role(EXECUTION),
        "Launch": made("AWS::EC2::LaunchTemplate", LaunchTemplateData=settings),
        "Instances": made(
            "AWS::AutoScaling::AutoScalingGroup", MinSize="1", MaxSize="1", LaunchTemplate=launched
        ),
        "Task": task(fargate=False),
        "Service": service(launch="EC2"),
        **resources,
    }
