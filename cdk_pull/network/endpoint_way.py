"""The ways through VPC endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.iam.policy import decide
from cdk_pull.iam.text import shown
from cdk_pull.network.model import Verdict
from cdk_pull.network.rules import Peer
from cdk_pull.network.way import REACHABLE, Way, along, best, groups_of, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.network.model import Endpoint, Subnet

__all__ = ["EndpointWay"]

_S3: Final = "s3"


class EndpointWay(Way):
    """The ways of one source through the endpoints of its VPC."""

    def ways(self) -> Iterator[tuple[Verdict, bool]]:
        """Yield the ways through endpoints, and whether the source surely goes that way, as its name leads there."""
        if not self.need.service:
            return
        vpc = self.subnet.vpc
        candidates = [
            *self.network.endpoints_for(vpc, self.need),
            *(self.network.endpoints_for(None, self.need) if vpc is not None else ()),
        ]
        for endpoint in candidates:
            if endpoint.gateway:
                yield from self._gateway_way(endpoint)
        for endpoint in candidates:
            if endpoint.gateway:
                continue
            if endpoint.service is None or endpoint.vpc is None:
                yield Verdict.at(endpoint, "unknown", f"may be an endpoint of {self.need.service}"), False
                continue
            yield from self._interface_way(endpoint)

    def _gateway_way(self, endpoint: Endpoint) -> Iterator[tuple[Verdict, bool]]:
        known = (endpoint.tables, self.subnet.table, endpoint.vpc, endpoint.service)
        linked = None if None in known else self.subnet.table in (endpoint.tables or ())
        if linked is False:
            unlinked = Verdict.at(
                endpoint,
                "closed",
                f"is not linked to the route table of {self.subnet.name}",
                fix=f"Add {self.table.name if self.table is not None else 'the route table'} to RouteTableIds",
                property="RouteTableIds",
            )
            yield unlinked, False
            return
        peer = Peer(cidr=self.anywhere, prefix_list=_S3, ipv6=self.ipv6)
        way = along((self.acl_of(self.subnet, peer), self.out(peer, endpoint), self._policy(endpoint)))
        if linked is None:
            unclear = Verdict.at(
                endpoint,
                "unknown",
                f"may not be linked to the route table of {self.subnet.name}",
                property="RouteTableIds",
            )
            way = along((way, unclear))
        yield way, linked is True

    def _interface_way(self, endpoint: Endpoint) -> Iterator[tuple[Verdict, bool]]:
        """Yield the way through an interface endpoint; it is taken where the service's own name leads there."""
        if endpoint.private_dns is False:
            closed = Verdict.at(
                endpoint,
                "closed",
                "has no private DNS, so that the name of the service does not lead to it",
                fix="Set PrivateDnsEnabled: true",
                property="PrivateDnsEnabled",
            )
            yield closed, False
            return
        if self.vpc is not None and self.vpc.dns_hostnames is False and endpoint.private_dns:
            closed = Verdict.at(
                self.vpc,
                "closed",
                f"has no DNS host names, without which {endpoint.name} cannot have private DNS",
                fix="Set EnableDnsHostnames: true",
                property="EnableDnsHostnames",
            )
            yield closed, True
            return
        way = self._to_interface(endpoint)
        if self.need.through_endpoint is None:
            unsure = Verdict.at(
                endpoint,
                "unknown",
                "may not serve names of the form dkr-ecr.<Region>.on.aws: AWS's guides disagree",
            )
            yield along((way, unsure)), False
        elif endpoint.private_dns is None:
            unclear = Verdict.at(
                endpoint,
                "unknown",
                "may have no private DNS: PrivateDnsEnabled is not stated",
                fix="Set PrivateDnsEnabled: true",
                property="PrivateDnsEnabled",
            )
            yield along((way, unclear)), False
        else:
            yield way, True

    def _to_interface(self, endpoint: Endpoint) -> Verdict:
        if self.ipv6 and not endpoint.ipv6:
            return Verdict.at(
                endpoint,
                "closed" if endpoint.ipv6 is False else "unknown",
                "has IPv4 addresses alone",
                fix="Set IpAddressType: dualstack",
                property="IpAddressType",
            )
        places = [self.network.subnets.get(key) for key in endpoint.subnets or ()] or [None]
        return best(self._to_interface_in(endpoint, place) for place in places)

    def _to_interface_in(self, endpoint: Endpoint, place: Subnet | None) -> Verdict:
        """Return the verdict on the way to the network interface of an endpoint in one subnet."""
        within = self.vpc.cidr if self.vpc is not None else None
        groups = (
            endpoint.groups if endpoint.groups is None else endpoint.groups or (("default", endpoint.vpc),)
        )
        theirs = Peer(
            cidr=place.cidr if place else None,
            within=within,
            groups=(None,) if groups is None else groups,
            ipv6=self.ipv6,
        )
        ours = Peer(
            cidr=self.subnet.cidr,
            within=within,
            groups=groups_of(self.source, self.subnet.vpc),
            ipv6=self.ipv6,
        )
        steps = [self.out(theirs, endpoint)]
        if place is not None and place.key != self.subnet.key:
            # A network ACL stands between subnets, not within one.
            steps.insert(0, self.acl_of(self.subnet, theirs))
            steps.append(self.acl_of(place, ours, answers=True))
        steps += [self.into(endpoint, groups, ours), self._policy(endpoint)]
        return along(steps)

    def _policy(self, endpoint: Endpoint) -> Verdict:
        if endpoint.policy is None:
            return REACHABLE
        for request in self.need.requests:
            decision = decide(request, [endpoint.policy])
            if decision.allowed:
                continue
            on = shown(request.resources[0])
            closed = Verdict.at(
                endpoint,
                "closed",
                name=f"the policy of {endpoint.name}",
                reason=f"does not allow {request.action}" + ("" if on == "*" else f" on {on}"),
                fix=f"Add {{Effect: Allow, Principal: '*', Action: '{request.action}', Resource: '{on}'}} to the endpoint's policy",
                property="PolicyDocument",
            )
            if decision.allowed is False:
                return closed
            return unknown(closed, reason=f"may not allow {request.action}: {decision.reason}")
        return REACHABLE
