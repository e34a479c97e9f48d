"""The way from tasks and instances to what their start needs, in the network of an assembly.

Source: data/pull_endpoints.json.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.data import facts_of
from cdk_pull.iam.policy import Request
from cdk_pull.iam.text import ANY_CHARACTER, text
from cdk_pull.image.ecr import EcrRegistry
from cdk_pull.network.judge import Judge
from cdk_pull.network.model import Need, Network, Source, Verdict
from cdk_pull.records import dataclass
from cdk_pull.template.text import pseudo
from cdk_pull.template.values import Unknown, is_not_false
from cdk_pull.template.vpc.keys import Elements
from cdk_pull.template.vpc.reader import read_network

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from cdk_pull.template.assembly import Assembly
    from cdk_pull.template.context import Context
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.services import Service
    from cdk_pull.template.ecs.start_needs import StartNeed
    from cdk_pull.template.model import PathStep, Resource
    from cdk_pull.template.outsiders import Outsiders

__all__ = ["EcsNetwork", "Puller", "endpoint_services", "instance_needs", "network_needs", "service_needs"]


@dataclass(frozen=True, kw_only=True)
class Puller:
    """Where images are pulled: one subnet of a service, or of what launches instances.

    Attributes:
        source: what asks, as the model has it.
        subnet: the value that names the subnet.
        resource: where that stands.
        path: below the resource.
        groups_path: where its security groups stand, below the resource; as ``path`` where there are none.
    """

    source: Source
    subnet: Any
    resource: Resource
    path: tuple[PathStep, ...]
    groups_path: tuple[PathStep, ...]


class EcsNetwork:
    """The network of an assembly, and who pulls in it."""

    def __init__(self, assembly: Assembly, outsiders: Outsiders) -> None:
        self._assembly = assembly
        self._elements = Elements(assembly, outsiders)

    @cached_property
    def network(self) -> Network:
        """The network as plain data."""
        return read_network(self._elements)

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self.network)

    def judge(self, source: Source, need: Need) -> Verdict:
        """Return whether a source reaches what it needs, and otherwise the first element that stops it."""
        return self._judge.judge(source, need)

    def resource(self, key: Hashable) -> Resource | None:
        """Return the resource of an element; that of the VPC for what a VPC has by itself."""
        return self._elements.resource(key)

    def of_tasks(self, service: Service) -> Iterator[Puller]:
        """Yield where the tasks of a service on Fargate pull."""
        settings, path = service.start.network
        exact = service.start.exact
        public = settings.get("AssignPublicIp", "DISABLED")
        groups = self._elements.keys(settings.get("SecurityGroups"))
        subnets = settings.get("Subnets")
        for index, subnet in enumerate(_listed(subnets)):
            yield Puller(
                source=Source(
                    subnet=self._elements.key(subnet),
                    subnet_name=f"subnet {subnet}",
                    groups=groups,
                    public=None if isinstance(public, Unknown) else public != "DISABLED",
                ),
                subnet=subnet,
                resource=service.resource,
                path=(*path, "Subnets", index) if exact and isinstance(subnets, list) else path,
                groups_path=(*path, "SecurityGroups") if exact and groups != () else path,
            )

    def of_instances(self, capacity: Capacity) -> Iterator[Puller]:
        """Yield where the instances of a capacity pull."""
        groups, groups_path = self._groups_of(capacity)
        for holder, subnets, path in _subnets_of(capacity):
            for index, value in enumerate(subnets):
                subnet = self._assembly.find(value)
                public = capacity.public
                if public is None and subnet is not None:
                    public = is_not_false(subnet.values.get("MapPublicIpOnLaunch", False))
                yield Puller(
                    source=Source(
                        subnet=self._elements.key(value),
                        subnet_name=f"subnet {value}",
                        groups=groups,
                        public=public,
                        fargate=False,
                    ),
                    subnet=value,
                    resource=holder,
                    path=(*path, index),
                    groups_path=groups_path if holder is capacity.resource else (*path, index),
                )

    def _groups_of(self, capacity: Capacity) -> tuple[tuple[Hashable, ...] | None, tuple[PathStep, ...]]:
        interfaces = capacity.settings.get("NetworkInterfaces")
        first = interfaces[0] if isinstance(interfaces, list) and interfaces else None
        if isinstance(first, dict):
            keys = self._elements.keys(first.get("Groups", first.get("GroupSet")))
            return keys, (*capacity.base, "NetworkInterfaces")
        for name in ("SecurityGroupIds", "SecurityGroups"):
            if name in capacity.settings:
                return self._elements.keys(capacity.settings[name]), (*capacity.base, name)
        return (), capacity.base


def _listed(subnets: Any) -> list[Any]:
    """Return the subnets of a list; of one that only the deployment knows, the whole as one of them."""
    return subnets if isinstance(subnets, list) else [subnets] if isinstance(subnets, Unknown) else []


def _subnets_of(capacity: Capacity) -> Iterator[tuple[Resource, list[Any], tuple[PathStep, ...]]]:
    """Yield the subnets that a capacity launches instances in, with what names them and where."""
    for group in capacity.groups:
        if subnets := _listed(group.values.get("VPCZoneIdentifier")):
            yield group, subnets, ("Properties", "VPCZoneIdentifier")
    subnet = capacity.settings.get("SubnetId")
    if subnet is not None and capacity.resource.type == "AWS::EC2::Instance":
        yield capacity.resource, [subnet], (*capacity.base, "SubnetId")


def network_needs(need: StartNeed, context: Context) -> Iterator[Need]:
    """Yield what a start asks of the network for one need, in a stack."""
    facts = facts_of("pull_endpoints")
    own = context.environment.region
    # The Region that an image names is the stack's own, as far as nobody says which that is.
    region = None if own is None or need.region == own else need.region
    if need.kind == "registry":
        yield Need(name=need.host)
        return
    host = EcrRegistry.of_host(need.host) if need.kind == "ecr" else None
    dual_stack = host is not None and host.dual_stack
    for service in facts["needs"].get(need.kind, ()):
        name = facts["names"][service]
        yield Need(
            name=f"{name} in {region}" if region else name,
            service=service,
            region=region,
            ipv6=dual_stack if service == "ecr.dkr" else facts["ipv6"].get(service),
            by_ipv4=service == "ecr.api",
            through_endpoint=None if dual_stack and service == "ecr.dkr" else True,
            requests=_requests(service, need, context, region),
            # Whether a key of one's own is asked for by the service itself, the guides do not agree on.
            certain=service != "kms",
        )


def instance_needs() -> Iterator[Need]:
    """Yield what an instance asks of the network before it gets tasks."""
    facts = facts_of("pull_endpoints")
    yield from (Need(name=facts["names"][service], service=service) for service in facts["needs"]["instance"])


def service_needs(services: Iterable[str]) -> Iterator[Need]:
    """Yield the need for each of some services of AWS, by the name of its endpoint."""
    names = facts_of("pull_endpoints")["names"]
    yield from (Need(name=names[service], service=service) for service in services)


def endpoint_services() -> tuple[str, ...]:
    """Return the services that a start may ask, by the names of their endpoints."""
    return tuple(facts_of("pull_endpoints")["names"])


_ACTIONS: Final = {
    "ecr.api": ("ecr:GetAuthorizationToken",),
    "ecr.dkr": ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    "s3": ("s3:GetObject",),
    "secretsmanager": ("secretsmanager:GetSecretValue",),
    "ssm": ("ssm:GetParameters",),
    "logs": ("logs:CreateLogStream", "logs:PutLogEvents"),
}


def _requests(service: str, need: StartNeed, context: Context, region: str | None) -> tuple[Request, ...]:
    """Return what the policy of an endpoint has to allow."""
    on = need.resources
    if service == "ecr.api":
        on = (("*",),)
    elif service == "s3":
        before, after = facts_of("pull_endpoints")["layers"].split("{region}")
        place = (region,) if region else pseudo(context, "Region")
        on = (text("arn:", pseudo(context, "Partition"), f":s3:::{before}", place, after, ANY_CHARACTER),)
    return tuple(Request(action=action, resources=on) for action in _ACTIONS.get(service, ()))
