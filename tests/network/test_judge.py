"""The verdict on a way, on plain data; the tables of tests/rules go through templates."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cdk_pull.network.judge import Judge
from cdk_pull.network.model import (
    ANYWHERE,
    Endpoint,
    GroupRule,
    Need,
    Network,
    Route,
    RouteTable,
    SecurityGroup,
    Source,
    Subnet,
    Verdict,
    Vpc,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

API = Need(name="Amazon ECR (ecr.api)", service="ecr.api", ipv6=True, by_ipv4=True)
HUB = Need(name="docker.io")
KEY = Need(name="AWS KMS", service="kms", certain=False)


def _network(services: int = 1, *routes: Route) -> Network:
    """Return a VPC with an endpoint whose security group has a rule for each of many services."""
    groups: dict[Hashable, SecurityGroup] = {
        number: SecurityGroup(key=number, name=f"group {number}", egress=(GroupRule(cidr=ANYWHERE),))
        for number in range(services)
    }
    ingress = tuple(GroupRule(ports=(443, 443), group=number) for number in range(services - 1))
    groups["E"] = SecurityGroup(key="E", name="endpoint group", ingress=ingress)
    return Network(
        vpcs={"V": Vpc(key="V", name="VPC", cidr="10.0.0.0/16")},
        subnets={"S": Subnet(key="S", name="subnet", vpc="V", cidr="10.0.1.0/24", table="T")},
        tables={"T": RouteTable(key="T", name="table", routes=routes)},
        groups=groups,
        endpoints=tuple(
            Endpoint(key=name, name=f"endpoint {name}", vpc="V", service=name, subnets=("S",), groups=("E",))
            for name in ("ecr.api", "ecr.dkr", "logs", "ssm", "kms")
        ),
    )


def _source(group: int) -> Source:
    return Source(subnet="S", groups=(group,))


def test_the_first_element_is_named() -> None:
    """A verdict names the element by its key and name, what is wrong, and what to do."""
    judge = Judge(_network(2))
    assert judge.judge(_source(0), API) == Verdict(status="reachable")
    assert judge.judge(_source(1), API) == Verdict(
        status="closed",
        element="E",
        name="endpoint group",
        reason="of endpoint ecr.api lets nothing in on port 443 from group 1",
        fix="Allow TCP port 443 in from group 1, or from the VPC's addresses",
        property="SecurityGroupIngress",
    )
    closed = judge.judge(_source(0), HUB)
    assert (closed.status, closed.element, closed.fix) == (
        "closed",
        "T",
        "Add a route 0.0.0.0/0 to a NAT gateway",
    )


def test_what_is_not_certain_is_not_known() -> None:
    """What a start may do without is never closed."""
    assert Judge(_network(2)).judge(_source(1), KEY).status == "unknown"
    assert Judge(_network(2)).judge(_source(0), KEY).status == "reachable"


def test_an_unknown_element_before_a_closed_one() -> None:
    """What is surely closed is closed, whatever is not known of the elements before it."""
    route = Route(destination=ANYWHERE, target="network", name="transit gateway")
    network = _network(1, route)
    shut = SecurityGroup(key=0, name="group 0", egress=(GroupRule(cidr="10.0.0.0/8"),))
    assert Judge(network).judge(_source(0), HUB).status == "unknown"
    closed = Judge(Network(**{**vars(network), "groups": {0: shut}})).judge(_source(0), HUB)
    assert (closed.status, closed.element) == ("closed", 0)


def test_many_services_are_judged_in_linear_time() -> None:
    """Eight times the services, with a rule each in the endpoints' group, take about eight times the calls."""
    needs = [Need(name=name, service=name) for name in ("ecr.api", "ecr.dkr", "logs", "ssm")]

    def calls(services: int) -> int:
        judge, counted = Judge(_network(services)), 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal counted
            counted += event == "call"

        sys.setprofile(count)
        try:
            for number in range(services):
                for need in needs:
                    judge.judge(_source(number), need)
        finally:
            sys.setprofile(None)
        return counted

    calls(50)
    assert calls(800) < 10 * calls(100)


def test_an_endpoint_in_unknown_subnets() -> None:
    """Where the subnets of an endpoint are not known, its security groups and policy alone decide."""
    network = _network(2)
    anywhere = tuple(replace(each, subnets=None) for each in network.endpoints)
    judge = Judge(replace(network, endpoints=anywhere))
    assert judge.judge(_source(0), API).status == "reachable"
    assert judge.judge(_source(1), API).element == "E"


@pytest.mark.parametrize(
    ("routes", "status", "reason"),
    [
        (
            (Route(destination=None, target="nat"),),
            "unknown",
            "of subnet has a route whose destination is not known",
        ),
        ((Route(destination=None, target="nat"), Route(destination=ANYWHERE, target="nat")), "reachable", ""),
    ],
)
def test_a_route_to_an_unknown_destination(routes: tuple[Route, ...], status: str, reason: str) -> None:
    """A route whose destination is not known may be the default route, where no other is."""
    verdict = Judge(_network(2, *routes)).judge(_source(0), HUB)
    assert (verdict.status, verdict.reason) == (status, reason)


def test_a_verdict_has_the_name_that_it_is_given() -> None:
    """Messages call an element by its own name, or by the one that is given."""
    group = SecurityGroup(key="G", name="group G")
    assert Verdict.at(group, "closed", "x").name == "group G"
    assert Verdict.at(group, "closed", "x", name="its group").name == "its group"
