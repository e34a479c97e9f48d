"""The one replication configuration of a registry, shared by the repositories of all stacks of a stage."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IValidation

from cdk_pull.cdk.fargate.apply_size import is_token, region_of
from cdk_pull.cdk.synth.constructs import identity, select, stage_of
from cdk_pull.cdk.synth.depend import depend
from cdk_pull.cdk.synth.environment import environment_of
from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.image.ecr import check_account, check_region
from cdk_pull.template.partitions import partition_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IConstruct

__all__ = ["Destination", "destinations_of", "replicate"]

_ID: Final = "CdkPullReplication"
_CONFIGURATION: Final = "AWS::ECR::ReplicationConfiguration"


class Destination(NamedTuple):
    """Where copies go.

    Attributes:
        region: the Region, which may be a token.
        account: the account; None for the repository's own.
    """

    region: str
    account: str | None = None


class _Rule(NamedTuple):
    """What several repositories have in common."""

    destinations: tuple[Destination, ...]
    deletes: bool


def destinations_of(
    repository: ecr.Repository, given: Sequence[str | cdk.Environment]
) -> tuple[Destination, ...]:
    """Return the destinations of a repository's images, each once.

    Raises:
        InvalidValueError: for an invalid Region or account, the repository's own registry, or one of another partition.
    """
    stack = cdk.Stack.of(repository)
    own = region_of(stack)
    account = None if is_token(stack.account) else stack.account
    found = tuple(dict.fromkeys(_destination(each, account) for each in given))
    known = [each for each in found if not cdk.Token.is_unresolved(each.region)]
    for each in known:
        if check_region(each.region) == own and each.account is None:
            raise InvalidValueError(
                f"{repository.node.path} cannot be replicated to its own Region",
                each.region,
                allowed="other Regions",
            )
        # A stack that can go to any Region goes to one partition all the same.
        home = own or known[0].region
        if partition_of(each.region) != partition_of(home):
            raise InvalidValueError(
                f"{repository.node.path} cannot be replicated to another partition than that of {home}",
                each.region,
                allowed=f"Regions of the partition {partition_of(home).partition}",
                fix="Amazon ECR replicates within a partition alone: push the images to both",
            )
    return found


def _destination(given: Any, own: str | None) -> Destination:
    if isinstance(given, str):
        return Destination(given)
    if not isinstance(given, cdk.Environment) or given.region is None:
        raise InvalidValueError(
            "destination of replication is not a Region",
            given,
            allowed="a Region, or cdk.Environment(account=…, region=…) for another account",
        )
    if given.account is not None and not is_token(given.account):
        check_account(given.account)
    return Destination(given.region, None if given.account == own else given.account)


def replicate(
    repository: ecr.Repository, destinations: tuple[Destination, ...], *, deletes: bool, backfill: bool
) -> cdk.Stack:
    """Have each image that is pushed to a repository copied, and return the stack of the configuration.

    Args:
        repository: whose images.
        destinations: where the copies go.
        deletes: whether what is deleted is deleted there, too.
        backfill: whether to copy what was pushed before.

    Raises:
        UnsupportedError: for a repository without a name of its own in another stack than the configuration.
    """
    stack = cdk.Stack.of(repository)
    replication = _shared(stack)
    home = cdk.Stack.of(replication)
    name = repository.repository_name
    if identity(home) != identity(stack):
        definition = repository.node.default_child
        stated = definition.repository_name if isinstance(definition, ecr.CfnRepository) else None
        if stated is None or is_token(stated):
            raise UnsupportedError(
                f"{repository.node.path} has a generated name, and the replication of its registry is configured in "
                f"{home.node.path}: set repository_name"
            )
        name = stated
    replication.add(name, _Rule(destinations, deletes), backfill=backfill)
    return home


def _shared(stack: cdk.Stack) -> _Replication:
    """Return the configuration of a stack's registry: in the stage's first stack that replicates from there."""
    known = stack.node.try_find_child(_ID)
    if isinstance(known, _Replication):
        return known
    stage, environment = stage_of(stack), environment_of(stack)
    for resource in select(stage, _CONFIGURATION):
        parent, other = resource.node.scope, cdk.Stack.of(resource)
        same = environment_of(other) == environment and identity(stage_of(other)) == identity(stage)
        if isinstance(parent, _Replication) and same:
            return parent
    return _Replication(stack, _ID)


@jsii.implements(IValidation)
class _Replication(Construct):
    """Grows with each repository, and refuses a second configuration for the same registry."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002 - the name that every construct gives it
        super().__init__(scope, id)
        self._names: dict[_Rule, list[str]] = {}
        self._backfilled: dict[Destination, list[str]] = {}
        self._resource: ecr.CfnReplicationConfiguration | None = None
        self._backfill: cdk.CustomResource | None = None
        self.node.add_validation(cast("IValidation", self))

    def add(self, name: str, rule: _Rule, *, backfill: bool) -> None:
        """Copy a repository.

        Raises:
            UnsupportedError: if there are more rules, filters or backfills than Amazon ECR accepts.
        """
        self._names.setdefault(rule, []).append(name)
        self._check_limits()
        configuration = ecr.CfnReplicationConfiguration.ReplicationConfigurationProperty(
            rules=[self._rule(rule, names) for rule, names in self._names.items()]
        )
        if self._resource is None:
            self._resource = ecr.CfnReplicationConfiguration(
                self, "Resource", replication_configuration=configuration
            )
        else:
            self._resource.replication_configuration = configuration
        for index, each in enumerate(self._names):
            if each.deletes:
                # The typed property is not in all releases of CDK that this package supports.
                path = f"ReplicationConfiguration.Rules.{index}.DeleteReplication"
                self._resource.add_property_override(path, {"Enabled": True})
        if backfill:
            for destination in rule.destinations:
                self._backfilled.setdefault(destination, []).append(name)
            self._start_backfill(self._resource)

    def _check_limits(self) -> None:
        limits = facts_of("ecr_replication")
        most = max(map(len, self._names.values()))
        for count, limit, what in (
            (len(self._names), limits["rules"], "different sets of destinations"),
            (most, limits["filters"], "repositories with one set of destinations"),
        ):
            if count > limit:
                raise UnsupportedError(
                    f"{self.node.path} has {count} {what}; Amazon ECR accepts {limit} in a registry: replicate by a common "
                    "prefix of the names instead"
                )

    def _start_backfill(self, configuration: ecr.CfnReplicationConfiguration) -> None:
        """Have CloudFormation ask for a backfill to each destination, once the configuration is there."""
        limit = facts_of("ecr_replication")["backfills"]
        if len(self._backfilled) > limit:
            raise UnsupportedError(
                f"{self.node.path} asks for {len(self._backfilled)} backfills; Amazon ECR runs {limit} in a registry "
                "at once: leave backfill=True out of some repositories until the others are copied"
            )
        properties = {
            "Destinations": [self._of(each) for each in self._backfilled],
            "Filters": sorted({name for names in self._backfilled.values() for name in names}),
        }
        if self._backfill is not None:
            resource = cast("cdk.CfnCustomResource", self._backfill.node.default_child)
            for key, value in properties.items():
                resource.add_property_override(key, value)
            return
        role = iam.Role(self, "BackfillRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        # The operation is about the registry, and knows no resource.
        role.add_to_policy(iam.PolicyStatement(actions=["ecr:StartReplicationBackfill"], resources=["*"]))
        function = lambda_.Function(
            self,
            "BackfillFunction",
            description="Copies what was pushed to Amazon ECR before replication was configured",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline(_handler()),
            role=role.without_policy_updates(),
            timeout=cdk.Duration.minutes(5),
            environment={"URL_SUFFIX": cdk.Aws.URL_SUFFIX},
        )
        function.node.add_dependency(role)
        self._backfill = cdk.CustomResource(
            self,
            "Backfill",
            service_token=function.function_arn,
            resource_type="Custom::CdkPullReplicationBackfill",
            properties=properties,
        )
        depend(cast("cdk.CfnResource", self._backfill.node.default_child), configuration)

    def validate(self) -> list[str]:
        """Return an error when another stage of this app, or somebody else in it, configures the same registry."""
        here = cdk.Stack.of(self)
        environment = (here.account, here.region)
        return [
            f"{other.node.path} also configures replication for account and Region of {here.node.path}, and a registry "
            "has one configuration: put the repositories that replicate into one stage"
            for other in select(self.node.root, _CONFIGURATION)
            if not self._is_ours(other) and (other.stack.account, other.stack.region) == environment
        ]

    def _is_ours(self, other: IConstruct) -> bool:
        return self._resource is not None and identity(other) == identity(self._resource)

    def _of(self, destination: Destination) -> dict[str, str]:
        account = destination.account or cdk.Stack.of(self).account
        return {"region": destination.region, "registryId": account}

    def _rule(self, rule: _Rule, names: list[str]) -> ecr.CfnReplicationConfiguration.ReplicationRuleProperty:
        replication = ecr.CfnReplicationConfiguration
        found = [self._of(each) for each in rule.destinations]
        return replication.ReplicationRuleProperty(
            destinations=[
                replication.ReplicationDestinationProperty(
                    region=each["region"], registry_id=each["registryId"]
                )
                for each in found
            ],
            repository_filters=[
                replication.RepositoryFilterProperty(filter=name, filter_type="PREFIX_MATCH")
                for name in names
            ],
        )


def _handler() -> str:
    """Return the code of the function; its SDK is Lambda's, which need not be here."""
    return files("cdk_pull.image").joinpath("backfill_handler.py").read_text(encoding="utf-8")
