"""PullEndpoints: what is added, reported and costs, by what a VPC has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

import cdk_pull as pull
from cdk_pull.errors import CdkPullError
from cdk_pull.report.decisions import read_decisions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from constructs import Construct

ENV: Final = cdk.Environment(region="eu-west-1")
ECR: Final = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1"


def vpc_in(stack: cdk.Stack, *, nat: int = 0, **settings: Any) -> ec2.Vpc:
    """Return a VPC of isolated subnets in two zones, or of private ones behind NAT gateways."""
    kind = ec2.SubnetType.PRIVATE_WITH_EGRESS if nat else ec2.SubnetType.PRIVATE_ISOLATED
    subnets = [ec2.SubnetConfiguration(name="in", subnet_type=kind, cidr_mask=24)]
    if nat:
        subnets.append(ec2.SubnetConfiguration(name="out", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24))
    return ec2.Vpc(
        stack,
        "Vpc",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        nat_gateways=nat,
        subnet_configuration=subnets,
        **settings,
    )


def task_in(stack: cdk.Stack, image: str = ECR, **container: Any) -> ecs.TaskDefinition:
    """Return a task that pulls from Amazon ECR and writes logs."""
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container(
        "web",
        image=ecs.ContainerImage.from_registry(image),
        logging=ecs.LogDrivers.aws_logs(stream_prefix="web"),
        **container,
    )
    return task


def endpoint(vpc: ec2.Vpc, service: str, **settings: Any) -> ec2.InterfaceVpcEndpoint:
    """Add an interface endpoint."""
    return vpc.add_interface_endpoint(
        service, service=ec2.InterfaceVpcEndpointAwsService(service), **settings
    )


def every(vpc: ec2.Vpc) -> None:
    """Add all endpoints that a task needs."""
    for service in ("ecr.api", "ecr.dkr", "logs"):
        endpoint(vpc, service)
    vpc.add_gateway_endpoint("s3", service=ec2.GatewayVpcEndpointAwsService.S3)


def services(template: dict[str, Any]) -> list[str]:
    """Return the services of all endpoints of a template."""
    found = [
        json.dumps(each["Properties"]["ServiceName"])
        for each in template["Resources"].values()
        if each["Type"] == "AWS::EC2::VPCEndpoint"
    ]
    names = (
        "ecr.api",
        "ecr.dkr",
        "s3",
        "logs",
        "secretsmanager",
        "ssm",
        "kms",
        "ecs-agent",
        "ecs-telemetry",
        "ecs",
    )
    return [next(name for name in names if f".{name}" in each) for each in found]


def made(stack: cdk.Stack) -> tuple[dict[str, Any], list[str]]:
    """Return the template of a stack, and our warnings."""
    stage = cdk.Stage.of(stack)
    assert stage is not None
    template = {"Resources": {}, **Template.from_stack(stack).to_json()}
    messages = stage.synth().get_stack_artifact(stack.artifact_id).messages
    return template, [str(each.entry.data) for each in messages if "[ack: cdk-pull:" in str(each.entry.data)]


CASES: Final[dict[str, tuple[Callable[[ec2.Vpc], object], int, list[str]]]] = {
    "none": (lambda vpc: None, 0, ["ecr.api", "ecr.dkr", "logs", "s3"]),  # noqa: ARG005
    "some": (lambda vpc: endpoint(vpc, "ecr.api"), 0, ["ecr.dkr", "logs", "s3"]),
    "a gateway": (
        lambda vpc: vpc.add_gateway_endpoint("s3", service=ec2.GatewayVpcEndpointAwsService.S3),
        0,
        ["ecr.api", "ecr.dkr", "logs"],
    ),
    "all": (every, 0, []),
    "NAT": (lambda vpc: None, 1, []),  # noqa: ARG005
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_missing_is_added(case: str) -> None:
    """An endpoint is added for each service without a way, and for no other."""
    prepare, nat, expected = CASES[case]
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    vpc = vpc_in(stack, nat=nat)
    prepare(vpc)
    task_in(stack)
    pull.PullEndpoints(vpc)
    template, warned = made(stack)
    own = [
        key
        for key, each in template["Resources"].items()
        if each["Type"] == "AWS::EC2::VPCEndpoint" and "PullEndpoints" in key
    ]
    assert sorted(services({"Resources": {key: template["Resources"][key] for key in own}})) == expected
    assert warned == []


def test_how_an_endpoint_is_added() -> None:
    """One subnet of each zone, private DNS, HTTPS from the subnets; for Amazon S3 the layers alone."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    pull.PullEndpoints(vpc_in(stack))
    task_in(stack)
    template, _ = made(stack)
    found = [
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::EC2::VPCEndpoint"
    ]
    api = next(each for each in found if "ecr.api" in json.dumps(each))
    assert (api["PrivateDnsEnabled"], len(api["SubnetIds"]), api["VpcEndpointType"]) == (True, 2, "Interface")
    gateway = next(each for each in found if each["VpcEndpointType"] == "Gateway")
    assert len(gateway["RouteTableIds"]) == 2
    (statement,) = gateway["PolicyDocument"]["Statement"]
    assert statement == {
        "Action": "s3:GetObject",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Resource": {
            "Fn::Join": [
                "",
                ["arn:", {"Ref": "AWS::Partition"}, ":s3:::prod-eu-west-1-starport-layer-bucket/*"],
            ]
        },
    }
    (group,) = [
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::EC2::SecurityGroup"
    ]
    rules = [(each["FromPort"], each["ToPort"], each["IpProtocol"]) for each in group["SecurityGroupIngress"]]
    assert rules == [(443, 443, "tcp")] * 2


@pytest.mark.needs_cdk("2.252.0", "validations")
def test_the_checks_are_content(tmp_path: Path) -> None:
    """A service in isolated subnets reaches all that its start needs: PULL303 finds nothing."""
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "S", env=ENV)
    vpc = vpc_in(stack)
    secret = secretsmanager.Secret(stack, "Secret")
    task = task_in(stack, secrets={"KEY": ecs.Secret.from_secrets_manager(secret)})
    ecs.FargateService(stack, "Service", cluster=ecs.Cluster(stack, "Cluster", vpc=vpc), task_definition=task)
    cdk.Validations.of(app).add_plugins(pull.PullChecks(ignore=["PULL306"]))
    pull.PullEndpoints(stack, "Endpoints", vpc=vpc, gb_per_month=500)
    app.synth()
    template = json.loads((tmp_path / "S.template.json").read_text(encoding="utf-8"))
    assert sorted(services(template)) == ["ecr.api", "ecr.dkr", "logs", "s3", "secretsmanager"]
    (decision,) = [
        each.decision
        for group in read_decisions(tmp_path)
        for each in group.decisions
        if each.decision.topic == "pull-endpoints"
    ]
    assert (
        decision.decided
        == "adds endpoints for ecr.api, ecr.dkr, s3, secretsmanager, logs in 2 Availability Zones"
    )
    assert decision.cost == (
        "endpoints $58.40 per month, NAT $55.35 per month for 500 GB at us-east-1 prices: a NAT gateway is cheaper; endpoints do "
        "not pay for themselves beside one that stays ($22.50 for the GB)"
    )


def test_ec2_capacity_needs_amazon_ecs_too() -> None:
    """Instances that join a cluster ask Amazon ECS before they get tasks."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    vpc = vpc_in(stack)
    cluster = ecs.Cluster(stack, "Cluster", vpc=vpc)
    group = autoscaling.AutoScalingGroup(
        stack,
        "Group",
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        instance_type=ec2.InstanceType("m7i.large"),
        machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
    )
    cluster.add_asg_capacity_provider(ecs.AsgCapacityProvider(stack, "Provider", auto_scaling_group=group))
    pull.PullEndpoints(vpc)
    template, _ = made(stack)
    assert sorted(services(template)) == [
        "ecr.api",
        "ecr.dkr",
        "ecs",
        "ecs-agent",
        "ecs-telemetry",
        "logs",
        "s3",
    ]


CLOSED: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "security group": ({"open": False}, "lets nothing in on port 443"),
    "private DNS": ({"private_dns_enabled": False}, "has no private DNS"),
}


@pytest.mark.parametrize("case", CLOSED)
def test_a_closed_endpoint_is_reported(case: str) -> None:
    """An endpoint that is there and closed is named with what to open, and is not doubled."""
    settings, reason = CLOSED[case]
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    vpc = vpc_in(stack)
    endpoint(vpc, "ecr.api", **settings)
    pull.PullEndpoints(vpc)
    template, warned = made(stack)
    assert sorted(services(template)) == ["ecr.api", "ecr.dkr", "logs", "s3"]
    (warning,) = warned
    assert warning.startswith("ecr.api has no way, and adding an endpoint does not open it: ")
    assert reason in warning
    assert warning.endswith("[ack: cdk-pull:closedEndpoint]")


def test_no_endpoint_leads_to_docker_hub() -> None:
    """An image of a public registry is reported: only a cache or a NAT gateway helps."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    vpc = vpc_in(stack)
    task_in(stack, "nginx:1")
    pull.PullEndpoints(vpc)
    template, warned = made(stack)
    assert services(template) == ["logs"]
    (warning,) = warned
    assert warning.startswith("no endpoint leads to docker.io: ")
    assert "PullThroughCache" in warning


def test_beside_a_nat_gateway() -> None:
    """Asked for, endpoints are added beside NAT; the gateway endpoint then lets all of Amazon S3 through."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    vpc = vpc_in(stack, nat=1)
    pull.PullEndpoints(vpc, beside_nat=True)
    template, _ = made(stack)
    assert sorted(services(template)) == ["ecr.api", "ecr.dkr", "logs", "s3"]
    policies = [
        each["Properties"].get("PolicyDocument")
        for each in template["Resources"].values()
        if each["Type"] == "AWS::EC2::VPCEndpoint"
    ]
    assert policies == [None] * 4


def imported(stack: Construct, **subnets: Any) -> ec2.IVpc:
    """Return an imported VPC."""
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Theirs",
        vpc_id="vpc-1",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        vpc_cidr_block="10.0.0.0/16",
        **subnets,
    )


@pytest.mark.parametrize(
    ("subnets", "existing", "expected"),
    [
        (
            {"isolated_subnet_ids": ["a", "b"], "isolated_subnet_route_table_ids": ["c", "d"]},
            [],
            ["ecr.api", "ecr.dkr", "logs", "s3"],
        ),
        ({"isolated_subnet_ids": ["a", "b"]}, ["s3", "logs"], ["ecr.api", "ecr.dkr"]),
        ({"private_subnet_ids": ["a", "b"]}, [], []),
    ],
)
def test_an_imported_vpc(subnets: dict[str, Any], existing: list[str], expected: list[str]) -> None:
    """Isolated subnets lack what is not said to exist; private ones have a NAT gateway, as CDK defines them."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    pull.PullEndpoints(stack, vpc=imported(stack, **subnets), existing=existing)
    template, warned = made(stack)
    assert (sorted(services(template)), warned) == (expected, [])
    groups = [
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::EC2::SecurityGroup"
    ]
    assert [rule["CidrIp"] for group in groups for rule in group["SecurityGroupIngress"]] == [
        "10.0.0.0/16"
    ] * len(groups)


def test_ipv6() -> None:
    """A dual-stack subnet whose IPv6 goes out is no way to Amazon ECR for Fargate, which asks by IPv4."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    vpc = ec2.Vpc(
        stack,
        "Vpc",
        availability_zones=["eu-west-1a"],
        ip_protocol=ec2.IpProtocol.DUAL_STACK,
        nat_gateways=0,
        subnet_configuration=[
            ec2.SubnetConfiguration(name="in", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            ec2.SubnetConfiguration(name="out", subnet_type=ec2.SubnetType.PUBLIC),
        ],
    )
    task_in(stack)
    pull.PullEndpoints(vpc)
    template, _ = made(stack)
    assert sorted(services(template)) == ["ecr.api", "ecr.dkr", "logs", "s3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vpc": None}, "vpc is missing or is not a VPC"),
        (
            {"vpc": "vpc-1"},
            "vpc is missing or is not a VPC: 'vpc-1'; allowed: an ec2.Vpc, made here or imported",
        ),
        ({"services": "ssm"}, "services must be a list: 'ssm'; allowed: ['ssm']"),
        ({"services": ["sqs"]}, "unknown service in services: 'sqs'; allowed: ecr.api, ecr.dkr, s3, "),
        ({"services": [7]}, "unknown service in services: 7; allowed: ecr.api"),
        (
            {"existing": ["s3"]},
            "existing is for imported VPCs; the endpoints of S/Vpc are seen: leave it out",
        ),
        ({"existing": ["ec2"]}, "unknown service in existing: 'ec2'; allowed: ecr.api"),
        (
            {"gb_per_month": -1},
            "gb_per_month must be a number that is not negative: -1; allowed: GB per month, such as 200",
        ),
        ({"gb_per_month": "200"}, "gb_per_month must be a number that is not negative: '200'"),
        ({"gb_per_month": float("nan")}, "gb_per_month must be a number that is not negative: nan"),
        ({"gb_per_month": True}, "gb_per_month must be a number that is not negative: True"),
        (
            {"vpc": "imported"},
            "S/Theirs is imported, so that its endpoints are not seen: pass existing=['s3', …]",
        ),
    ],
)
def test_bad_input(arguments: dict[str, Any], message: str) -> None:
    """What cannot be right is refused at the call."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    given: dict[str, Any] = {"vpc": vpc_in(stack), **arguments}
    if given["vpc"] == "imported":
        given["vpc"] = imported(stack, isolated_subnet_ids=["a", "b"])
    with pytest.raises(CdkPullError) as raised:
        pull.PullEndpoints(stack, "Endpoints", **given)
    assert message in str(raised.value)


def test_a_way_that_is_not_known() -> None:
    """Behind a transit gateway may be a way: a warning asks, and what is named is added."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    vpc = vpc_in(stack)
    for number, subnet in enumerate(vpc.isolated_subnets):
        ec2.CfnRoute(
            stack,
            f"Route{number}",
            route_table_id=subnet.route_table.route_table_id,
            destination_cidr_block="0.0.0.0/0",
            transit_gateway_id="tgw-1",
        )
    pull.PullEndpoints(vpc, services=["ecr.api", "ecr.dkr", "s3"])
    template, (warning,) = made(stack)
    assert sorted(services(template)) == ["ecr.api", "ecr.dkr", "s3"]
    assert warning.startswith("whether there is a way to logs is not known: route table ")
    assert "pass services=['logs'] to add an endpoint, or acknowledge this where there is a way" in warning


def test_a_vpc_without_host_names() -> None:
    """An endpoint without private DNS would be no way: what to set is reported, and only the gateway is added."""
    stack = cdk.Stack(cdk.App(), "S", env=ENV)
    pull.PullEndpoints(vpc_in(stack, enable_dns_hostnames=False))
    template, warned = made(stack)
    assert services(template) == ["s3"]
    assert len(warned) == 3
    assert (
        "has EnableDnsHostnames: false, without which an endpoint cannot have private DNS. Set EnableDnsHostnames: true"
        in warned[0]
    )
