"""The way to the internet: routes, gateways and public addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.network.model import ANYWHERE, ANYWHERE_V6, Verdict
from cdk_pull.network.rules import Peer
from cdk_pull.network.way import REACHABLE, Way, along, best, unknown, unless
from cdk_pull.records import replace

if TYPE_CHECKING:
    from cdk_pull.network.model import NatGateway, Route, RouteTable, Subnet

__all__ = ["PublicWay"]

_S3: Final = "s3"
_HALVES: Final = {ANYWHERE: ("0.0.0.0/1", "128.0.0.0/1"), ANYWHERE_V6: ("::/1", "8000::/1")}
_NAT64: Final = "64:ff9b::"


class PublicWay(Way):
    """The way of one source to the internet."""

    def verdict(self) -> Verdict:
        """Return the verdict on it."""
        if self.ipv6 and self.need.ipv6 is not True:
            if self._has_nat64():
                return Verdict.at(self.subnet, "unknown", "reaches IPv4 addresses by DNS64 and NAT64 alone")
            known = self.need.ipv6 is False
            return Verdict.at(
                self.subnet,
                "closed" if known else "unknown",
                f"is IPv6 only, and {self.need.name} {'answers' if known else 'may answer'} by IPv4 alone",
                fix="Name the image by its dual-stack host, <account>.dkr-ecr.<Region>.on.aws",
            )
        peer = Peer(
            cidr=self.anywhere,
            prefix_list=self.need.service if self.need.service == _S3 else "",
            ipv6=self.ipv6,
        )
        if self.table is None:
            unclear = Verdict.at(
                self.subnet, "unknown", self.subnet.unclear or "has a route table that is not known"
            )
            return along((unclear, self.acl_of(self.subnet, peer), self.out(peer)))
        return along((self._route(self.subnet, self.table), self.acl_of(self.subnet, peer), self.out(peer)))

    def _has_nat64(self) -> bool:
        routes = self.table.routes if self.table is not None else ()
        return self.subnet.dns64 is not False and any(
            (route.destination or "").startswith(_NAT64) for route in routes
        )

    def _route(self, subnet: Subnet, table: RouteTable, *, for_nat: bool = False) -> Verdict:
        """Return the verdict on the default route, and on what it leads to."""
        routes = [route for route in table.routes if self._is_default(route)]
        sure = [route for route in routes if route.destination is not None]
        if not routes:
            return self._no_route(subnet, table)
        verdicts = [self._over(subnet, table, route, for_nat=for_nat) for route in sure or routes]
        return best(verdicts)

    def _is_default(self, route: Route) -> bool:
        # A half of all addresses is as good, as whoever writes one writes the other.
        return route.destination is None or route.destination in {self.anywhere, *_HALVES[self.anywhere]}

    def _no_route(self, subnet: Subnet, table: RouteTable) -> Verdict:
        elsewhere = [route for route in table.routes if route.target in {"network", "unknown"}]
        gateway = self.vpc.gateway if self.vpc is not None else ""
        to = f"0.0.0.0/0 to {gateway}" if gateway and not self.ipv6 else f"{self.anywhere} to a NAT gateway"
        if self.ipv6:
            to = f"{self.anywhere} to an egress-only internet gateway"
        closed = Verdict.at(
            table,
            "closed",
            f"of {subnet.name} has no route to {self.anywhere}",
            fix=f"Add a route {to}",
            or_endpoint=True,
        )
        if elsewhere and self.need.service:
            why = f"and its route to {elsewhere[0].name or elsewhere[0].destination} may lead to endpoints of another network"
            return unknown(closed, reason=f"{closed.reason}, {why}")
        return unknown(closed, reason=f"{closed.reason}, and {table.unclear}") if table.unclear else closed

    def _over(self, subnet: Subnet, table: RouteTable, route: Route, *, for_nat: bool) -> Verdict:
        """Return the verdict on what one default route leads to."""
        beyond = Verdict.at(
            table, "unknown", f"sends {self.anywhere} to {route.name}, beyond which nothing is known"
        )
        if route.destination is None:
            return replace(beyond, reason=f"of {subnet.name} has a route whose destination is not known")
        if route.target == "internet":
            return along((self._gateway(route), REACHABLE if for_nat or self.ipv6 else self._address(route)))
        if route.target == "egress-only":
            for_ipv6 = "sends IPv4 to an egress-only internet gateway, which is for IPv6"
            return REACHABLE if self.ipv6 else replace(beyond, status="closed", reason=for_ipv6)
        if route.target == "nat" and not for_nat:
            gateway = self.network.nat_gateways.get(route.to)
            # A gateway that is named by its id has been there before, and works as far as anybody knows.
            return REACHABLE if gateway is None else self._nat(gateway)
        return beyond

    def _gateway(self, route: Route) -> Verdict:
        gateway = self.network.gateways.get(route.to)
        if gateway is None or gateway.attached:
            return REACHABLE
        return Verdict.at(
            gateway,
            "closed" if gateway.attached is False else "unknown",
            "is not attached to the VPC",
            fix="Add an AWS::EC2::VPCGatewayAttachment",
        )

    def _address(self, route: Route) -> Verdict:
        who = "the task" if self.source.fargate else "the instance"
        closed = Verdict(
            status="closed",
            reason=f"{who} has no public address for {route.name or 'the internet gateway'}",
            fix="Set AssignPublicIp: ENABLED, or use subnets with a NAT gateway"
            if self.source.fargate
            else "Give the instances public addresses, or use subnets with a NAT gateway",
            or_endpoint=True,
        )
        return unless(self.source.public, closed)

    def _nat(self, gateway: NatGateway) -> Verdict:
        if gateway.public is False:
            return Verdict.at(
                gateway,
                "closed",
                "is private, and reaches no registry on the internet",
                fix="Set ConnectivityType: public",
                property="ConnectivityType",
            )
        subnet = self.network.subnets.get(gateway.subnet)
        table = self.network.tables.get(subnet.table) if subnet is not None else None
        if subnet is None or table is None:
            return REACHABLE
        way = self._route(subnet, table, for_nat=True)
        if way.status != "reachable":
            return replace(
                way,
                reason=f"{way.reason}, which {gateway.name} needs",
                fix=f"Add a route {self.anywhere} to an internet gateway to {table.name}",
            )
        if subnet.key == self.subnet.key:
            return REACHABLE
        public = Peer(cidr=self.anywhere)
        ours = Peer(cidr=self.subnet.cidr, within=self.vpc.cidr if self.vpc is not None else None)
        return along((self.acl_of(subnet, ours, answers=True), self.acl_of(subnet, public)))
