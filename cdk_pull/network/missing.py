"""Which VPC endpoints a network lacks for what starts in it, and which are there and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.network.judge import Judge
from cdk_pull.network.model import ANYWHERE, ANYWHERE_V6, GroupRule, SecurityGroup, Source, Verdict
from cdk_pull.records import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from cdk_pull.network.model import Need, Network

__all__ = ["MissingEndpoints", "missing_endpoints"]

_S3: Final = "s3"
# What asks is taken to let everything out: the question is what the network lacks, not a security group.
_OPEN: Final = SecurityGroup(
    key="open",
    name="the task's security group",
    egress=(GroupRule(protocol="-1", cidr=ANYWHERE), GroupRule(protocol="-1", cidr=ANYWHERE_V6)),
)


@dataclass(kw_only=True)
class MissingEndpoints:
    """What a network lacks.

    Attributes:
        missing: the services without a way, each with the keys of the subnets that need one.
        reached: the services that all subnets reach.
        closed: what stops the way through an endpoint that is there, by service.
        unknown: why it is not known whether there is a way, by service.
        outside: what no endpoint leads to, with why it is not reached.
    """

    missing: dict[str, list[Hashable]] = field(default_factory=dict)
    reached: list[str] = field(default_factory=list)
    closed: dict[str, Verdict] = field(default_factory=dict)
    unknown: dict[str, Verdict] = field(default_factory=dict)
    outside: dict[str, Verdict] = field(default_factory=dict)


def missing_endpoints(
    network: Network, vpc: Hashable, subnets: Sequence[Hashable], needs: Iterable[Need], *, beside_nat: bool
) -> MissingEndpoints:
    """Return what subnets lack to reach what is needed.

    Args:
        network: with the VPC and what is known of it.
        vpc: its key.
        subnets: the keys of those that something starts in, without public addresses.
        needs: what a start asks for.
        beside_nat: whether a service that is reached by a NAT gateway lacks an endpoint, too.
    """
    judge = Judge(replace(network, groups={**network.groups, _OPEN.key: _OPEN}))
    there = network.endpoints_of.get(vpc, ())
    found = MissingEndpoints()
    for need in dict.fromkeys(needs):
        exists = any(each.service == need.service and each.region == need.region for each in there)
        for subnet in subnets:
            source = Source(subnet=subnet, groups=(_OPEN.key,), public=False)
            verdict = judge.judge(source, need)
            if verdict.status == "unknown" and need.ipv6 is None:
                # Where IPv6 has no way, either, it does not matter whether the service answers by IPv6.
                by_ipv6 = judge.judge(source, replace(need, ipv6=True))
                verdict = by_ipv6 if by_ipv6.status == "closed" else verdict
            _add(found, need, subnet, verdict, exists=exists, vpc=vpc, beside_nat=beside_nat)
    _without_names(found, network, vpc)
    lacking = {*found.missing, *found.closed, *found.unknown}
    found.reached = [each for each in dict.fromkeys(found.reached) if each not in lacking]
    return found


def _without_names(found: MissingEndpoints, network: Network, vpc: Hashable) -> None:
    """Take what a VPC without DNS host names lacks for closed: an interface endpoint has no private DNS there."""
    own = network.vpcs.get(vpc)
    if own is None or (own.dns_hostnames is not False and own.dns_support is not False):
        return
    setting = "EnableDnsSupport" if own.dns_support is False else "EnableDnsHostnames"
    verdict = Verdict.at(
        own,
        "closed",
        f"has {setting}: false, without which an endpoint cannot have private DNS",
        fix=f"Set {setting}: true",
        property=setting,
    )
    for service in [each for each in found.missing if each != _S3]:
        del found.missing[service]
        found.closed.setdefault(service, verdict)


def _add(
    found: MissingEndpoints,
    need: Need,
    subnet: Hashable,
    verdict: Verdict,
    *,
    exists: bool,
    vpc: Hashable,
    beside_nat: bool,
) -> None:
    if not need.service or need.region is not None:
        if verdict.status == "closed":
            found.outside.setdefault(need.name, verdict)
    elif verdict.status == "reachable":
        if beside_nat and not exists:
            found.missing.setdefault(need.service, []).append(subnet)
        else:
            found.reached.append(need.service)
    elif verdict.status == "closed" and (exists or verdict.element == vpc):
        found.closed.setdefault(need.service, verdict)
    elif verdict.status == "closed":
        subnets = found.missing.setdefault(need.service, [])
        if subnet not in subnets:
            subnets.append(subnet)
    else:
        found.unknown.setdefault(need.service, verdict)
