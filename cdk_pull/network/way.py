"""What stands on every way, the security groups and network ACLs at both ends, and how verdicts on elements make one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.iam.text import any_of
from cdk_pull.network.model import ANYWHERE, ANYWHERE_V6, Verdict
from cdk_pull.network.rules import EPHEMERAL, HTTPS, Peer, acl_allows, rule_allows
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_pull.network.model import Endpoint, Need, Network, Source, Subnet

__all__ = ["REACHABLE", "Way", "along", "best", "groups_of", "unknown", "unless"]

REACHABLE: Final = Verdict(status="reachable")
_RANK: Final = {"reachable": 2, "unknown": 1, "closed": 0}


def unknown(verdict: Verdict, **changes: Any) -> Verdict:
    """Return a verdict as one that is not known, with other words where they are given."""
    return replace(verdict, status="unknown", **changes)


def along(steps: Iterable[Verdict]) -> Verdict:
    """Return the verdict on several elements one after the other: the first that is closed, or else not known."""
    unknown = None
    for step in steps:
        if step.status == "closed":
            return step
        if step.status == "unknown" and unknown is None:
            unknown = step
    return unknown or REACHABLE


def best(ways: Iterable[Verdict]) -> Verdict:
    """Return the verdict on several ways of which one is enough; of equal ones the first."""
    found = list(ways)
    return max(found, key=lambda way: _RANK[way.status])


def unless(answer: bool | None, closed: Verdict) -> Verdict:  # noqa: FBT001 - the third answer has no name
    """Return the verdict on one element by whether it lets through."""
    if answer:
        return REACHABLE
    return closed if answer is False else unknown(closed, reason=f"{closed.reason}, as far as is known")


def groups_of(source: Source, vpc: object) -> tuple[object, ...]:
    """Return the keys of the security groups of a source; the VPC's own where it names none."""
    if source.groups is None:
        return (None,)
    return source.groups or ((("default", vpc),) if vpc is not None else (None,))


class Way:
    """The way of one source to what it needs, by one kind of addresses."""

    def __init__(self, network: Network, source: Source, subnet: Subnet, need: Need, *, ipv6: bool) -> None:
        self.network, self.source, self.subnet, self.need = network, source, subnet, need
        self.ipv6 = ipv6
        self.anywhere = ANYWHERE_V6 if ipv6 else ANYWHERE
        self.vpc = network.vpcs.get(subnet.vpc)
        self.table = network.tables.get(subnet.table)

    def into(self, endpoint: Endpoint, groups: tuple[object, ...] | None, peer: Peer) -> Verdict:
        """Return the verdict on the security groups of an endpoint."""
        known = [self.network.groups.get(group) for group in groups or (None,)]
        answers: list[bool | None] = []
        for group in known:
            if group is None:
                answers.append(None)
                continue
            rules = [*group.ingress_of_addresses]
            for key in peer.groups:
                rules += group.ingress_of_groups.get(key, ())
            answers += [rule_allows(rule, peer) for rule in rules]
            if group.unclear or (None in peer.groups and group.ingress_of_groups):
                answers.append(None)
        names = [group for group in known if group is not None]
        if not names:
            name = f"the security group of {endpoint.name}"
            return Verdict.at(endpoint, "unknown", "is not in the templates", name=name)
        closed = Verdict.at(
            names[0],
            "closed",
            name=" and ".join(group.name for group in names),
            reason=f"of {endpoint.name} lets nothing in on port 443 from {self.us}",
            fix=f"Allow TCP port 443 in from {self.us}, or from the VPC's addresses",
            property="SecurityGroupIngress",
        )
        return unless(any_of(answers), closed)

    @property
    def us(self) -> str:
        """How messages call the source: by its security group, or by its subnet."""
        groups = [self.network.groups.get(key) for key in self.source.groups or ()]
        return next((group.name for group in groups if group is not None), self.subnet.name)

    def out(self, peer: Peer, endpoint: Endpoint | None = None) -> Verdict:
        """Return the verdict on the source's security groups: what one lets out goes out."""
        keys = groups_of(self.source, self.subnet.vpc)
        groups = [self.network.groups.get(key) for key in keys]
        answers: list[bool | None] = []
        for group in groups:
            if group is None:
                answers.append(None)
                continue
            answers += [rule_allows(rule, peer) for rule in group.egress]
            if group.unclear:
                answers.append(None)
        known = [group for group in groups if group is not None]
        if not known:
            return Verdict(
                status="unknown", element=None, name="the security group", reason="is not in the templates"
            )
        to, fix = self.towards(peer, endpoint)
        closed = Verdict.at(
            known[0],
            "closed",
            name=" and ".join(group.name for group in known),
            reason=f"lets nothing out on port 443 to {to}",
            fix=f"Allow TCP port 443 out to {fix}",
            property="SecurityGroupEgress",
        )
        return unless(any_of(answers), closed)

    def towards(self, peer: Peer, endpoint: Endpoint | None) -> tuple[str, str]:
        """Return how messages call the other side, and what a rule to it names."""
        if endpoint is not None and not endpoint.gateway:
            return endpoint.name, f"the security group of {endpoint.name}, or to the VPC's addresses"
        if peer.prefix_list:
            listed = "the prefix list com.amazonaws.<Region>.s3" if endpoint is not None else "0.0.0.0/0"
            return "Amazon S3", f"{listed}, or to {self.anywhere}" if endpoint is not None else self.anywhere
        return "the internet", self.anywhere

    def acl_of(self, subnet: Subnet, peer: Peer, *, answers: bool = False) -> Verdict:
        """Return the verdict on a subnet's network ACL.

        Args:
            subnet: whose.
            peer: the other side.
            answers: whether the connection is made from the peer, as to an endpoint or a NAT gateway.
        """
        acl = self.network.acls.get(subnet.acl if subnet.acl is not None else ("default", subnet.vpc))
        if acl is None:
            name = f"the network ACL of {subnet.name}"
            unclear = Verdict.at(subnet, "unknown", "is not in the templates", name=name)
            return REACHABLE if subnet.acl is None else unclear
        sides = (
            (not answers, HTTPS, "out" if not answers else "in"),
            (answers, EPHEMERAL, "in" if not answers else "out"),
        )
        for egress, ports, side in sides:
            which = "port 443" if ports == HTTPS else "the ports 1024-65535, to which answers come back,"
            closed = Verdict.at(
                acl,
                "closed",
                f"of {subnet.name} lets no TCP {side} on {which}".rstrip(","),
                fix=f"Add an entry that allows TCP {'443' if ports == HTTPS else '1024-65535'} {side}",
            )
            verdict = unless(acl_allows(acl, peer, egress=egress, ports=ports), closed)
            if verdict.status != "reachable":
                return verdict
        return REACHABLE
