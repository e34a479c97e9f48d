"""Whether what is in a subnet can reach a registry: routes, endpoints and public addresses, where all are known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.model import Resource

__all__ = ["Network", "Reach"]

_ANYWHERE: Final = ("0.0.0.0/0", "::/0")
_INTERNET_GATEWAY: Final = "AWS::EC2::InternetGateway"
_SERVICES: Final = ("ecr.api", "ecr.dkr", "s3", "logs")
_TARGETS: Final = (
    "CarrierGatewayId", "EgressOnlyInternetGatewayId", "InstanceId", "LocalGatewayId", "NatGatewayId",
    "NetworkInterfaceId", "TransitGatewayId", "VpcEndpointId", "VpcPeeringConnectionId",
)  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """How a subnet reaches what is outside.

    Attributes:
        default_route: ``nat`` for any way that needs no public address, ``internet-gateway`` for one that does, None
            for no way at all.
        endpoints: the service names of the VPC's endpoints that serve the subnet, such as ``ecr.api`` and ``s3``.
    """

    default_route: str | None
    endpoints: frozenset[str]


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
        return Reach(self._default_route(table), self._endpoints(vpc, table))

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

    def _default_route(self, table: Resource) -> str | None:
        ways = set()
        for route in self._routes.get(_key(table), ()):
            values = route.values
            places = [values.get("DestinationCidrBlock"), values.get("DestinationIpv6CidrBlock")]
            if not any(isinstance(place, Unknown) or place in _ANYWHERE for place in places):
                continue
            gateway = self._assembly.find(values.get("GatewayId"))
            # A gateway that is not in the templates may be of any kind: the benefit of the doubt.
            known = gateway is not None and gateway.type == _INTERNET_GATEWAY
            if any(target in values for target in _TARGETS) or ("GatewayId" in values and not known):
                ways.add("nat")
            elif known:
                ways.add("internet-gateway")
        return "nat" if "nat" in ways else next(iter(ways), None)

    @cached_property
    def _endpoints_of(self) -> dict[tuple[str, str], list[Resource]]:
        """The endpoints of each VPC."""
        found: dict[tuple[str, str], list[Resource]] = {}
        for endpoint in self._of_type("AWS::EC2::VPCEndpoint"):
            vpc = self._assembly.find(endpoint.values.get("VpcId"))
            if vpc is not None:
                found.setdefault(_key(vpc), []).append(endpoint)
        return found

    def _endpoints(self, vpc: Resource, table: Resource) -> frozenset[str]:
        found = set()
        for endpoint in self._endpoints_of.get(_key(vpc), ()):
            values = endpoint.values
            tables = values.get("RouteTableIds")
            is_gateway = values.get("VpcEndpointType", "Gateway") == "Gateway"
            if not (is_gateway and isinstance(tables, list)) or table in map(self._assembly.find, tables):
                name = str(values.get("ServiceName"))
                found |= {service for service in _SERVICES if name.endswith(f".{service}")}
        return frozenset(found)


def _key(resource: Resource) -> tuple[str, str]:
    return resource.template.key, resource.logical_id
