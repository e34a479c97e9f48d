"""Whether a task or an instance reaches what its start needs: the way is followed element by element.

Source: Amazon VPC User Guide; AWS PrivateLink Guide; Amazon ECR User Guide, Amazon ECR interface VPC endpoints; Amazon ECS
Developer Guide, Amazon ECS interface VPC endpoints. Where these leave something open, the verdict is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.network.endpoint_way import EndpointWay
from cdk_pull.network.model import ANYWHERE, Verdict
from cdk_pull.network.public_way import PublicWay
from cdk_pull.network.rules import Peer, rule_allows
from cdk_pull.network.way import along, best, groups_of, unknown
from cdk_pull.records import replace

if TYPE_CHECKING:
    from cdk_pull.network.model import GroupRule, Need, Network, Source, Subnet

__all__ = ["Judge"]


class Judge:
    """Judges one network; what was judged once is kept."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._known: dict[tuple[Source, Need], Verdict] = {}

    def judge(self, source: Source, need: Need) -> Verdict:
        """Return whether a source reaches what it needs, and otherwise the first element that stops it."""
        known = self._known.get((source, need))
        if known is None:
            known = self._judge(source, need)
            if known.status == "closed" and not need.certain:
                known = unknown(known)
            self._known[source, need] = known
        return known

    def _judge(self, source: Source, need: Need) -> Verdict:
        subnet = self._network.subnets.get(source.subnet)
        if subnet is None:
            return self._from_outside(source)
        if subnet.ipv6_only:
            return self._by(source, subnet, need, ipv6=True)
        by_ipv4 = self._by(source, subnet, need, ipv6=False)
        if by_ipv4.status != "closed" or subnet.has_ipv6 is False:
            return by_ipv4
        return self._by_either(source, subnet, need, by_ipv4)

    def _by_either(self, source: Source, subnet: Subnet, need: Need, by_ipv4: Verdict) -> Verdict:
        """Return the verdict on a source that has, or may have, an IPv6 address, too."""
        if subnet.ipv6_only is None:
            reason = f"{by_ipv4.reason}; whether {subnet.name} is IPv6 only is not known"
            return unknown(by_ipv4, reason=reason)
        if self._by(source, subnet, need, ipv6=True).status == "closed":
            return by_ipv4
        if need.by_ipv4 and source.fargate:
            why = "AWS Fargate asks Amazon ECR by IPv4 unless the subnet is IPv6 only, so that a route for IPv6 does not do"
            return replace(by_ipv4, reason=f"{by_ipv4.reason}, and {why}")
        return unknown(by_ipv4, reason=f"{by_ipv4.reason}; whether IPv6 is used is not known")

    def _by(self, source: Source, subnet: Subnet, need: Need, *, ipv6: bool) -> Verdict:
        """Return the verdict on the way by one kind of addresses."""
        way = PublicWay(self._network, source, subnet, need, ipv6=ipv6)
        vpc = way.vpc
        if vpc is not None and vpc.dns_support is False and not vpc.own_resolver:
            return Verdict.at(
                vpc,
                "closed",
                "has no DNS support, so that no name of a registry resolves",
                fix="Set EnableDnsSupport: true",
                property="EnableDnsSupport",
            )
        by_endpoint: list[Verdict] = []
        for verdict, is_taken in EndpointWay(self._network, source, subnet, need, ipv6=ipv6).ways():
            if is_taken:
                return verdict
            by_endpoint.append(verdict)
        public = way.verdict()
        if public.status == "reachable":
            return public
        found = best([*by_endpoint, public])
        if found.status == "closed" and vpc is not None and vpc.unclear and need.service:
            return unknown(found, reason=f"{found.reason}; {vpc.unclear}")
        return found

    def _from_outside(self, source: Source) -> Verdict:
        """Return the verdict on a source in a subnet of which nothing is known: its security groups may be enough."""
        outside = Verdict(
            status="unknown",
            element=source.subnet,
            name=source.subnet_name or "a subnet",
            reason="is not in the templates",
        )
        groups = [self._network.groups.get(key) for key in groups_of(source, None)]
        known = [group for group in groups if group is not None and not group.unclear]
        if len(known) < len(groups) or any(_lets_out(rule) for group in known for rule in group.egress):
            return outside
        closed = Verdict.at(
            known[0],
            "closed",
            name=" and ".join(group.name for group in known),
            reason="lets nothing out on port 443",
            fix=f"Allow TCP port 443 out to {ANYWHERE}",
            property="SecurityGroupEgress",
        )
        return along((outside, closed))


_NOWHERE: Final = "255.255.255.255/32"
"""What CDK writes for a security group that lets nothing out."""


def _lets_out(rule: GroupRule) -> bool:
    """Tell whether a rule lets HTTPS out to anything at all."""
    if rule.cidr == _NOWHERE:
        return False
    to_all = replace(rule, cidr=ANYWHERE, group=None, prefix_list="")
    return rule_allows(to_all, Peer(cidr=ANYWHERE)) is not False
