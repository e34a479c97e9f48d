"""Builds a network whose way to the registry is open, closes one element of it, and asks PULL303 of it."""

from __future__ import annotations

import copy
from typing import Any

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import from_document

__all__ = ["INTERNET", "ISOLATED", "NAT", "V6", "changed", "judge"]

UNKNOWN = "not evaluated: "
ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.2.3"
DUAL_STACK = "111122223333.dkr-ecr.eu-west-1.on.aws/web:1.2.3"
ANYWHERE = "0.0.0.0/0"
VPC = {"Ref": "Vpc"}


def ec2(kind: str, **properties: Any) -> dict[str, Any]:
    """Return a resource below ``AWS::EC2``."""
    return {"Type": f"AWS::EC2::{kind}", "Properties": properties}


def rule(**more: Any) -> dict[str, Any]:
    """Return a rule of a security group on port 443."""
    return {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **more}


def route(table: str, target: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a default route."""
    return ec2("Route", RouteTableId={"Ref": table}, **({"DestinationCidrBlock": ANYWHERE} | more), **target)


def entry(acl: str, number: int, ports: tuple[int, int], *, egress: bool, **more: Any) -> dict[str, Any]:
    """Return an entry of a network ACL that allows TCP."""
    values = {"Protocol": 6, "RuleAction": "allow", "CidrBlock": ANYWHERE, **more}
    ranged = {"From": ports[0], "To": ports[1]}
    return ec2(
        "NetworkAclEntry",
        NetworkAclId={"Ref": acl},
        RuleNumber=number,
        Egress=egress,
        PortRange=ranged,
        **values,
    )


def guarded(subnet: str) -> dict[str, Any]:
    """Return a network ACL for a subnet that lets through what a pull needs, from both ends."""
    return {
        "Acl": ec2("NetworkAcl", VpcId=VPC),
        "AclAssociation": ec2(
            "SubnetNetworkAclAssociation", SubnetId={"Ref": subnet}, NetworkAclId={"Ref": "Acl"}
        ),
        "AclOut": entry("Acl", 100, (443, 443), egress=True),
        "AclIn": entry("Acl", 100, (1024, 65535), egress=False),
        "AclServe": entry("Acl", 110, (443, 443), egress=False),
        "AclAnswer": entry("Acl", 110, (1024, 65535), egress=True),
    }


def subnet(name: str, number: int, **more: Any) -> dict[str, Any]:
    """Return a subnet with a route table of its own."""
    return {
        name: ec2("Subnet", VpcId=VPC, **({"CidrBlock": f"10.0.{number}.0/24"} | more)),
        f"{name}Table": ec2("RouteTable", VpcId=VPC),
        f"{name}Association": ec2(
            "SubnetRouteTableAssociation", SubnetId={"Ref": name}, RouteTableId={"Ref": f"{name}Table"}
        ),
    }


def endpoint(service: str, **more: Any) -> dict[str, Any]:
    """Return an interface endpoint in the subnet Service."""
    return ec2(
        "VPCEndpoint",
        VpcId=VPC,
        VpcEndpointType="Interface",
        ServiceName={"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{service}"},
        PrivateDnsEnabled=True,
        SubnetIds=[{"Ref": "Service"}],
        SecurityGroupIds=[{"Ref": "EndpointGroup"}],
        **more,
    )


def task(where: str, image: str = ECR, *, public: str = "DISABLED", **container: Any) -> dict[str, Any]:
    """Return a service whose tasks run in a subnet."""
    return {
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "RequiresCompatibilities": ["FARGATE"],
                "ContainerDefinitions": [{"Name": "web", "Image": image, **container}],
            },
        },
        "Web": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "LaunchType": "FARGATE",
                "TaskDefinition": {"Ref": "Task"},
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {
                        "Subnets": [{"Ref": where}],
                        "SecurityGroups": [{"Ref": "TaskGroup"}],
                        "AssignPublicIp": public,
                    }
                },
            },
        },
    }


COMMON = {
    "Vpc": ec2("VPC", CidrBlock="10.0.0.0/16", EnableDnsHostnames=True, EnableDnsSupport=True),
    "Igw": ec2("InternetGateway"),
    "Attachment": ec2("VPCGatewayAttachment", VpcId=VPC, InternetGatewayId={"Ref": "Igw"}),
    "TaskGroup": ec2("SecurityGroup", VpcId=VPC, SecurityGroupEgress=[rule(CidrIp=ANYWHERE)]),
}
IGW = {"GatewayId": {"Ref": "Igw"}}

INTERNET = {
    **COMMON,
    **subnet("Public", 0),
    "Default": route("PublicTable", IGW),
    **guarded("Public"),
    **task("Public", public="ENABLED"),
}
"""A public subnet whose tasks have public addresses."""

NAT = {
    **COMMON,
    **subnet("Public", 0),
    "PublicDefault": route("PublicTable", IGW),
    "Nat": ec2("NatGateway", SubnetId={"Ref": "Public"}, AllocationId="eipalloc-1"),
    **subnet("Private", 1),
    "Default": route("PrivateTable", {"NatGatewayId": {"Ref": "Nat"}}),
    **guarded("Private"),
    **task("Private"),
}
"""A private subnet with a NAT gateway in a public one."""

ISOLATED = {
    **COMMON,
    "TaskGroup": ec2(
        "SecurityGroup", VpcId=VPC, SecurityGroupEgress=[rule(CidrIp="10.0.0.0/16"), rule(CidrIp=ANYWHERE)]
    ),
    "EndpointGroup": ec2(
        "SecurityGroup", VpcId=VPC, SecurityGroupIngress=[rule(SourceSecurityGroupId={"Ref": "TaskGroup"})]
    ),
    **subnet("Isolated", 1),
    **subnet("Service", 2),
    **guarded("Isolated"),
    "Api": endpoint("ecr.api"),
    "Dkr": endpoint("ecr.dkr"),
    "Logs": endpoint("logs"),
    "Secrets": endpoint("secretsmanager"),
    "Parameters": endpoint("ssm"),
    "S3": ec2(
        "VPCEndpoint",
        VpcId=VPC,
        ServiceName={"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"},
        RouteTableIds=[{"Ref": "IsolatedTable"}],
    ),
    **task(
        "Isolated",
        LogConfiguration={"LogDriver": "awslogs", "Options": {"awslogs-group": "/web"}},
        Secrets=[
            {"Name": "A", "ValueFrom": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCd12"},
            {"Name": "B", "ValueFrom": "/web/b"},
        ],
    ),
}
"""A subnet with endpoints alone, which are in another subnet."""

V6 = {
    **COMMON,
    "TaskGroup": ec2("SecurityGroup", VpcId=VPC, SecurityGroupEgress=[rule(CidrIpv6="::/0")]),
    "Eigw": ec2("EgressOnlyInternetGateway", VpcId=VPC),
    **subnet("Native", 1, Ipv6Native=True, Ipv6CidrBlock="2001:db8::/64"),
    "Default": route(
        "NativeTable",
        {"EgressOnlyInternetGatewayId": {"Ref": "Eigw"}},
        DestinationCidrBlock={"Ref": "AWS::NoValue"},
        DestinationIpv6CidrBlock="::/0",
    ),
    "Acl": ec2("NetworkAcl", VpcId=VPC),
    "AclAssociation": ec2(
        "SubnetNetworkAclAssociation", SubnetId={"Ref": "Native"}, NetworkAclId={"Ref": "Acl"}
    ),
    "AclOut": entry(
        "Acl", 100, (443, 443), egress=True, CidrBlock={"Ref": "AWS::NoValue"}, Ipv6CidrBlock="::/0"
    ),
    "AclIn": entry(
        "Acl", 100, (1024, 65535), egress=False, CidrBlock={"Ref": "AWS::NoValue"}, Ipv6CidrBlock="::/0"
    ),
    **task("Native", DUAL_STACK),
}
"""An IPv6-only subnet with an egress-only internet gateway."""


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a base with changes: of a resource, or of a property as ``Resource__Property``; None takes it away."""
    resources: dict[str, Any] = copy.deepcopy(base)
    for path, value in changes.items():
        steps = path.split("__")
        place = resources if len(steps) == 1 else resources[steps[0]]["Properties"]
        for step in steps[1:-1]:
            place = place[step]
        if value is None:
            del place[steps[-1]]
        else:
            place[steps[-1]] = value
    return resources


def judge(resources: dict[str, Any], **document: Any) -> str:
    """Return what PULL303 says of the element that is closed; what was not evaluated; or an empty string."""
    assembly = from_document({"Resources": resources, **document}, account="111122223333", region="eu-west-1")
    result = check([assembly], Options(select=("PULL303",)))
    assert result.errors == ()
    found = [finding.message.partition(": ")[2] for finding in result.findings]
    assert not any(finding.rule == "PULL000" for finding in result.findings)
    gaps = dict.fromkeys(gap.reason for gap in result.not_evaluated)
    return "; ".join(found) or (UNKNOWN + "; ".join(gaps) if gaps else "")
