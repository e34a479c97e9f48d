"""How subnets reach registries."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.template.assembly import from_document
from cdk_pull.template.ecs.network import Reach
from cdk_pull.template.ecs.view import EcsView
from cdk_pull.template.values import Unknown


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::EC2::{kind}", "Properties": properties}


def _reach(
    *routes: dict[str, Any],
    endpoints: tuple[dict[str, Any], ...] = (),
    vpc: Any = None,
    subnet: dict[str, Any] | None = None,
) -> Reach | None:
    """Return the reach of a subnet whose route table has these routes, in a VPC that has these endpoints."""
    resources = {
        "Vpc": _resource("VPC"),
        "Gateway": _resource("InternetGateway"),
        "Subnet": _resource("Subnet", VpcId=vpc or {"Ref": "Vpc"}, **(subnet or {})),
        "Table": _resource("RouteTable", VpcId={"Ref": "Vpc"}),
        "Other": _resource("RouteTable", VpcId={"Ref": "Vpc"}),
        "Association": _resource(
            "SubnetRouteTableAssociation", SubnetId={"Ref": "Subnet"}, RouteTableId={"Ref": "Table"}
        ),
    }
    resources |= {
        f"Route{index}": _resource("Route", RouteTableId={"Ref": "Table"}, **route)
        for index, route in enumerate(routes)
    }
    resources |= {
        f"Endpoint{index}": _resource("VPCEndpoint", **{"VpcId": {"Ref": "Vpc"}, **endpoint})
        for index, endpoint in enumerate(endpoints)
    }
    parameters = {"Some": {"Type": "String"}}
    view = EcsView(from_document({"Resources": resources, "Parameters": parameters}, region="eu-west-1"))
    template = view.assembly.templates[0]
    return view.network.reach(Unknown(reason="", symbol="Subnet", home=template.key))


GATEWAY = {"GatewayId": {"Ref": "Gateway"}}
ALL = {"DestinationCidrBlock": "0.0.0.0/0"}
NOTHING: frozenset[str] = frozenset()
ALL_V6 = {"DestinationIpv6CidrBlock": "::/0"}


@pytest.mark.parametrize(
    ("routes", "reach"),
    [
        pytest.param([], Reach(None, NOTHING), id="none"),
        pytest.param([{**ALL, "NatGatewayId": "nat-1"}], Reach("nat", NOTHING), id="NAT gateway"),
        pytest.param([{**ALL, "InstanceId": "i-1"}], Reach("nat", NOTHING), id="NAT instance"),
        pytest.param([{**ALL, "TransitGatewayId": "tgw-1"}], Reach("nat", NOTHING), id="transit gateway"),
        pytest.param([{**ALL, "CoreNetworkArn": "arn"}], Reach("nat", NOTHING), id="Cloud WAN"),
        pytest.param([{**ALL, **GATEWAY}], Reach("internet-gateway", NOTHING), id="internet gateway"),
        pytest.param([{**ALL, "GatewayId": "vgw-1"}], Reach("nat", NOTHING), id="unknown gateway"),
        pytest.param(
            [{**ALL, **GATEWAY}, {**ALL, "NatGatewayId": "nat-1"}], Reach("nat", NOTHING), id="the better"
        ),
        pytest.param(
            [
                {"DestinationCidrBlock": "0.0.0.0/1", "NatGatewayId": "nat-1"},
                {"DestinationCidrBlock": "128.0.0.0/1", "NatGatewayId": "nat-1"},
            ],
            Reach("nat", NOTHING),
            id="halves",
        ),
        pytest.param(
            [{"DestinationCidrBlock": {"Ref": "Some"}, "NatGatewayId": "nat-1"}],
            Reach("nat", NOTHING),
            id="unknown destination",
        ),
        pytest.param(
            [{"DestinationCidrBlock": "10.0.0.0/8", "NatGatewayId": "nat-1"}],
            Reach(None, NOTHING),
            id="NAT elsewhere",
        ),
        pytest.param([{**ALL_V6, **GATEWAY}], Reach(None, NOTHING, ipv6=True), id="IPv6"),
        pytest.param(
            [{**ALL_V6, "EgressOnlyInternetGatewayId": "eigw-1"}],
            Reach(None, NOTHING, ipv6=True),
            id="egress only",
        ),
        pytest.param(
            [{"DestinationCidrBlock": "10.0.0.0/8", "TransitGatewayId": "tgw-1"}],
            Reach(None, NOTHING, private=True),
            id="another network",
        ),
        pytest.param(
            [{"DestinationPrefixListId": "pl-1", "VpcPeeringConnectionId": "pcx-1"}],
            Reach(None, NOTHING, private=True),
            id="prefix list",
        ),
    ],
)
def test_routes_tell_the_way(routes: list[dict[str, Any]], reach: Reach) -> None:
    """IPv4 to anywhere, IPv6 to anywhere, and what leads to other networks are told apart."""
    assert _reach(*routes) == reach


EVERY = frozenset({"ecr.api", "ecr.dkr", "s3", "logs"})


@pytest.mark.parametrize(
    ("endpoint", "served"),
    [
        (
            {
                "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.ecr.api"},
                "VpcEndpointType": "Interface",
            },
            {"ecr.api"},
        ),
        ({"ServiceName": "cn.com.amazonaws.cn-north-1.ecr.dkr", "VpcEndpointType": "Interface"}, {"ecr.dkr"}),
        ({"ServiceName": "com.amazonaws.eu-west-1.s3", "RouteTableIds": [{"Ref": "Table"}]}, {"s3"}),
        ({"ServiceName": "com.amazonaws.eu-west-1.s3", "RouteTableIds": [{"Ref": "Other"}]}, set()),
        ({"ServiceName": "com.amazonaws.eu-west-1.s3", "RouteTableIds": ["rtb-1"]}, set()),
        ({"ServiceName": "com.amazonaws.eu-west-1.s3"}, set()),
        ({"ServiceName": "com.amazonaws.eu-west-1.s3", "VpcEndpointType": "Interface"}, {"s3"}),
        ({"ServiceName": "com.amazonaws.eu-west-1.s3", "RouteTableIds": [{"Fn::ImportValue": "t"}]}, {"s3"}),
        ({"ServiceName": "com.amazonaws.eu-west-1.s3", "RouteTableIds": {"Ref": "Some"}}, {"s3"}),
        ({"ServiceName": {"Ref": "Some"}, "VpcEndpointType": "Interface"}, EVERY),
        (
            {"ServiceName": {"Fn::Sub": "com.amazonaws.eu-west-1.${Some}"}, "VpcEndpointType": "Interface"},
            EVERY,
        ),
        (
            {
                "ServiceName": "com.amazonaws.eu-west-1.ecr.api",
                "VpcEndpointType": "Interface",
                "VpcId": {"Ref": "Some"},
            },
            {"ecr.api"},
        ),
        ({"ServiceName": "com.amazonaws.eu-west-1.ecr.api", "VpcId": "vpc-1"}, set()),
        ({"ServiceName": "com.amazonaws.eu-west-1.sqs", "VpcEndpointType": "Interface"}, set()),
    ],
)
def test_endpoints_serve_a_subnet(endpoint: dict[str, Any], served: set[str]) -> None:
    """What is not known of an endpoint has the benefit of the doubt; one of another network or table serves nobody."""
    assert _reach(endpoints=(endpoint,)) == Reach(None, frozenset(served))


def test_a_subnet_whose_network_is_elsewhere_is_not_judged() -> None:
    """The endpoints of an imported VPC are not in these templates."""
    assert _reach(vpc={"Fn::ImportValue": "vpc"}) is None


@pytest.mark.parametrize(
    ("stated", "maps"),
    [({}, False), ({"MapPublicIpOnLaunch": "false"}, False), ({"MapPublicIpOnLaunch": True}, True)],
)
def test_a_subnet_says_whether_instances_get_an_address(stated: dict[str, Any], maps: bool) -> None:  # noqa: FBT001 - what is expected
    """By its own setting, also as a text."""
    assert _reach(subnet=stated) == Reach(None, NOTHING, maps_public=maps)


def test_what_is_not_known_of_a_subnet_may_be() -> None:
    """A parameter may give its instances an address."""
    assert _reach(subnet={"MapPublicIpOnLaunch": {"Ref": "Some"}}) == Reach(None, NOTHING, maps_public=True)
