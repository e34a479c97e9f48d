"""Reads the network of an assembly: VPCs, subnets, routes, gateways and endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.data import facts_of
from cdk_pull.iam.policy import Policy, read_policy
from cdk_pull.network.model import (
    Endpoint,
    Gateway,
    NatGateway,
    Network,
    Route,
    RouteTable,
    Subnet,
    Target,
    Vpc,
)
from cdk_pull.records import replace
from cdk_pull.template.json_text import read_document
from cdk_pull.template.text import to_text
from cdk_pull.template.values import Unknown, pieces_of, text_of
from cdk_pull.template.vpc.filters import read_acls, read_groups
from cdk_pull.template.vpc.keys import flag

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from cdk_pull.template.model import Resource
    from cdk_pull.template.vpc.keys import Elements

__all__ = ["read_network", "service_of"]

_INTERNET: Final = "AWS::EC2::InternetGateway"
_TARGETS: Final[dict[str, tuple[Target, str]]] = {
    "NatGatewayId": ("nat", "NAT gateway"),
    "EgressOnlyInternetGatewayId": ("egress-only", "egress-only internet gateway"),
    "TransitGatewayId": ("network", "transit gateway"),
    "VpcPeeringConnectionId": ("network", "peering connection"),
    "CoreNetworkArn": ("network", "core network"),
    "LocalGatewayId": ("network", "local gateway"),
    "CarrierGatewayId": ("network", "carrier gateway"),
    "InstanceId": ("device", "instance"),
    "NetworkInterfaceId": ("device", "network interface"),
    "VpcEndpointId": ("device", "VPC endpoint"),
}
"""By the property of a route: where it leads, and what messages call that."""
_BY_ID: Final[dict[str, Target]] = {"igw-": "internet", "vgw-": "network"}
_DESTINATIONS: Final = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_BY_AMAZON: Final = "AmazonProvidedDNS"
_SERVICE_HOSTS: Final = ("amazonaws.com", "api.aws", "on.aws")
_ANYBODY: Final = ("*", {"AWS": "*"}, {"AWS": ["*"]})
_ONLY_SOME: Final = (("Principal", "", ()),)


def read_network(elements: Elements) -> Network:
    """Return the network of an assembly."""
    tables = _tables(elements)
    vpcs = _vpcs(elements)
    subnets = dict(_subnets(elements, tables, vpcs))
    main = {
        subnet.table: _main_table(vpcs[subnet.vpc])
        for subnet in subnets.values()
        if subnet.table is not None and subnet.table not in tables and subnet.vpc in vpcs
    }
    return Network(
        vpcs=vpcs,
        subnets=subnets,
        tables={**tables, **main},
        gateways=_gateways(elements),
        nat_gateways=dict(_nat_gateways(elements)),
        acls=read_acls(elements),
        groups=read_groups(elements),
        endpoints=tuple(_endpoints(elements, vpcs)),
    )


def _vpcs(elements: Elements) -> dict[Hashable, Vpc]:
    attached = {
        elements.key(each.values.get("VpcId")): elements.assembly.find(each.values.get("InternetGatewayId"))
        for each in elements.of_type("VPCGatewayAttachment")
        if "InternetGatewayId" in each.values
    }
    resolvers = {
        elements.key(each.values.get("VpcId"))
        for each in elements.of_type("VPCDHCPOptionsAssociation")
        if _has_own_resolver(elements.assembly.find(each.values.get("DhcpOptionsId")))
    }
    found: dict[Hashable, Vpc] = {}
    for vpc in elements.of_type("VPC"):
        key = elements.key_of(vpc)
        gateway = attached.get(key)
        stated = vpc.values.get("CidrBlock")
        found[key] = Vpc(
            key=key,
            name=f"VPC {vpc.logical_id}",
            cidr=stated if isinstance(stated, str) else None,
            dns_support=flag(vpc.values.get("EnableDnsSupport"), default=True),
            dns_hostnames=flag(vpc.values.get("EnableDnsHostnames"), default=False),
            own_resolver=key in resolvers,
            gateway=f"internet gateway {gateway.logical_id}" if gateway is not None else "",
            unclear=elements.unclear(vpc),
        )
    return found


def _has_own_resolver(options: Resource | None) -> bool:
    servers = options.values.get("DomainNameServers", [_BY_AMAZON]) if options is not None else None
    return servers != [_BY_AMAZON]


def _subnets(
    elements: Elements, tables: Mapping[Hashable, RouteTable], vpcs: dict[Hashable, Vpc]
) -> Iterator[tuple[Hashable, Subnet]]:
    """Yield the subnets; a VPC that is not in the templates is added to those that are."""
    of_table = _associated(elements, "SubnetRouteTableAssociation", "RouteTableId")
    of_acl = _associated(elements, "SubnetNetworkAclAssociation", "NetworkAclId")
    with_ipv6 = {elements.key(each.values.get("SubnetId")) for each in elements.of_type("SubnetCidrBlock")}
    for subnet in elements.of_type("Subnet"):
        key, values = elements.key_of(subnet), subnet.values
        vpc = elements.key(values.get("VpcId"))
        if vpc is not None and vpc not in vpcs:
            unclear = f"VPC {values.get('VpcId')} is not in the templates, and may have endpoints"
            name = f"VPC {values.get('VpcId')}"
            vpcs[vpc] = Vpc(
                key=vpc, name=name, dns_support=None, dns_hostnames=None, own_resolver=True, unclear=unclear
            )
        table, unclear = _table_of(elements, subnet, of_table.get(key), vpcs.get(vpc), tables)
        native = flag(values.get("Ipv6Native"), default=False)
        yield (
            key,
            Subnet(
                key=key,
                name=f"subnet {subnet.logical_id}",
                vpc=vpc,
                cidr=elements.cidr(values.get("CidrBlock")),
                has_ipv6=native is not False
                or "Ipv6CidrBlock" in values
                or "Ipv6IpamPoolId" in values
                or key in with_ipv6,
                ipv6_only=native,
                dns64=flag(values.get("EnableDns64"), default=False),
                table=table,
                acl=of_acl.get(key),
                unclear=unclear,
            ),
        )


def _associated(elements: Elements, kind: str, name: str) -> dict[Hashable, Hashable]:
    return {
        elements.key(each.values.get("SubnetId")): elements.key(each.values.get(name))
        for each in elements.of_type(kind)
    }


def _table_of(
    elements: Elements,
    subnet: Resource,
    stated: Hashable,
    vpc: Vpc | None,
    tables: Mapping[Hashable, RouteTable],
) -> tuple[Hashable, str]:
    """Return the key of a subnet's route table, or why it is not known."""
    if stated is not None:
        return (stated, "") if stated in tables else (None, "has a route table that is not in the templates")
    unclear = elements.unclear(subnet)
    if unclear:
        return None, f"has no route table here, and {unclear}"
    if vpc is None or vpc.dns_support is None:
        return None, "has no route table here, and its VPC is not in the templates"
    return ("main", vpc.key), ""


def _main_table(vpc: Vpc) -> RouteTable:
    """Return the route table that a VPC has by itself: CloudFormation cannot add routes to it."""
    return RouteTable(key=("main", vpc.key), name=f"the main route table of {vpc.name}", unclear=vpc.unclear)


def _tables(elements: Elements) -> dict[Hashable, RouteTable]:
    routes: dict[Hashable, list[Route]] = {}
    for route in elements.of_type("Route"):
        routes.setdefault(elements.key(route.values.get("RouteTableId")), []).extend(
            _route(elements, route.values)
        )
    for propagation in elements.of_type("VPNGatewayRoutePropagation"):
        for table in elements.keys(propagation.values.get("RouteTableIds")) or ():
            routes.setdefault(table, []).append(
                Route(destination=None, target="network", name="a VPN gateway")
            )
    found = {}
    for table in elements.of_type("RouteTable"):
        key = elements.key_of(table)
        found[key] = RouteTable(
            key=key,
            name=f"route table {table.logical_id}",
            routes=tuple(routes.get(key, ())),
            unclear=elements.unclear(table),
        )
    return found


def _route(elements: Elements, values: dict[str, Any]) -> Iterator[Route]:
    destination = next((values[key] for key in _DESTINATIONS if key in values), None)
    block = elements.cidr(destination) if "DestinationPrefixListId" not in values else "list"
    if "GatewayId" in values:
        gateway = elements.assembly.find(values["GatewayId"])
        shown = f"{values['GatewayId']}"
        target: Target
        if gateway is not None:
            target, word = (
                ("internet", "internet gateway") if gateway.type == _INTERNET else ("network", "gateway")
            )
            name = f"{word} {gateway.logical_id}"
            yield Route(destination=block, target=target, to=elements.key_of(gateway), name=name)
        elif shown != "local":
            target = _BY_ID.get(shown[:4], "unknown")
            yield Route(destination=block, target=target, name=f"gateway {shown}")
        return
    for key, (target, word) in _TARGETS.items():
        if key in values:
            resource = elements.assembly.find(values[key])
            name = resource.logical_id if resource is not None else str(values[key])
            yield Route(destination=block, target=target, to=elements.key(values[key]), name=f"{word} {name}")
            return


def _gateways(elements: Elements) -> dict[Hashable, Gateway]:
    attachments = [each.values.get("InternetGatewayId") for each in elements.of_type("VPCGatewayAttachment")]
    attached = {elements.key(each) for each in attachments if each is not None}
    found = {}
    for gateway in elements.of_type("InternetGateway"):
        key = elements.key_of(gateway)
        sure = not elements.unclear(gateway) and None not in attached
        found[key] = Gateway(
            key=key,
            name=f"internet gateway {gateway.logical_id}",
            attached=True if key in attached else False if sure else None,
        )
    return found


def _nat_gateways(elements: Elements) -> Iterator[tuple[Hashable, NatGateway]]:
    for gateway in elements.of_type("NatGateway"):
        key = elements.key_of(gateway)
        kind = gateway.values.get("ConnectivityType", "public")
        yield (
            key,
            NatGateway(
                key=key,
                name=f"NAT gateway {gateway.logical_id}",
                subnet=elements.key(gateway.values.get("SubnetId")),
                public=None if isinstance(kind, Unknown) else kind != "private",
            ),
        )


def _endpoints(elements: Elements, vpcs: Mapping[Hashable, Vpc]) -> Iterator[Endpoint]:
    has_zones = any(
        any(host in str(zone.values.get("Name")) for host in _SERVICE_HOSTS)
        for template in elements.assembly.templates
        for zone in template.of_type("AWS::Route53::HostedZone")
    )
    for endpoint in elements.of_type("VPCEndpoint"):
        values = endpoint.values
        service = service_of(values.get("ServiceName"))
        kind = values.get("VpcEndpointType", "Gateway")
        if service == "" or str(kind) not in {"Gateway", "Interface"}:
            if not isinstance(kind, Unknown):
                continue
            service = None
        private = flag(values.get("PrivateDnsEnabled"), default=None)
        stated = values.get("IpAddressType")
        region = values.get("ServiceRegion")
        yield Endpoint(
            key=elements.key_of(endpoint),
            name=f"VPC endpoint {endpoint.logical_id}",
            vpc=_vpc_of(elements, values.get("VpcId"), vpcs),
            service=service,
            region=region
            if isinstance(region, str) and region != endpoint.template.context.environment.region
            else None,
            gateway=str(kind) == "Gateway",
            subnets=elements.keys(values.get("SubnetIds")),
            tables=_linked(elements, values.get("RouteTableIds")),
            groups=elements.keys(values.get("SecurityGroupIds")),
            private_dns=None if has_zones and not private else private,
            ipv6=None if stated is None or isinstance(stated, Unknown) else stated != "ipv4",
            policy=_policy(elements, endpoint),
        )


def _vpc_of(elements: Elements, value: Any, vpcs: Mapping[Hashable, Vpc]) -> Hashable:
    """Return the key of an endpoint's VPC; None for one that may be any, as it is named by a parameter."""
    key = elements.key(value)
    return None if isinstance(value, Unknown) and key not in vpcs else key


def _linked(elements: Elements, listed: Any) -> tuple[Hashable, ...] | None:
    """Return the route tables of a gateway endpoint; None where one may be any, as it is named by a parameter."""
    tables = elements.keys(listed)
    resources = [elements.assembly.find(each) for each in listed] if isinstance(listed, list) else []
    return None if None in resources else tables


def service_of(name: Any) -> str | None:
    """Return the service of an endpoint by its name; empty for one that no start asks, None where it is not known."""
    text = text_of(name)
    last = pieces_of(text)[-1] if text is not None else None
    if not isinstance(last, str):
        return None
    return next(
        (service for service in facts_of("pull_endpoints")["names"] if last.endswith(f".{service}")), ""
    )


def _policy(elements: Elements, endpoint: Resource) -> Policy | None:
    document = endpoint.values.get("PolicyDocument")
    if document is None:
        return None
    policy = read_policy(
        f"the policy of {endpoint.logical_id}",
        read_document(document),
        lambda value: to_text(value, elements.assembly),
    )
    # Whether a statement about some principals is about this one is not told.
    statements = [
        each if each.principals in _ANYBODY else replace(each, conditions=(*each.conditions, *_ONLY_SOME))
        for each in policy.statements
    ]
    return replace(policy, statements=tuple(statements))
