"""The way to the registry with one element closed at a time, in templates made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.network_table import (
    ANYWHERE,
    DUAL_STACK,
    IGW,
    INTERNET,
    ISOLATED,
    NAT,
    UNKNOWN,
    V6,
    VPC,
    changed,
    ec2,
    endpoint,
    entry,
    judge,
    route,
    rule,
    subnet,
)  # fmt: skip

AWSVPC = "Web__NetworkConfiguration__AwsvpcConfiguration"
IMAGE = "Task__ContainerDefinitions"
NO_ADDRESS = "the task has no public address for internet gateway Igw"
NOTHING_OUT = "security group TaskGroup lets nothing out on port 443 to"
FARGATE_V4 = (
    "AWS Fargate asks Amazon ECR by IPv4 unless the subnet is IPv6 only, so that a route for IPv6 does not do"
)
NOWHERE = {"IpProtocol": "icmp", "FromPort": 252, "ToPort": 86, "CidrIp": "255.255.255.255/32"}
TO_ENDPOINTS = {"DestinationSecurityGroupId": {"Ref": "EndpointGroup"}}
SECRET_POLICY = "does not allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-AbCd12"  # noqa: S105


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return the policy of an endpoint."""
    return {"Statement": [{"Principal": "*", "Resource": "*", **statement} for statement in statements]}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that allows an action to all."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


LAYERS = "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"
NO_LAYERS = f"the policy of VPC endpoint S3 does not allow s3:GetObject on {LAYERS}"


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        pytest.param(INTERNET, "", id="open"),
        pytest.param(changed(INTERNET, Default=None), "route table PublicTable of subnet Public has no route to 0.0.0.0/0", id="no route"),
        pytest.param(changed(INTERNET, PublicAssociation=None), "the main route table of VPC Vpc of subnet Public has no route to 0.0.0.0/0", id="main table"),
        pytest.param(changed(INTERNET, Default__DestinationCidrBlock="10.0.0.0/8"), "route table PublicTable of subnet Public has no route to 0.0.0.0/0", id="route elsewhere"),
        pytest.param(changed(INTERNET, Default__DestinationCidrBlock={"Ref": "Where"}), f"{UNKNOWN}route table PublicTable of subnet Public has a route whose destination is not known", id="route not known"),
        pytest.param(changed(INTERNET, Default__DestinationCidrBlock="0.0.0.0/1", Other=route("PublicTable", IGW, DestinationCidrBlock="128.0.0.0/1")), "", id="halves"),
        pytest.param(changed(INTERNET, Attachment=None), "internet gateway Igw is not attached to the VPC", id="gateway"),
        pytest.param(changed(INTERNET, Default__GatewayId="igw-1"), "", id="gateway by its id"),
        pytest.param(changed(INTERNET, Default__GatewayId={"Ref": "Where"}), f"{UNKNOWN}route table PublicTable sends 0.0.0.0/0 to gateway ${{Where}}, beyond which nothing is known", id="gateway not known"),
        pytest.param(changed(INTERNET, **{f"{AWSVPC}__AssignPublicIp": "DISABLED"}), NO_ADDRESS, id="no address"),
        pytest.param(changed(INTERNET, **{f"{AWSVPC}__AssignPublicIp": None}), NO_ADDRESS, id="no address by default"),
        pytest.param(changed(INTERNET, **{f"{AWSVPC}__AssignPublicIp": {"Ref": "Where"}}), f"{UNKNOWN}{NO_ADDRESS}, as far as is known", id="address not known"),
        pytest.param(changed(INTERNET, AclOut=None), "network ACL Acl of subnet Public lets no TCP out on port 443", id="ACL out"),
        pytest.param(changed(INTERNET, AclIn=None), "network ACL Acl of subnet Public lets no TCP in on the ports 1024-65535, to which answers come back", id="ACL in"),
        pytest.param(changed(INTERNET, AclOut__RuleAction="deny"), "network ACL Acl of subnet Public lets no TCP out on port 443", id="ACL denies"),
        pytest.param(changed(INTERNET, AclNo=entry("Acl", 50, (443, 443), egress=True, RuleAction="deny")), "network ACL Acl of subnet Public lets no TCP out on port 443", id="ACL denies before"),
        pytest.param(changed(INTERNET, AclNo=entry("Acl", 150, (443, 443), egress=True, RuleAction="deny")), "", id="ACL denies after"),
        pytest.param(changed(INTERNET, AclNo=entry("Acl", 50, (443, 443), egress=True, RuleAction="deny", CidrBlock="203.0.113.0/24")), "", id="ACL denies few"),
        pytest.param(changed(INTERNET, AclOut__CidrBlock="10.0.0.0/16"), "network ACL Acl of subnet Public lets no TCP out on port 443", id="ACL to the VPC alone"),
        pytest.param(changed(INTERNET, AclIn__PortRange={"From": 443, "To": 443}), "network ACL Acl of subnet Public lets no TCP in on the ports 1024-65535, to which answers come back", id="ACL in on 443"),
        pytest.param(changed(INTERNET, AclIn__PortRange={"From": 32768, "To": 65535}), "", id="ACL in on the ports of Linux"),
        pytest.param(changed(INTERNET, AclOut__Protocol="17"), "network ACL Acl of subnet Public lets no TCP out on port 443", id="ACL for UDP"),
        pytest.param(changed(INTERNET, AclOut__RuleNumber={"Ref": "Where"}), f"{UNKNOWN}network ACL Acl of subnet Public lets no TCP out on port 443, as far as is known", id="ACL number not known"),
        pytest.param(changed(INTERNET, TaskGroup__SecurityGroupEgress=[NOWHERE]), f"{NOTHING_OUT} the internet", id="group lets nothing out"),
        pytest.param(changed(INTERNET, TaskGroup__SecurityGroupEgress=[rule(CidrIp=ANYWHERE, FromPort=80, ToPort=80)]), f"{NOTHING_OUT} the internet", id="group port 80"),
        pytest.param(changed(INTERNET, TaskGroup__SecurityGroupEgress=[rule(CidrIp="10.0.0.0/8")]), f"{NOTHING_OUT} the internet", id="group private"),
        pytest.param(changed(INTERNET, TaskGroup__SecurityGroupEgress=[rule(CidrIp=ANYWHERE, IpProtocol="udp")]), f"{NOTHING_OUT} the internet", id="group UDP"),
        pytest.param(changed(INTERNET, TaskGroup__SecurityGroupEgress=[rule(CidrIpv6="::/0")]), f"{NOTHING_OUT} the internet", id="group IPv6"),
        pytest.param(changed(INTERNET, TaskGroup__SecurityGroupEgress=[{"IpProtocol": -1, "CidrIp": ANYWHERE}]), "", id="group all"),
        pytest.param(changed(INTERNET, TaskGroup__SecurityGroupEgress=[rule(CidrIp=ANYWHERE, FromPort="0", ToPort="65535")]), "", id="group all ports"),
        pytest.param(changed(INTERNET, TaskGroup__SecurityGroupEgress=None), "", id="group without rules"),
        pytest.param(changed(INTERNET, TaskGroup__SecurityGroupEgress=[NOWHERE], Out=ec2("SecurityGroupEgress", GroupId={"Fn::GetAtt": ["TaskGroup", "GroupId"]}, **rule(CidrIp=ANYWHERE))), "", id="rule that stands apart"),
        pytest.param(changed(INTERNET, TaskGroup__SecurityGroupEgress=[rule(CidrIp={"Ref": "Where"})]), f"{UNKNOWN}security group TaskGroup lets nothing out on port 443 to the internet, as far as is known", id="group not known"),
        pytest.param(changed(INTERNET, **{f"{AWSVPC}__SecurityGroups": ["sg-1"]}), f"{UNKNOWN}the security group is not in the templates", id="group of elsewhere"),
        pytest.param(changed(INTERNET, **{f"{AWSVPC}__SecurityGroups": None}), "", id="default group"),
        pytest.param(changed(INTERNET, **{f"{AWSVPC}__SecurityGroups": None}, Restrict={"Type": "Custom::VpcRestrictDefaultSG", "Properties": {"DefaultSecurityGroupId": {"Fn::GetAtt": ["Vpc", "DefaultSecurityGroup"]}}}), "the default security group of VPC Vpc lets nothing out on port 443 to the internet", id="default group restricted"),
        pytest.param(changed(INTERNET, Vpc__EnableDnsSupport=False), "VPC Vpc has no DNS support, so that no name of a registry resolves", id="DNS"),
        pytest.param(changed(INTERNET, Vpc__EnableDnsHostnames=None), "", id="no host names"),
        pytest.param(changed(INTERNET, Repair={"Type": "Custom::Routes", "Properties": {"Table": {"Ref": "PublicTable"}}}, Default=None), f"{UNKNOWN}route table PublicTable of subnet Public has no route to 0.0.0.0/0, and custom resource Repair may change that", id="custom resource"),
        pytest.param(changed(INTERNET, **{f"{AWSVPC}__Subnets": ["subnet-1"]}), f"{UNKNOWN}subnet subnet-1 is not in the templates", id="subnet of elsewhere"),
        pytest.param(changed(INTERNET, TaskGroup__SecurityGroupEgress=[NOWHERE], **{f"{AWSVPC}__Subnets": ["subnet-1"]}), "security group TaskGroup lets nothing out on port 443", id="subnet of elsewhere, group closed"),
    ],
)  # fmt: skip
def test_to_the_internet(resources: dict[str, Any], said: str) -> None:
    """From a public subnet, the first element that is closed is named."""
    assert (
        judge(resources, Parameters={"Where": {"Type": "String"}})
        .replace(": lets no", ": lets no")
        .startswith(said)
    )
    assert bool(judge(resources, Parameters={"Where": {"Type": "String"}})) is bool(said)


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        pytest.param(NAT, "", id="open"),
        pytest.param(changed(NAT, Default=None), "route table PrivateTable of subnet Private has no route to 0.0.0.0/0", id="no route"),
        pytest.param(changed(NAT, PublicDefault=None), "route table PublicTable of subnet Public has no route to 0.0.0.0/0, which NAT gateway Nat needs", id="gateway's route"),
        pytest.param(changed(NAT, Nat__ConnectivityType="private"), "NAT gateway Nat is private, and reaches no registry on the internet", id="private gateway"),
        pytest.param(changed(NAT, Default__NatGatewayId="nat-1"), "", id="gateway by its id"),
        pytest.param(changed(NAT, Default=route("PrivateTable", {"TransitGatewayId": "tgw-1"})), f"{UNKNOWN}route table PrivateTable sends 0.0.0.0/0 to transit gateway tgw-1, beyond which nothing is known", id="transit gateway"),
        pytest.param(changed(NAT, Default=route("PrivateTable", {"VpcEndpointId": "vpce-1"})), f"{UNKNOWN}route table PrivateTable sends 0.0.0.0/0 to VPC endpoint vpce-1, beyond which nothing is known", id="firewall"),
        pytest.param(changed(NAT, Default=route("PrivateTable", {"EgressOnlyInternetGatewayId": "eigw-1"})), "route table PrivateTable sends IPv4 to an egress-only internet gateway, which is for IPv6", id="egress-only"),
        pytest.param(changed(NAT, AclOut=None, AclAnswer=None), "network ACL Acl of subnet Private lets no TCP out on port 443", id="ACL"),
        pytest.param(changed(NAT, AclAssociation__SubnetId={"Ref": "Public"}, AclServe=None, AclIn=None), "network ACL Acl of subnet Public lets no TCP in on port 443", id="gateway's ACL in"),
        pytest.param(changed(NAT, AclAssociation__SubnetId={"Ref": "Public"}, AclOut=None), "network ACL Acl of subnet Public lets no TCP out on port 443", id="gateway's ACL out"),
        pytest.param(changed(NAT, TaskGroup__SecurityGroupEgress=[rule(CidrIp="10.0.0.0/16")]), f"{NOTHING_OUT} the internet", id="group"),
        pytest.param(changed(NAT, Api=endpoint("ecr.api"), EndpointGroup=ISOLATED["EndpointGroup"], **subnet("Service", 2)), "", id="endpoint beside"),
        pytest.param(changed(NAT, Api=endpoint("ecr.api"), EndpointGroup=ec2("SecurityGroup", VpcId=VPC), **subnet("Service", 2)), "security group EndpointGroup of VPC endpoint Api lets nothing in on port 443 from security group TaskGroup", id="closed endpoint beside"),
        pytest.param(changed(NAT, Api=endpoint("ecr.api") | {"Properties": endpoint("ecr.api")["Properties"] | {"PrivateDnsEnabled": False}}, **subnet("Service", 2)), "", id="endpoint without private DNS beside"),
        pytest.param(changed(NAT, **{f"{IMAGE}": [{"Name": "web", "Image": "nginx:1.27.2"}]}), "", id="Docker Hub"),
        pytest.param(changed(NAT, Default=None, **{f"{IMAGE}": [{"Name": "web", "Image": "quay.io/acme/web:1"}]}), "route table PrivateTable of subnet Private has no route to 0.0.0.0/0", id="quay without a route"),
    ],
)  # fmt: skip
def test_by_a_nat_gateway(resources: dict[str, Any], said: str) -> None:
    """From a private subnet, the NAT gateway's own way counts, and private DNS leads past it."""
    found = judge(resources)
    assert found.startswith(said)
    assert bool(found) is bool(said)


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        pytest.param(ISOLATED, "", id="open"),
        pytest.param(changed(ISOLATED, Api=None), "route table IsolatedTable of subnet Isolated has no route to 0.0.0.0/0", id="no ecr.api"),
        pytest.param(changed(ISOLATED, Dkr=None), "route table IsolatedTable of subnet Isolated has no route to 0.0.0.0/0", id="no ecr.dkr"),
        pytest.param(changed(ISOLATED, S3=None), "route table IsolatedTable of subnet Isolated has no route to 0.0.0.0/0", id="no S3"),
        pytest.param(changed(ISOLATED, Logs=None), "route table IsolatedTable of subnet Isolated has no route to 0.0.0.0/0", id="no logs"),
        pytest.param(changed(ISOLATED, Secrets=None), "route table IsolatedTable of subnet Isolated has no route to 0.0.0.0/0", id="no secretsmanager"),
        pytest.param(changed(ISOLATED, Parameters=None), "route table IsolatedTable of subnet Isolated has no route to 0.0.0.0/0", id="no ssm"),
        pytest.param(changed(ISOLATED, Api__PrivateDnsEnabled=False), "VPC endpoint Api has no private DNS, so that the name of the service does not lead to it", id="no private DNS"),
        pytest.param(changed(ISOLATED, Dkr__PrivateDnsEnabled=None), f"{UNKNOWN}VPC endpoint Dkr may have no private DNS: PrivateDnsEnabled is not stated", id="private DNS not stated"),
        pytest.param(changed(ISOLATED, Api__PrivateDnsEnabled=False, Zone={"Type": "AWS::Route53::HostedZone", "Properties": {"Name": "api.ecr.eu-west-1.amazonaws.com"}}), f"{UNKNOWN}VPC endpoint Api may have no private DNS", id="own zone"),
        pytest.param(changed(ISOLATED, Vpc__EnableDnsHostnames=None), "VPC Vpc has no DNS host names, without which VPC endpoint", id="no host names"),
        pytest.param(changed(ISOLATED, Vpc__EnableDnsSupport=False), "VPC Vpc has no DNS support", id="no DNS"),
        pytest.param(changed(ISOLATED, S3__RouteTableIds=[{"Ref": "ServiceTable"}]), "VPC endpoint S3 is not linked to the route table of subnet Isolated", id="S3 of another table"),
        pytest.param(changed(ISOLATED, S3__RouteTableIds=[{"Ref": "Where"}]), f"{UNKNOWN}VPC endpoint S3 may not be linked to the route table of subnet Isolated", id="S3 of a table not known"),
        pytest.param(changed(ISOLATED, S3__PolicyDocument=policy(allow("s3:*", "arn:aws:s3:::acme/*"))), NO_LAYERS, id="policy of S3"),
        pytest.param(changed(ISOLATED, S3__PolicyDocument=policy(allow("s3:GetObject", LAYERS))), "", id="policy with the layers"),
        pytest.param(changed(ISOLATED, S3__PolicyDocument=policy(allow("s3:GetObject", {"Fn::Sub": "arn:aws:s3:::prod-${AWS::Region}-starport-layer-bucket/*"}))), "", id="policy by a reference"),
        pytest.param(changed(ISOLATED, S3__PolicyDocument=policy(allow("s3:GetObject", LAYERS.replace("eu-west-1", "us-east-1")))), NO_LAYERS, id="policy of another Region"),
        pytest.param(changed(ISOLATED, S3__PolicyDocument=policy(allow("*"), {"Effect": "Deny", "Action": "s3:GetObject"})), NO_LAYERS, id="policy denies"),
        pytest.param(changed(ISOLATED, S3__PolicyDocument=policy(allow("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}))), f"{UNKNOWN}the policy of VPC endpoint S3 may not allow s3:GetObject", id="policy with a condition"),
        pytest.param(changed(ISOLATED, S3__PolicyDocument=policy(allow("*", Principal={"AWS": "111122223333"}))), f"{UNKNOWN}the policy of VPC endpoint S3 may not allow s3:GetObject", id="policy for an account"),
        pytest.param(changed(ISOLATED, Dkr__PolicyDocument=policy(allow("ecr:BatchGetImage"))), "the policy of VPC endpoint Dkr does not allow ecr:GetDownloadUrlForLayer", id="policy of ecr.dkr"),
        pytest.param(changed(ISOLATED, Api__PolicyDocument=policy(allow("ecr:Describe*"))), "the policy of VPC endpoint Api does not allow ecr:GetAuthorizationToken", id="policy of ecr.api"),
        pytest.param(changed(ISOLATED, Secrets__PolicyDocument=policy(allow("*", "arn:aws:secretsmanager:*:*:secret:other-*"))), f"the policy of VPC endpoint Secrets {SECRET_POLICY}", id="policy of secretsmanager"),
        pytest.param(changed(ISOLATED, Logs__PolicyDocument=policy(allow("logs:*"))), "", id="policy of logs"),
        pytest.param(changed(ISOLATED, EndpointGroup__SecurityGroupIngress=[rule(CidrIp="10.1.0.0/16")]), "security group EndpointGroup of VPC endpoint", id="endpoints' group for others"),
        pytest.param(changed(ISOLATED, EndpointGroup__SecurityGroupIngress=[rule(CidrIp="10.0.1.0/24")]), "", id="endpoints' group for the subnet"),
        pytest.param(changed(ISOLATED, EndpointGroup__SecurityGroupIngress=[rule(CidrIp={"Fn::GetAtt": ["Vpc", "CidrBlock"]})]), "", id="endpoints' group for the VPC"),
        pytest.param(changed(ISOLATED, EndpointGroup__SecurityGroupIngress=None, In=ec2("SecurityGroupIngress", GroupId={"Ref": "EndpointGroup"}, **rule(SourceSecurityGroupId={"Ref": "TaskGroup"}))), "", id="endpoints' rule apart"),
        pytest.param(changed(ISOLATED, EndpointGroup__SecurityGroupIngress=[rule(CidrIp={"Ref": "Where"})]), f"{UNKNOWN}security group EndpointGroup of VPC endpoint Api lets nothing in on port 443 from security group TaskGroup, as far as is known", id="endpoints' group not known"),
        pytest.param(changed(ISOLATED, Api__SecurityGroupIds=None), "the default security group of VPC Vpc of VPC endpoint Api lets nothing in on port 443 from security group TaskGroup", id="endpoint of the default group"),
        pytest.param(changed(ISOLATED, TaskGroup__SecurityGroupEgress=[rule(**TO_ENDPOINTS)]), f"{NOTHING_OUT} Amazon S3", id="out to the endpoints alone"),
        pytest.param(changed(ISOLATED, TaskGroup__SecurityGroupEgress=[rule(**TO_ENDPOINTS), rule(DestinationPrefixListId="pl-1")]), f"{UNKNOWN}security group TaskGroup lets nothing out on port 443 to Amazon S3, as far as is known", id="out to a prefix list"),
        pytest.param(changed(ISOLATED, TaskGroup__SecurityGroupEgress=[NOWHERE]), f"{NOTHING_OUT} VPC endpoint", id="out to nothing"),
        pytest.param(changed(ISOLATED, TaskGroup__SecurityGroupEgress=[rule(DestinationPrefixListId={"Ref": "List"})], List=ec2("PrefixList", Entries=[{"Cidr": "10.0.0.0/8"}])), f"{NOTHING_OUT} Amazon S3", id="out to a list of one's own"),
        pytest.param(changed(ISOLATED, TaskGroup__SecurityGroupEgress=[rule(CidrIp="10.0.9.0/24"), rule(CidrIp=ANYWHERE, FromPort=80, ToPort=80)]), f"{NOTHING_OUT} VPC endpoint", id="out to another subnet"),
        pytest.param(changed(ISOLATED, AclOut=None, AclAnswer=None), "network ACL Acl of subnet Isolated lets no TCP out on port 443", id="ACL out"),
        pytest.param(changed(ISOLATED, AclIn=None), "network ACL Acl of subnet Isolated lets no TCP in on the ports 1024-65535, to which answers come back", id="ACL answers"),
        pytest.param(changed(ISOLATED, AclAssociation__SubnetId={"Ref": "Service"}, AclServe=None, AclIn=None), "network ACL Acl of subnet Service lets no TCP in on port 443", id="endpoints' ACL in"),
        pytest.param(changed(ISOLATED, AclAssociation__SubnetId={"Ref": "Service"}, AclAnswer=None, AclOut=None), "network ACL Acl of subnet Service lets no TCP out on the ports 1024-65535, to which answers come back", id="endpoints' ACL answers"),
        pytest.param(changed(ISOLATED, Shared=route("IsolatedTable", {"TransitGatewayId": "tgw-1"}, DestinationCidrBlock="10.0.0.0/8"), Api=None), f"{UNKNOWN}route table IsolatedTable of subnet Isolated has no route to 0.0.0.0/0, and its route to transit gateway tgw-1 may lead to endpoints of another network", id="endpoints of another network"),
        pytest.param(changed(ISOLATED, Api__VpcId={"Ref": "Where"}), f"{UNKNOWN}VPC endpoint Api may be an endpoint of ecr.api", id="endpoint of a VPC not known"),
        pytest.param(changed(ISOLATED, Api__ServiceName={"Ref": "Where"}), f"{UNKNOWN}VPC endpoint Api may be an endpoint of ecr.api", id="endpoint not known"),
        pytest.param(changed(ISOLATED, **{f"{IMAGE}": [{"Name": "web", "Image": DUAL_STACK}]}), f"{UNKNOWN}VPC endpoint Dkr may not serve names of the form dkr-ecr.<Region>.on.aws: AWS's guides disagree", id="dual-stack name"),
        pytest.param(changed(ISOLATED, **{f"{IMAGE}": [{"Name": "web", "Image": "nginx:1.27.2"}]}), "route table IsolatedTable of subnet Isolated has no route to 0.0.0.0/0", id="Docker Hub"),
        pytest.param(changed(ISOLATED, **{f"{IMAGE}": [{"Name": "web", "Image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1"}]}), "route table IsolatedTable of subnet Isolated has no route to 0.0.0.0/0", id="another Region"),
    ],
)  # fmt: skip
def test_by_endpoints(resources: dict[str, Any], said: str) -> None:
    """From an isolated subnet, everything about each endpoint counts."""
    found = judge(resources, Parameters={"Where": {"Type": "String"}})
    assert found.startswith(said)
    assert bool(found) is bool(said)


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        pytest.param(V6, "", id="open"),
        pytest.param(changed(V6, Default=None), "route table NativeTable of subnet Native has no route to ::/0", id="no route"),
        pytest.param(changed(V6, Default__DestinationIpv6CidrBlock=None, Default__DestinationCidrBlock=ANYWHERE), "route table NativeTable of subnet Native has no route to ::/0", id="route for IPv4"),
        pytest.param(changed(V6, Default=route("NativeTable", IGW, DestinationCidrBlock={"Ref": "AWS::NoValue"}, DestinationIpv6CidrBlock="::/0")), "", id="internet gateway"),
        pytest.param(changed(V6, AclOut=None), "network ACL Acl of subnet Native lets no TCP out on port 443", id="ACL"),
        pytest.param(changed(V6, AclOut=entry("Acl", 100, (443, 443), egress=True)), "network ACL Acl of subnet Native lets no TCP out on port 443", id="ACL for IPv4"),
        pytest.param(changed(V6, TaskGroup__SecurityGroupEgress=[rule(CidrIp=ANYWHERE)]), f"{NOTHING_OUT} the internet", id="group for IPv4"),
        pytest.param(changed(V6, TaskGroup__SecurityGroupEgress=[rule(CidrIpv6="fc00::/7")]), f"{NOTHING_OUT} the internet", id="group for private IPv6"),
        pytest.param(changed(V6, **{f"{IMAGE}": [{"Name": "web", "Image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1"}]}), "subnet Native is IPv6 only, and Amazon ECR (ecr.dkr) answers by IPv4 alone", id="IPv4 name"),
        pytest.param(changed(V6, **{f"{IMAGE}": [{"Name": "web", "Image": "nginx:1.27.2"}]}), f"{UNKNOWN}subnet Native is IPv6 only, and docker.io may answer by IPv4 alone", id="Docker Hub"),
        pytest.param(changed(V6, Native__Ipv6Native=None, Native__CidrBlock="10.0.1.0/24"), f"route table NativeTable of subnet Native has no route to 0.0.0.0/0, and {FARGATE_V4}", id="dual-stack subnet"),
        pytest.param(changed(V6, Native__Ipv6Native={"Ref": "Where"}), f"{UNKNOWN}route table NativeTable of subnet Native has no route to 0.0.0.0/0; whether subnet Native is IPv6 only is not known", id="not known"),
    ],
)  # fmt: skip
def test_by_ipv6(resources: dict[str, Any], said: str) -> None:
    """From an IPv6-only subnet, only what is about IPv6 counts."""
    found = judge(resources, Parameters={"Where": {"Type": "String"}})
    assert found.startswith(said)
    assert bool(found) is bool(said)
