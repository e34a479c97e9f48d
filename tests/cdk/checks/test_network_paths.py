"""The way to the registry with one element closed at a time, in templates that CDK makes, over two stacks."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.load import load

if TYPE_CHECKING:
    from pathlib import Path

ENV = cdk.Environment(account="111122223333", region="eu-west-1")
ENDPOINTS = {
    "Api": ec2.InterfaceVpcEndpointAwsService.ECR,
    "Dkr": ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER,
    "Logs": ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
}


def _network(app: cdk.App) -> ec2.Vpc:
    """Return a VPC with public, private and isolated subnets, and endpoints that let nobody in by themselves."""
    stack = cdk.Stack(app, "Network", env=ENV)
    kinds = {
        "public": ec2.SubnetType.PUBLIC,
        "private": ec2.SubnetType.PRIVATE_WITH_EGRESS,
        "isolated": ec2.SubnetType.PRIVATE_ISOLATED,
    }
    return ec2.Vpc(
        stack,
        "Vpc",
        availability_zones=["eu-west-1a"],
        nat_gateways=1,
        subnet_configuration=[
            ec2.SubnetConfiguration(name=name, subnet_type=kind) for name, kind in kinds.items()
        ],
    )


def _service(stack: cdk.Stack, name: str, cluster: ecs.Cluster, kind: ec2.SubnetType) -> ecs.FargateService:
    task = ecs.FargateTaskDefinition(stack, f"{name}Task")
    repository = ecr.Repository.from_repository_name(stack, f"{name}Images", "web")
    logs = ecs.LogDrivers.aws_logs(stream_prefix="web") if name == "Isolated" else None
    task.add_container("web", image=ecs.ContainerImage.from_ecr_repository(repository, "1.2.3"), logging=logs)
    return ecs.FargateService(
        stack,
        name,
        cluster=cluster,
        task_definition=task,
        min_healthy_percent=100,
        security_groups=[
            ec2.SecurityGroup(stack, f"{name}Group", vpc=cluster.vpc, allow_all_outbound=name != "Isolated")
        ],
        assign_public_ip=name == "Public",
        vpc_subnets=ec2.SubnetSelection(subnet_type=kind),
    )


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthesize the app once: the public and the private service in one VPC, the isolated one in another."""
    folder = tmp_path_factory.mktemp("network") / "cdk.out"
    app = cdk.App(outdir=str(folder), context={"aws:cdk:enable-path-metadata": True})
    vpc = _network(app)
    services = cdk.Stack(app, "Services", env=ENV)
    cluster = ecs.Cluster(services, "Cluster", vpc=vpc)
    _service(services, "Public", cluster, ec2.SubnetType.PUBLIC)
    _service(services, "Private", cluster, ec2.SubnetType.PRIVATE_WITH_EGRESS)
    isolated = ec2.Vpc(
        services,
        "Inner",
        availability_zones=["eu-west-1a"],
        nat_gateways=0,
        subnet_configuration=[
            ec2.SubnetConfiguration(name="isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        ],
        gateway_endpoints={"S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
    )
    service = _service(
        services,
        "Isolated",
        ecs.Cluster(services, "InnerCluster", vpc=isolated),
        ec2.SubnetType.PRIVATE_ISOLATED,
    )
    for name, each in ENDPOINTS.items():
        endpoint = isolated.add_interface_endpoint(name, service=each, open=False)
        endpoint.connections.allow_default_port_from(service)
    service.connections.allow_to_any_ipv4(ec2.Port.HTTPS)
    app.synth()
    return folder


def _judged(assembly: Path, folder: Path, changes: dict[str, dict[str, Any] | None]) -> dict[str, str]:
    """Return what PULL303 says of each service after changes of properties, by construct path; None takes a resource away."""
    out = folder / "cdk.out"
    shutil.copytree(assembly, out)
    for path in out.glob("*.template.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        for logical_id, resource in list(document["Resources"].items()):
            named = resource.get("Metadata", {}).get("aws:cdk:path", "")
            for wanted, properties in changes.items():
                if named != wanted:
                    continue
                if properties is None:
                    del document["Resources"][logical_id]
                else:
                    resource["Properties"].update(properties)
        path.write_text(json.dumps(document), encoding="utf-8")
    result = check(load([out]).assemblies, Options(select=("PULL303",)))
    return {
        finding.construct_path.split("/")[1]: finding.message.partition(": ")[2].partition(" (")[0]
        for finding in result.findings
    }


def test_open(assembly: Path, tmp_path: Path) -> None:
    """What CDK makes is open, and all of it is followed: between the stacks, too."""
    assert _judged(assembly, tmp_path, {}) == {}
    result = check(load([assembly]).assemblies, Options(select=("PULL303",)))
    assert result.not_evaluated == ()


DENY_ALL = [{"CidrIp": "255.255.255.255/32", "IpProtocol": "icmp", "FromPort": 252, "ToPort": 86}]
PUBLIC, PRIVATE = "Network/Vpc/publicSubnet1", "Network/Vpc/privateSubnet1"


@pytest.mark.parametrize(
    ("changes", "services", "said"),
    [
        ({f"{PUBLIC}/DefaultRoute": None}, ["Private", "Public"], "has no route to 0.0.0.0/0"),
        ({f"{PRIVATE}/DefaultRoute": None}, ["Private"], "has no route to 0.0.0.0/0"),
        ({f"{PUBLIC}/RouteTableAssociation": None}, ["Private", "Public"], "the main route table of VPC"),
        ({"Network/Vpc/VPCGW": None}, ["Private", "Public"], "is not attached to the VPC"),
        ({f"{PUBLIC}/NATGateway": {"ConnectivityType": "private"}}, ["Private"], "is private"),
        ({"Network/Vpc/Resource": {"EnableDnsSupport": False}}, ["Private", "Public"], "has no DNS support"),
        ({"Services/PublicGroup/Resource": {"SecurityGroupEgress": DENY_ALL}}, ["Public"], "lets nothing out on port 443"),
        ({"Services/PrivateGroup/Resource": {"SecurityGroupEgress": DENY_ALL}}, ["Private"], "lets nothing out on port 443"),
        ({"Services/Inner/Resource": {"EnableDnsHostnames": False}}, ["Isolated"], "has no DNS host names"),
        ({"Services/Inner/Api/Resource": {"PrivateDnsEnabled": False}}, ["Isolated"], "has no private DNS"),
        ({"Services/Inner/Logs/Resource": None}, ["Isolated"], "has no route to 0.0.0.0/0"),
        ({"Services/Inner/S3/Resource": {"RouteTableIds": []}}, ["Isolated"], "is not linked to the route table"),
        ({"Services/Inner/Dkr/Resource": {"PolicyDocument": {"Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "ecr:Describe*", "Resource": "*"}]}}},
         ["Isolated"], "does not allow ecr:"),
        ({"Services/Inner/Dkr/SecurityGroup/from ServicesIsolatedGroup92E5278B:443": None}, ["Isolated"],
         "lets nothing in on port 443"),
        ({"Services/IsolatedGroup/Resource": {"SecurityGroupEgress": DENY_ALL}}, ["Isolated"], "lets nothing out on port 443"),
    ],
)  # fmt: skip
def test_closed(
    assembly: Path, tmp_path: Path, changes: dict[str, dict[str, Any] | None], services: list[str], said: str
) -> None:
    """Each element that is closed is found, for the services whose way it is on and for no other."""
    found = _judged(assembly, tmp_path, changes)
    assert sorted(found) == services
    assert all(said in message for message in found.values())
