"""Whether what is in a subnet can reach a registry: routes, endpoints and public addresses, where all are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.template.values import Unknown, is_not_false

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.model import Resource

__all__ = ["Network", "Reach"]

# All of IPv4, or one of the halves that some write for it.
_ANYWHERE: Final = re.compile(r"[0-9.]+/[01]")
_ANYWHERE_V6: Final = "::/0"
_INTERNET_GATEWAY: Final = "AWS::EC2::InternetGateway"
_SERVICES: Final = ("ecr.api", "ecr.dkr", "s3", "logs")
# What a route may lead to, besides a gateway: another network, or an address of this one.
_NETWORKS: Final = ("CoreNetworkArn", "LocalGatewayId", "TransitGatewayId", "VpcPeeringConnectionId")
_ADDRESSES: Final = (
    "CarrierGatewayId", "EgressOnlyInternetGatewayId", "InstanceId", "NatGatewayId", "NetworkInterfaceId", "VpcEndpointId",
)  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """How a subnet reaches what is outside.

    Attributes:
        default_route: ``nat`` for any way by IPv4 that needs no public address, ``internet-gateway`` for one that does,
            None for no way at all.
        endpoints: the service names of the VPC's endpoints that serve the subnet, such as ``ecr.api`` and ``s3``.
        ipv6: whether it reaches the internet by IPv6.
        private: whether it reaches another network, such as one that has endpoints for many.
        maps_public: whether instances in it get a public address, or may.
    """

    default_route: str | None
    endpoints: frozenset[str]
    ipv6: bool = False
    private: bool = False
    maps_public: bool = False


class Network:
    """The network of an assembly."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    def _of_type(self, kind: str) -> Iterator[Resource]:
        for template in self._assembly.templates:
            yield from template.of_type(kind)

    def reach(self, subnet: Any) -> Reach | None:
        """Return how a subnet reaches what is outside; None where the templates do not hold all of its network.

        Args:
            subnet: what a list of subnets holds, evaluated.
        """
        resource = self._assembly.find(subnet)
        if resource is None or resource.type != "AWS::EC2::Subnet":
            return None
        table = self._tables.get(_key(resource))
        if table is None or table.type != "AWS::EC2::RouteTable":
            return None
        vpc = self._assembly.find(resource.values.get("VpcId"))
        if vpc is None:
            return None
        ways = {_way(route.values, self._assembly) for route in self._routes.get(_key(table), ())}
        return Reach(
            "nat" if ("ipv4", False) in ways else "internet-gateway" if ("ipv4", True) in ways else None,
            self._endpoints(vpc, table),
            ipv6=bool({("ipv6", False), ("ipv6", True)} & ways),
            private=("private", False) in ways,
            maps_public=is_not_false(resource.values.get("MapPublicIpOnLaunch", False)),
        )

    @cached_property
    def _tables(self) -> dict[tuple[str, str], Resource]:
        """The route table of each subnet."""
        found = {}
        for association in self._of_type("AWS::EC2::SubnetRouteTableAssociation"):
            subnet = self._assembly.find(association.values.get("SubnetId"))
            table = self._assembly.find(association.values.get("RouteTableId"))
            if subnet is not None and table is not None:
                found[_key(subnet)] = table
        return found

    @cached_property
    def _routes(self) -> dict[tuple[str, str], list[Resource]]:
        found: dict[tuple[str, str], list[Resource]] = {}
        for route in self._of_type("AWS::EC2::Route"):
            table = self._assembly.find(route.values.get("RouteTableId"))
            if table is not None:
                found.setdefault(_key(table), []).append(route)
        return found

    @cached_property
    def _endpoints_of(self) -> dict[tuple[str, str] | None, list[Resource]]:
        """The endpoints of each VPC, and under None those of a VPC that is not known."""
        found: dict[tuple[str, str] | None, list[Resource]] = {}
        for endpoint in self._of_type("AWS::EC2::VPCEndpoint"):
            value = endpoint.values.get("VpcId")
            vpc = self._assembly.find(value)
            if vpc is not None or isinstance(value, Unknown):
                found.setdefault(_key(vpc) if vpc is not None else None, []).append(endpoint)
        return found

    def _endpoints(self, vpc: Resource, table: Resource) -> frozenset[str]:
        """Return the services whose endpoints a subnet may use: what is not known of one has the benefit of the doubt."""
        found = set()
        for endpoint in (*self._endpoints_of.get(_key(vpc), ()), *self._endpoints_of.get(None, ())):
            values = endpoint.values
            is_gateway = values.get("VpcEndpointType", "Gateway") == "Gateway"
            tables = values.get("RouteTableIds", [])
            if is_gateway and isinstance(tables, list):
                places = [self._assembly.find(each) for each in tables]
                if table not in places and not any(
                    isinstance(each, Unknown) and place is None
                    for each, place in zip(tables, places, strict=True)
                ):
                    continue
            name = values.get("ServiceName")
            last = (name.pieces or (name,))[-1] if isinstance(name, Unknown) else name
            found |= {
                service
                for service in _SERVICES
                if isinstance(last, Unknown) or str(name).endswith(f".{service}")
            }
        return frozenset(found)


def _way(route: dict[str, Any], assembly: Assembly) -> tuple[str, bool]:
    """Return where a route leads, and whether what takes it needs a public address of its own."""
    v4, v6 = route.get("DestinationCidrBlock"), route.get("DestinationIpv6CidrBlock")
    gateway = assembly.find(route.get("GatewayId"))
    # A gateway that is not in the templates may be of any kind: the benefit of the doubt.
    is_public = gateway is not None and gateway.type == _INTERNET_GATEWAY
    to_network = not is_public and any(key in route for key in ("GatewayId", *_NETWORKS))
    if not is_public and not to_network and not any(key in route for key in _ADDRESSES):
        return "nowhere", False
    if v6 == _ANYWHERE_V6:
        return "ipv6", is_public
    if isinstance(v4, Unknown) or isinstance(v6, Unknown) or _ANYWHERE.fullmatch(str(v4)):
        return "ipv4", is_public
    return "private" if to_network else "nowhere", False


def _key(resource: Resource) -> tuple[str, str]:
    return resource.template.key, resource.logical_id
