"""A network as plain data: whoever has a template, an app or an account fills it in.

Every element has a ``key`` that no other element has, and a ``name`` by which messages call it, such as
``security group TaskGroup``. None stands for what only the deployment knows.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from cdk_pull.records import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from cdk_pull.iam.policy import Policy, Request

__all__ = [
    "ALL_PORTS",
    "ANYWHERE",
    "ANYWHERE_V6",
    "Acl",
    "AclEntry",
    "Endpoint",
    "Gateway",
    "GroupRule",
    "NatGateway",
    "Need",
    "Network",
    "Route",
    "RouteTable",
    "SecurityGroup",
    "Source",
    "Subnet",
    "Target",
    "Verdict",
    "Vpc",
]

ANYWHERE: Final = "0.0.0.0/0"
ANYWHERE_V6: Final = "::/0"
ALL_PORTS: Final = (0, 65535)

Target = Literal["internet", "egress-only", "nat", "network", "device", "unknown"]
"""Where a route leads: an internet gateway, an egress-only one, a NAT gateway; another network, such as a transit gateway's;
a device in the network, such as an instance or a firewall; or what is not known."""


class _Element(Protocol):
    @property
    def key(self) -> Hashable: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """One rule of a security group.

    Attributes:
        protocol: such as ``tcp``, or ``-1`` for all.
        ports: the first and the last.
        cidr: whom it is about, by addresses; empty where it is about a group or a list.
        group: whom it is about, by the key of a security group; None where it is about none.
        prefix_list: whom it is about, by a service such as ``s3``; empty where it is about none. ``?`` is a list of
            which nothing is known.
    """

    protocol: str | None = "tcp"
    ports: tuple[int, int] | None = ALL_PORTS
    cidr: str | None = ""
    group: Hashable = None
    prefix_list: str = ""


@dataclass(frozen=True, kw_only=True)
class SecurityGroup:
    """A security group.

    Attributes:
        egress: what it lets out.
        ingress: what it lets in.
        unclear: why it may have further rules; empty where it has not.
    """

    key: Hashable
    name: str
    egress: tuple[GroupRule, ...] = ()
    ingress: tuple[GroupRule, ...] = ()
    unclear: str = ""

    @cached_property
    def ingress_of_groups(self) -> Mapping[Hashable, tuple[GroupRule, ...]]:
        """The rules on what comes in from other groups, by group: an endpoint's may have one for every service."""
        found: dict[Hashable, tuple[GroupRule, ...]] = {}
        for rule in self.ingress:
            if rule.group is not None:
                found[rule.group] = (*found.get(rule.group, ()), rule)
        return found

    @cached_property
    def ingress_of_addresses(self) -> tuple[GroupRule, ...]:
        """The rules on what comes in from addresses."""
        return tuple(rule for rule in self.ingress if rule.group is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AclEntry:
    """One entry of a network ACL."""

    number: int | None
    egress: bool | None
    allow: bool | None
    protocol: str | None = "-1"
    ports: tuple[int, int] | None = ALL_PORTS
    cidr: str | None = ANYWHERE


@dataclass(frozen=True, kw_only=True)
class Acl:
    """A network ACL; what no entry allows is denied."""

    key: Hashable
    name: str
    entries: tuple[AclEntry, ...] = ()
    unclear: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route.

    Attributes:
        destination: a block of addresses, or ``list`` for a prefix list.
        target: where it leads.
        to: the key of the gateway, where that is in the network.
        name: of what it leads to.
    """

    destination: str | None
    target: Target
    to: Hashable = None
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class RouteTable:
    """A route table; the local route is not listed."""

    key: Hashable
    name: str
    routes: tuple[Route, ...] = ()
    unclear: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """An internet gateway; ``attached`` to a VPC, or not."""

    key: Hashable
    name: str
    attached: bool | None = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NatGateway:
    """A NAT gateway, in a subnet; a private one reaches no internet by itself."""

    key: Hashable
    name: str
    subnet: Hashable = None
    public: bool | None = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Vpc:
    """A VPC.

    Attributes:
        cidr: its first block of IPv4 addresses.
        dns_support: whether its resolver answers.
        dns_hostnames: whether it has host names, which private DNS of endpoints asks for.
        own_resolver: whether a DHCP options set may name another resolver.
        gateway: the name of the internet gateway that is attached to it; empty where there is none.
        unclear: why it may have endpoints that are not here; empty where it has not.
    """

    key: Hashable
    name: str
    cidr: str | None = None
    dns_support: bool | None = True
    dns_hostnames: bool | None = True
    own_resolver: bool = False
    gateway: str = ""
    unclear: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A subnet.

    Attributes:
        vpc: the key of its VPC; None where that is not known.
        cidr: its IPv4 addresses.
        has_ipv6: whether it has IPv6 addresses.
        ipv6_only: whether it has no IPv4 addresses.
        dns64: whether its resolver gives IPv6 addresses for names that have IPv4 addresses alone.
        table: the key of its route table.
        acl: the key of its network ACL; None where it has the VPC's own.
        unclear: why its route table is not known; empty where it is.
    """

    key: Hashable
    name: str
    vpc: Hashable = None
    cidr: str | None = None
    has_ipv6: bool | None = False
    ipv6_only: bool | None = False
    dns64: bool | None = False
    table: Hashable = None
    acl: Hashable = None
    unclear: str = ""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A VPC endpoint.

    Attributes:
        service: such as ``ecr.api``; None for one that is not known.
        region: of the service; None for the VPC's own.
        gateway: whether it is a gateway endpoint, which routes lead to.
        subnets: the keys of those that an interface endpoint is in; None where they are not known.
        tables: the keys of the route tables that lead to a gateway endpoint; None where some are not known.
        groups: the keys of an interface endpoint's security groups; None for one that is not known.
        private_dns: whether the service's own names lead to it.
        policy: what may be done through it; None where that is everything.
    """

    key: Hashable
    name: str
    vpc: Hashable = None
    service: str | None = None
    region: str | None = None
    gateway: bool = False
    subnets: tuple[Hashable, ...] | None = ()
    tables: tuple[Hashable, ...] | None = ()
    groups: tuple[Hashable, ...] | None = ()
    private_dns: bool | None = True
    ipv6: bool | None = False
    policy: Policy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What asks: a task on Fargate, or an instance.

    Attributes:
        subnet: the key of its subnet.
        subnet_name: how messages call a subnet that is not in the network.
        groups: the keys of its security groups; None for one that is not known.
        public: whether it has a public IPv4 address.
        fargate: whether it is a task on Fargate.
    """

    subnet: Hashable
    subnet_name: str = ""
    groups: tuple[Hashable, ...] | None = ()
    public: bool | None = False
    fargate: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What is asked for, over HTTPS.

    Attributes:
        name: how messages call it, such as ``Amazon ECR (ecr.api)``.
        service: whose endpoint serves it, such as ``ecr.api``; empty where no endpoint does.
        region: of the service; None for the VPC's own.
        ipv6: whether it answers by IPv6.
        by_ipv4: whether a task that has both addresses asks by IPv4 alone.
        through_endpoint: whether its name works through an endpoint.
        requests: what an endpoint's policy has to allow.
        certain: whether the start surely fails without it.
    """

    name: str
    service: str = ""
    region: str | None = None
    ipv6: bool | None = None
    by_ipv4: bool = False
    through_endpoint: bool | None = True
    requests: tuple[Request, ...] = ()
    certain: bool = True

    def __hash__(self) -> int:
        return hash((self.name, self.service, self.region))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a source reaches what it needs.

    Attributes:
        status: ``reachable``, ``closed``, or ``unknown``.
        element: the key of the first element on the way that stops it, or that is not known; None for the source itself.
        name: how messages call the element.
        reason: what is wrong with the element, or not known of it, after its name.
        fix: what to do.
        property: the property of the element that is about it, such as ``PrivateDnsEnabled``; empty where it is the whole.
        or_endpoint: whether an endpoint would do, too, where the service has one.
    """

    status: Literal["reachable", "closed", "unknown"]
    element: Hashable = None
    name: str = ""
    reason: str = ""
    fix: str = ""
    property: str = ""
    or_endpoint: bool = False

    def __str__(self) -> str:
        return f"{self.name} {self.reason}".strip()

    @classmethod
    def at(
        cls, element: _Element, status: Literal["closed", "unknown"], reason: str, name: str = "", **more: Any
    ) -> Verdict:
        """Return the verdict that stops at an element; messages call it by its own name where no other is given."""
        return cls(status=status, element=element.key, name=name or element.name, reason=reason, **more)


@dataclass(frozen=True, kw_only=True)
class Network:
    """All elements, by their keys."""

    vpcs: Mapping[Hashable, Vpc] = field(default_factory=dict)
    subnets: Mapping[Hashable, Subnet] = field(default_factory=dict)
    tables: Mapping[Hashable, RouteTable] = field(default_factory=dict)
    gateways: Mapping[Hashable, Gateway] = field(default_factory=dict)
    nat_gateways: Mapping[Hashable, NatGateway] = field(default_factory=dict)
    acls: Mapping[Hashable, Acl] = field(default_factory=dict)
    groups: Mapping[Hashable, SecurityGroup] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()

    @cached_property
    def _endpoints_for(self) -> Mapping[tuple[Hashable, str | None, str | None], tuple[Endpoint, ...]]:
        found: dict[tuple[Hashable, str | None, str | None], list[Endpoint]] = {}
        for endpoint in self.endpoints:
            service = endpoint.service
            found.setdefault((endpoint.vpc, service, service and endpoint.region), []).append(endpoint)
        return {key: tuple(each) for key, each in found.items()}

    def endpoints_for(self, vpc: Hashable, need: Need) -> tuple[Endpoint, ...]:
        """Return the endpoints of a VPC that serve what is needed, or may."""
        sure = self._endpoints_for.get((vpc, need.service, need.region), ())
        return (*sure, *self._endpoints_for.get((vpc, None, None), ()))

    @cached_property
    def endpoints_of(self) -> Mapping[Hashable, tuple[Endpoint, ...]]:
        """The endpoints by VPC; under None those of a VPC that is not known."""
        found: dict[Hashable, list[Endpoint]] = {}
        for endpoint in self.endpoints:
            found.setdefault(endpoint.vpc, []).append(endpoint)
        return {vpc: tuple(each) for vpc, each in found.items()}
