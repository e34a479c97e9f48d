"""Reads security groups and network ACLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.network.model import ALL_PORTS, ANYWHERE, ANYWHERE_V6, Acl, AclEntry, GroupRule, SecurityGroup
from cdk_pull.shapes import as_object
from cdk_pull.template.values import as_text, is_text
from cdk_pull.template.vpc.keys import flag, number

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from cdk_pull.template.model import Resource
    from cdk_pull.template.vpc.keys import Elements

__all__ = ["read_acls", "read_groups"]

_EVERYTHING: Final = (GroupRule(protocol="-1", cidr=ANYWHERE), GroupRule(protocol="-1", cidr=ANYWHERE_V6))
_OPEN_ACL: Final = tuple(
    AclEntry(number=number_, egress=egress, allow=True, cidr=cidr)
    for egress in (True, False)
    for number_, cidr in ((100, ANYWHERE), (101, ANYWHERE_V6))
)
_RESTRICTED: Final = "Custom::VpcRestrictDefaultSG"
_PEERS: Final = (
    "CidrIp", "CidrIpv6", "DestinationSecurityGroupId", "SourceSecurityGroupId", "DestinationPrefixListId", "SourcePrefixListId",
)  # fmt: skip
_UNKNOWN_RULE: Final = GroupRule(protocol=None, ports=None, cidr=None)


def read_groups(elements: Elements) -> dict[Hashable, SecurityGroup]:
    """Return the security groups of an assembly, those that every VPC has by itself included."""
    egress = _by_group(elements, "SecurityGroupEgress")
    ingress = _by_group(elements, "SecurityGroupIngress")
    found: dict[Hashable, SecurityGroup] = {}
    for group in elements.of_type("SecurityGroup"):
        key = elements.key_of(group)
        out, is_known = _inline(elements, group.values.get("SecurityGroupEgress"))
        # A group without a rule of its own lets everything out, and rules that stand apart take nothing away.
        out = out if "SecurityGroupEgress" in group.values else _EVERYTHING
        into, is_into_known = _inline(elements, group.values.get("SecurityGroupIngress", []))
        # An empty list may be none at all to CloudFormation, or one that takes that rule away.
        whole = (is_known and bool(out)) or "SecurityGroupEgress" not in group.values
        unclear = elements.unclear(group) or (
            "" if whole and is_into_known and group.is_whole else "its rules are not known"
        )
        found[key] = SecurityGroup(
            key=key,
            name=f"security group {group.logical_id}",
            egress=(*out, *egress.get(key, ())),
            ingress=(*into, *ingress.get(key, ())),
            unclear=unclear,
        )
    restricted = {
        elements.key(resource.values.get("DefaultSecurityGroupId"))
        for template in elements.assembly.templates
        for resource in template.of_type(_RESTRICTED)
    }
    for vpc in elements.of_type("VPC"):
        key = ("default", elements.key_of(vpc))
        is_open = key not in restricted
        found[key] = SecurityGroup(
            key=key,
            name=f"the default security group of VPC {vpc.logical_id}",
            egress=(*(_EVERYTHING if is_open else ()), *egress.get(key, ())),
            ingress=(*((GroupRule(protocol="-1", group=key),) if is_open else ()), *ingress.get(key, ())),
        )
    return found


def _by_group(elements: Elements, kind: str) -> dict[Hashable, tuple[GroupRule, ...]]:
    """Return the rules that stand apart from their groups, by group."""
    found: dict[Hashable, list[GroupRule]] = {}
    for resource in elements.of_type(kind):
        found.setdefault(elements.key(resource.values.get("GroupId")), []).extend(
            _rules(elements, resource.values)
        )
    return {group: tuple(rules) for group, rules in found.items()}


def _inline(elements: Elements, listed: Any) -> tuple[tuple[GroupRule, ...], bool]:
    """Return the rules in a group, and whether they are all."""
    if not isinstance(listed, list):
        return (), False
    rules = [rule for each in listed if isinstance(each, dict) for rule in _rules(elements, each)]
    return tuple(rules), True


def _rules(elements: Elements, values: dict[str, Any]) -> Iterator[GroupRule]:
    stated = values.get("IpProtocol")
    protocol = as_text(stated).lower() if is_text(stated) else None
    ports = _ports(values.get("FromPort"), values.get("ToPort"), every=protocol == "-1")
    for key in ("CidrIp", "CidrIpv6"):
        if key in values:
            yield GroupRule(protocol=protocol, ports=ports, cidr=elements.cidr(values[key]))
    for key in ("DestinationSecurityGroupId", "SourceSecurityGroupId"):
        if key in values:
            group = elements.key(values[key])
            # A group that is not known is any group.
            yield (
                GroupRule(protocol=protocol, ports=ports, group=group) if group is not None else _UNKNOWN_RULE
            )
    for key in ("DestinationPrefixListId", "SourcePrefixListId"):
        if key in values:
            yield from _listed(elements, values[key], protocol, ports)
    if not any(key in values for key in _PEERS):
        yield _UNKNOWN_RULE


def _listed(
    elements: Elements, value: Any, protocol: str | None, ports: tuple[int, int] | None
) -> Iterator[GroupRule]:
    """Yield a rule for each block of a prefix list of the templates, or one for a list of which nothing is known."""
    resource = elements.assembly.find(value)
    entries = (
        resource.values.get("Entries")
        if resource is not None and resource.type == "AWS::EC2::PrefixList"
        else None
    )
    if not isinstance(entries, list):
        yield GroupRule(protocol=protocol, ports=ports, prefix_list="?")
        return
    for entry in entries:
        cidr = elements.cidr(as_object(entry).get("Cidr"))
        yield GroupRule(protocol=protocol, ports=ports, cidr=cidr)


def _ports(first: Any, last: Any, *, every: bool) -> tuple[int, int] | None:
    if every or (first is None and last is None):
        return ALL_PORTS
    start, end = number(first), number(last if last is not None else first)
    if start is None or end is None:
        return None
    return ALL_PORTS if start < 0 else (start, end)


def read_acls(elements: Elements) -> dict[Hashable, Acl]:
    """Return the network ACLs of an assembly; one that every VPC has by itself where it has entries here."""
    entries: dict[Hashable, list[AclEntry]] = {}
    for resource in elements.of_type("NetworkAclEntry"):
        entries.setdefault(elements.key(resource.values.get("NetworkAclId")), []).append(
            _entry(elements, resource)
        )
    found: dict[Hashable, Acl] = {}
    for acl in elements.of_type("NetworkAcl"):
        key = elements.key_of(acl)
        unclear = elements.unclear(acl)
        found[key] = Acl(
            key=key,
            name=f"network ACL {acl.logical_id}",
            entries=tuple(entries.get(key, ())),
            unclear=unclear,
        )
    for vpc in elements.of_type("VPC"):
        key = ("default", elements.key_of(vpc))
        if key in entries:
            own = {(entry.number, entry.egress) for entry in entries[key]}
            kept = [entry for entry in _OPEN_ACL if (entry.number, entry.egress) not in own]
            name = f"the default network ACL of VPC {vpc.logical_id}"
            found[key] = Acl(key=key, name=name, entries=(*entries[key], *kept))
    return found


def _entry(elements: Elements, resource: Resource) -> AclEntry:
    values = resource.values
    action, protocol = values.get("RuleAction"), values.get("Protocol", "-1")
    stated = values.get("CidrBlock", values.get("Ipv6CidrBlock"))
    return AclEntry(
        number=number(values.get("RuleNumber")),
        egress=flag(values.get("Egress"), default=False),
        allow={"allow": True, "deny": False}.get(as_text(action).lower()) if is_text(action) else None,
        protocol=as_text(protocol) if is_text(protocol) else None,
        ports=_range(values.get("PortRange")),
        cidr=elements.cidr(stated),
    )


def _range(stated: Any) -> tuple[int, int] | None:
    if isinstance(stated, dict):
        return _ports(stated.get("From"), stated.get("To"), every=False)
    return ALL_PORTS if stated is None else None
