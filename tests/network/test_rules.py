"""What security groups and network ACLs let through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.network.model import ANYWHERE, ANYWHERE_V6, Acl, AclEntry, GroupRule
from cdk_pull.network.rules import EPHEMERAL, HTTPS, Peer, acl_allows, rule_allows

INTERNET = Peer(cidr=ANYWHERE)
INTERNET_V6 = Peer(cidr=ANYWHERE_V6, ipv6=True)
SUBNET = Peer(cidr="10.0.1.0/24", within="10.0.0.0/16", groups=("G",))
SOMEWHERE = Peer(cidr=None, within="10.0.0.0/16", groups=(None,))


@pytest.mark.parametrize(
    ("rule", "peer", "lets"),
    [
        (GroupRule(cidr=ANYWHERE), INTERNET, True),
        (GroupRule(cidr="0.0.0.0/1"), INTERNET, None),
        (GroupRule(cidr="10.0.0.0/8"), INTERNET, False),
        (GroupRule(cidr="255.255.255.255/32"), INTERNET, False),
        (GroupRule(cidr=ANYWHERE_V6), INTERNET, False),
        (GroupRule(cidr=ANYWHERE_V6), INTERNET_V6, True),
        (GroupRule(cidr="fc00::/7"), INTERNET_V6, False),
        (GroupRule(cidr=ANYWHERE), INTERNET_V6, False),
        (GroupRule(cidr="10.0.0.0/16"), SUBNET, True),
        (GroupRule(cidr="10.0.2.0/24"), SUBNET, False),
        (GroupRule(cidr="10.0.1.128/25"), SUBNET, None),
        (GroupRule(cidr="10.0.0.0/16"), SOMEWHERE, True),
        (GroupRule(cidr="10.0.2.0/24"), SOMEWHERE, None),
        (GroupRule(cidr="no block"), SUBNET, None),
        (GroupRule(cidr=None), SUBNET, None),
        (GroupRule(group="G"), SUBNET, True),
        (GroupRule(group="H"), SUBNET, False),
        (GroupRule(group="H"), SOMEWHERE, None),
        (GroupRule(prefix_list="s3"), Peer(cidr=ANYWHERE, prefix_list="s3"), True),
        (GroupRule(prefix_list="s3"), INTERNET, False),
        (GroupRule(prefix_list="?"), INTERNET, None),
        (GroupRule(prefix_list="?"), SUBNET, False),
        (GroupRule(cidr=ANYWHERE, protocol="udp"), INTERNET, False),
        (GroupRule(cidr=ANYWHERE, protocol=None), INTERNET, None),
        (GroupRule(cidr=ANYWHERE, ports=(80, 80)), INTERNET, False),
        (GroupRule(cidr=ANYWHERE, ports=None), INTERNET, None),
        (GroupRule(cidr="10.0.0.0/8", ports=None), INTERNET, False),
    ],
)
def test_security_group(rule: GroupRule, peer: Peer, lets: object) -> None:
    """A rule lets HTTPS through, does not, or only the deployment knows."""
    assert rule_allows(rule, peer) is lets


def _entry(
    number: int, *, allow: bool, cidr: str | None = ANYWHERE, ports: tuple[int, int] = (0, 65535)
) -> AclEntry:
    return AclEntry(number=number, egress=True, allow=allow, cidr=cidr, ports=ports, protocol="6")


@pytest.mark.parametrize(
    ("entries", "lets"),
    [
        ([], False),
        ([_entry(1, allow=True)], True),
        ([_entry(2, allow=True), _entry(1, allow=False)], False),
        ([_entry(1, allow=True), _entry(2, allow=False)], True),
        ([_entry(1, allow=False, cidr=None), _entry(2, allow=True)], None),
        ([_entry(1, allow=True, cidr=None)], None),
        ([_entry(1, allow=False, cidr="10.0.0.0/8"), _entry(2, allow=True)], True),
        ([_entry(1, allow=False, cidr="203.0.113.0/24"), _entry(2, allow=True)], True),
        ([_entry(1, allow=False, cidr="8.0.0.0/8"), _entry(2, allow=True)], None),
        ([_entry(1, allow=True, ports=(80, 80))], False),
    ],
)
def test_network_acl(entries: list[AclEntry], lets: object) -> None:
    """The entry with the lowest number decides."""
    assert (
        acl_allows(Acl(key="A", name="A", entries=tuple(entries)), INTERNET, egress=True, ports=HTTPS) is lets
    )


def test_answers_need_their_ports() -> None:
    """Answers come back to high ports: a part of them may be enough, or not."""
    acl = Acl(key="A", name="A", entries=(_entry(1, allow=True, ports=(49152, 65535)),))
    assert acl_allows(acl, INTERNET, egress=True, ports=EPHEMERAL) is None
    assert acl_allows(acl, INTERNET, egress=False, ports=EPHEMERAL) is False


BLOCKS = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 32)).map(
    lambda each: f"{'.'.join(str(each[0] >> shift & 255) for shift in (24, 16, 8, 0))}/{each[1]}"
)


@given(BLOCKS, BLOCKS)
def test_a_block_is_about_itself(block: str, other: str) -> None:
    """A rule lets through what is in its block, and what is not known of another is never sure both ways."""
    assert rule_allows(GroupRule(cidr=block), Peer(cidr=block)) is True
    there, back = (
        rule_allows(GroupRule(cidr=block), Peer(cidr=other)),
        rule_allows(GroupRule(cidr=other), Peer(cidr=block)),
    )
    assert not (there is False and back is True)
