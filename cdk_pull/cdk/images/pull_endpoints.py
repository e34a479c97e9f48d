"""The VPC endpoints that the start of tasks lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_pull.cdk.synth.complete import when_complete
from cdk_pull.cdk.synth.constructs import identity, select, stage_of, warn
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.cdk.synth.unwritten import UnwrittenApp
from cdk_pull.cdk.synth.written import logical_ids
from cdk_pull.decision import Decision
from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.network.cost import way_cost
from cdk_pull.network.missing import MissingEndpoints, missing_endpoints
from cdk_pull.template.ecs.network import (
    endpoint_services,
    instance_needs,
    network_needs,
    service_needs,
)
from cdk_pull.template.ecs.view import EcsView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdk_pull.network.model import Need

__all__ = ["PullEndpoints"]

_ID: Final = "PullEndpoints"
_S3: Final = "s3"
# What every task asks for that pulls from Amazon ECR and writes logs.
_ALWAYS: Final = ("ecr.api", "ecr.dkr", _S3, "logs")
_CLOSED: Final = "cdk-pull:closedEndpoint"
_UNKNOWN: Final = "cdk-pull:endpointUnknown"
_OUTSIDE: Final = "cdk-pull:noEndpoint"
_DEFAULT_GB: Final = 100.0


class PullEndpoints(Construct):
    """Add the VPC endpoints that the start of tasks lacks in a VPC, and no others.

    When CDK writes the templates, the way from each private and isolated subnet is followed to what the app's task
    definitions need: Amazon ECR (``ecr.api``, ``ecr.dkr``), Amazon S3 for the layers, ``logs``, and ``secretsmanager``,
    ``ssm`` and ``kms`` where secrets are used; for EC2 capacity also ``ecs``, ``ecs-agent`` and ``ecs-telemetry``. An
    endpoint is added for what has no way::

        PullEndpoints(vpc)

    - An interface endpoint is in one subnet of each Availability Zone, has private DNS, and a security group that lets
      HTTPS in from the subnets.
    - The gateway endpoint for Amazon S3 lets the layers of Amazon ECR through, and nothing else, as nothing else had a way
      before. With ``beside_nat`` it lets everything through: the routes then lead all of Amazon S3 to it.
    - An endpoint that is there and closed is not doubled: the warning ``cdk-pull:closedEndpoint`` says what to open.
    - What only the deployment knows is the warning ``cdk-pull:endpointUnknown``; what no endpoint leads to, such as
      Docker Hub, is ``cdk-pull:noEndpoint``.

    An interface endpoint costs about $7.30 per month and Availability Zone, the gateway endpoint nothing
    (data/vpc_prices.json). The decision compares them with NAT gateways. A new gateway endpoint cuts open connections to
    Amazon S3 for a moment. No logical id changes.

    Args:
        scope: where to add them; or the VPC itself.
        vpc: the VPC; the scope where that is one.
        subnets: those that tasks run in. The private and isolated ones by default.
        services: further services that are needed, such as ``["secretsmanager"]``; their endpoints are added where it is
            not known whether there is a way, too.
        existing: the endpoints that an imported VPC has, such as ``["s3"]``; ``[]`` for none. Required for an imported VPC,
            of which nothing is seen.
        beside_nat: whether to add endpoints for what is reached through a NAT gateway, too. False by default.
        gb_per_month: images that are pulled in a month, in GB, for the cost. 100 by default.

    Raises:
        InvalidValueError: if there is no VPC, for an unknown service, or a negative number of GB.
        UnsupportedError: for an imported VPC without ``existing``, or another VPC with it.
    """

    def __init__(
        self,
        scope: Construct | ec2.IVpc,
        id: str = _ID,  # noqa: A002 - the name that every construct gives it
        *,
        vpc: ec2.IVpc | None = None,
        subnets: ec2.SubnetSelection | None = None,
        services: Sequence[str] = (),
        existing: Sequence[str] | None = None,
        beside_nat: bool = False,
        gb_per_month: float = _DEFAULT_GB,
    ) -> None:
        """Add the VPC endpoints that the start of tasks lacks in a VPC, and no others."""
        found: Any = scope if vpc is None else vpc
        if not hasattr(found, "vpc_id"):
            raise InvalidValueError(
                "vpc is missing or is not a VPC", found, allowed="an ec2.Vpc, made here or imported"
            )
        checked = [_checked("services", services), _checked("existing", existing or ())]
        way_cost(interfaces=0, zones=0, nat_gateways=0, gb_per_month=gb_per_month)
        super().__init__(scope, id)  # type: ignore[arg-type] # a VPC is a construct
        self._vpc: ec2.IVpc = found
        self._definition = found.node.default_child if isinstance(found, ec2.Vpc) else None
        if self._definition is None and existing is None:
            raise UnsupportedError(
                f"{found.node.path} is imported, so that its endpoints are not seen: pass existing=['s3', …] with those that "
                "it has, or existing=[] for none"
            )
        if self._definition is not None and existing is not None:
            raise UnsupportedError(
                f"existing is for imported VPCs; the endpoints of {found.node.path} are seen: leave it out"
            )
        self._services, self._existing = checked
        self._subnets = self._selected(subnets)
        self._beside_nat, self._gb = beside_nat, gb_per_month
        self._done = False
        when_complete(self, self._complete)

    def _selected(self, selection: ec2.SubnetSelection | None) -> list[ec2.ISubnet]:
        if selection is not None:
            return list(self._vpc.select_subnets(**selection._values).subnets)  # noqa: SLF001 - a struct of CDK, whose properties are its keywords
        return [*self._vpc.private_subnets, *self._vpc.isolated_subnets]

    def _complete(self) -> None:
        if self._done:
            return
        self._done = True
        view = self._view()
        needs = list(dict.fromkeys([*service_needs(self._services), *_needs(view)]))
        found = self._missing(view, needs) if self._definition is not None else self._asked_for(needs)
        for service in [each for each in self._services if each in found.unknown]:
            # Whoever names it knows more than the templates.
            del found.unknown[service]
            found.missing[service] = [identity(each) for each in self._subnets]
        interfaces = [each for each in found.missing if each != _S3]
        zones = self._add(found, interfaces)
        self._tell(found)
        gateways = len(view.network.network.nat_gateways) or 1
        cost = way_cost(interfaces=len(interfaces), zones=zones, nat_gateways=gateways, gb_per_month=self._gb)
        record(self.node, _decision(found, zones, str(cost)))

    def _view(self) -> EcsView:
        """Return what this stage has of Amazon ECS and of the network."""
        own = identity(stage_of(self))
        around = select(
            stage_of(self), "AWS::ECS::TaskDefinition", "AWS::EC2::LaunchTemplate", "AWS::EC2::VPCEndpoint"
        )
        stacks = {identity(each): each for each in (cdk.Stack.of(self._vpc), cdk.Stack.of(self))}
        for resource in around:
            stack = cdk.Stack.of(resource)
            if identity(stage_of(stack)) == own:
                stacks.setdefault(identity(stack), stack)
        return EcsView(UnwrittenApp(self).assembly(stacks.values()))

    def _missing(self, view: EcsView, needs: Sequence[Need]) -> MissingEndpoints:
        """Return what the VPC lacks, by the way from each subnet."""
        stack = cdk.Stack.of(self._vpc)
        l1 = [each.node.default_child for each in self._subnets]
        resources = [each for each in (self._definition, *l1) if isinstance(each, cdk.CfnResource)]
        keys = [(identity(stack), each) for each in logical_ids(stack, resources)]
        return missing_endpoints(view.network.network, keys[0], keys[1:], needs, beside_nat=self._beside_nat)

    def _asked_for(self, needs: Sequence[Need]) -> MissingEndpoints:
        """Return what an imported VPC lacks, by what is said of it: private subnets have a NAT gateway, isolated have none."""
        found = MissingEndpoints()
        isolated = {identity(each) for each in self._vpc.isolated_subnets}
        behind_nat = [each for each in self._subnets if identity(each) not in isolated]
        lacking = (
            self._subnets if self._beside_nat else [each for each in self._subnets if each not in behind_nat]
        )
        for need in needs:
            if not need.service or need.region is not None:
                continue
            if need.service in self._existing or not lacking:
                found.reached.append(need.service)
            else:
                found.missing[need.service] = [identity(each) for each in lacking]
        return found

    def _add(self, found: MissingEndpoints, interfaces: Sequence[str]) -> int:
        """Add what is missing, and return the number of Availability Zones."""
        if not found.missing:
            return 0
        zones = {each.availability_zone: each for each in reversed(self._subnets)}
        if interfaces:
            group = ec2.SecurityGroup(
                self,
                "Group",
                vpc=self._vpc,
                description="VPC endpoints for the start of tasks",
                allow_all_outbound=False,
            )
            for block in self._blocks():
                group.add_ingress_rule(block, ec2.Port.tcp(443), "HTTPS from the subnets of tasks")
            for service in interfaces:
                ec2.InterfaceVpcEndpoint(
                    self,
                    _name(service),
                    vpc=self._vpc,
                    service=ec2.InterfaceVpcEndpointAwsService(service),
                    subnets=ec2.SubnetSelection(subnets=list(zones.values())),
                    security_groups=[group],
                    open=False,
                    private_dns_enabled=True,
                )
        if _S3 in found.missing:
            gateway = ec2.GatewayVpcEndpoint(
                self,
                "S3",
                vpc=self._vpc,
                service=ec2.GatewayVpcEndpointAwsService.S3,
                subnets=[ec2.SubnetSelection(subnets=self._subnets)],
            )
            if not self._beside_nat:
                stack = cdk.Stack.of(self)
                bucket = f"arn:{stack.partition}:s3:::prod-{stack.region}-starport-layer-bucket/*"
                gateway.add_to_policy(
                    iam.PolicyStatement(
                        actions=["s3:GetObject"], resources=[bucket], principals=[iam.AnyPrincipal()]
                    )
                )
        return len(zones)

    def _blocks(self) -> Iterator[ec2.IPeer]:
        """Yield the addresses of the subnets; those of the VPC where they are not known."""
        try:
            blocks = [each.ipv4_cidr_block for each in self._subnets]
        except RuntimeError:
            blocks = [self._vpc.vpc_cidr_block]
        yield from (ec2.Peer.ipv4(each) for each in dict.fromkeys(blocks))

    def _tell(self, found: MissingEndpoints) -> None:
        for service, verdict in found.closed.items():
            warn(
                self,
                _CLOSED,
                f"{service} has no way, and adding an endpoint does not open it: {verdict}. {verdict.fix}",
            )
        for service, verdict in found.unknown.items():
            way = f"pass services=['{service}'] to add an endpoint, or acknowledge this where there is a way"
            warn(self, _UNKNOWN, f"whether there is a way to {service} is not known: {verdict}; {way}")
        for name, verdict in found.outside.items():
            warn(
                self,
                _OUTSIDE,
                f"no endpoint leads to {name}: {verdict}. Pull the image through a cache (PullThroughCache), copy it to Amazon "
                "ECR in this Region, or use a NAT gateway",
            )


def _needs(view: EcsView) -> Iterator[Need]:
    """Yield what the tasks and instances of an app ask of the network."""
    tasks = view.tasks
    for task in tasks:
        for start in view.needs(task):
            yield from network_needs(start, task.resource.template.context)
    if not tasks:
        yield from service_needs(_ALWAYS)
    if view.capacities:
        yield from instance_needs()


def _checked(name: str, services: Sequence[str]) -> tuple[str, ...]:
    if isinstance(services, str) or not hasattr(services, "__iter__"):
        raise InvalidValueError(f"{name} must be a list", services, allowed=f"[{services!r}]")
    known = endpoint_services()
    for each in services:
        if each not in known:
            raise InvalidValueError(f"unknown service in {name}", each, allowed=known)
    return tuple(services)


def _name(service: str) -> str:
    return "".join(part.title() for part in service.replace(".", "-").split("-"))


def _decision(found: MissingEndpoints, zones: int, cost: str) -> Decision:
    added = ", ".join(found.missing)
    notes = [
        *(f"{service} is closed at {verdict.name}" for service, verdict in found.closed.items()),
        *(f"{service} is not known" for service in found.unknown),
    ]
    decided = f"adds endpoints for {added} in {zones} Availability Zones" if added else "adds no endpoint"
    return Decision(
        topic="pull-endpoints",
        decided="; ".join([decided, *notes]),
        why="the way to these services is closed without an endpoint"
        if added
        else "there is a way to every service that a start asks, or it cannot be opened by an endpoint",
        cost=cost,
        confidence="read from the routes, endpoints and security groups of the templates",
        details={"added": list(found.missing), "reached": found.reached, "closed": list(found.closed)},
    )
