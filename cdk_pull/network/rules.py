"""What security groups and network ACLs let through, with None for what only the deployment knows."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final

from cdk_pull.iam.text import all_of
from cdk_pull.network.model import ANYWHERE, ANYWHERE_V6
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Hashable

    from cdk_pull.network.model import Acl, AclEntry, GroupRule

__all__ = ["EPHEMERAL", "HTTPS", "Peer", "acl_allows", "rule_allows"]

HTTPS: Final = (443, 443)
EPHEMERAL: Final = (32768, 60999)
"""The ports that answers come back to: those that Linux chooses from, at the least."""

_TCP: Final = frozenset({"tcp", "6", "-1", "all"})
_BOTH: Final = (ANYWHERE, ANYWHERE_V6)
_FEW: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other side of a connection.

    Attributes:
        cidr: where its addresses are; :data:`ANYWHERE` for what is on the internet. None where that is not known.
        within: a block that its addresses are in, where they themselves are not known.
        groups: the keys of its security groups; None for one that is not known.
        prefix_list: the service whose prefix list has its addresses; empty where there is none.
        ipv6: whether it is reached by IPv6.
    """

    cidr: str | None
    within: str | None = None
    groups: tuple[Hashable, ...] = ()
    prefix_list: str = ""
    ipv6: bool = False


def rule_allows(rule: GroupRule, peer: Peer) -> bool | None:
    """Tell whether a rule of a security group lets HTTPS through to, or from, a peer."""
    return all_of((_protocol(rule.protocol), _ports(rule.ports, HTTPS), _about(rule, peer)))


def _about(rule: GroupRule, peer: Peer) -> bool | None:
    if rule.prefix_list:
        if rule.prefix_list == "?":
            return None if peer.cidr in _BOTH else False
        return rule.prefix_list == peer.prefix_list
    if rule.group is not None:
        return rule.group in peer.groups or (None if None in peer.groups else False)
    if rule.cidr is None:
        return None
    return _covers(rule.cidr, peer)


def _covers(cidr: str, peer: Peer) -> bool | None:
    """Tell whether a block has all addresses of a peer; None where it has some, or that is not known."""
    if peer.cidr is not None:
        return _contains(cidr, peer.cidr)
    if peer.within is not None and _contains(cidr, peer.within):
        return True
    # A block of the other kind of addresses has none of them.
    return False if (":" in cidr) != peer.ipv6 else None


@lru_cache(maxsize=65536)
def _contains(cidr: str, other: str) -> bool | None:
    outer, inner = _block(cidr), _block(other)
    if outer is None or inner is None:
        return None
    if outer.version != inner.version:
        return False
    if inner.subnet_of(outer):  # type: ignore[arg-type] # of one version
        return True
    # Private addresses are none of the internet's.
    private = other in _BOTH and outer.is_private
    return False if private or not inner.overlaps(outer) else None


@lru_cache(maxsize=65536)
def _block(cidr: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(cidr.strip(), strict=False)
    except ValueError:
        return None


def _protocol(protocol: str | None) -> bool | None:
    return None if protocol is None else protocol.lower() in _TCP


def _ports(ports: tuple[int, int] | None, wanted: tuple[int, int]) -> bool | None:
    """Tell whether a range has all ports that are wanted; None where it has some."""
    if ports is None:
        return None
    first, last = ports
    if first <= wanted[0] and last >= wanted[1]:
        return True
    return False if last < wanted[0] or first > wanted[1] else None


def acl_allows(acl: Acl, peer: Peer, *, egress: bool, ports: tuple[int, int]) -> bool | None:
    """Tell whether a network ACL lets TCP out to, or in from, a peer: by the first entry that is about it."""
    entries = [entry for entry in acl.entries if entry.egress in {egress, None}]
    maybe: set[bool | None] = set()
    for entry in sorted(entries, key=lambda each: -1 if each.number is None else each.number):
        about = _entry_is_about(entry, peer, ports)
        if entry.number is None or entry.egress is None:
            about = None if about is not False else False
        if about is False:
            continue
        if about is None or entry.allow is None:
            maybe.add(entry.allow)
            continue
        return entry.allow if maybe <= {entry.allow} else None
    return None if acl.unclear or maybe - {False} else False


def _entry_is_about(entry: AclEntry, peer: Peer, ports: tuple[int, int]) -> bool | None:
    protocol = _protocol(entry.protocol)
    every_port = entry.protocol is not None and entry.protocol.lower() in {"-1", "all"}
    about = True if every_port else _ports(entry.ports, ports)
    there = None if entry.cidr is None else _covers(entry.cidr, peer)
    if there is None and entry.allow is False and entry.cidr is not None and peer.cidr in _BOTH:
        # A denial of a few addresses on the internet is none of a registry, which has very many.
        block = _block(entry.cidr)
        there = False if block is not None and block.prefixlen >= _FEW else None
    return all_of((protocol, about, there))
