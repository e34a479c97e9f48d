"""The one replication configuration of a registry, shared by the repositories of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from constructs import Construct, IValidation

from cdk_pull.cdk.fargate.apply_size import region_of
from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.errors import InvalidValueError
from cdk_pull.image.ecr import check_region
from cdk_pull.template.partitions import partition_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IConstruct

__all__ = ["replicate"]

_ID = "CdkPullReplication"


def replicate(repository: ecr.Repository, regions: Sequence[str]) -> None:
    """Have each image that is pushed to a repository copied to other Regions.

    Raises:
        InvalidValueError: for an invalid Region, the stack's own, or one of another partition.
    """
    stack = cdk.Stack.of(repository)
    own = region_of(stack)
    known = [region for region in regions if not cdk.Token.is_unresolved(region)]
    for region in known:
        if check_region(region) == own:
            raise InvalidValueError(
                f"{repository.node.path} cannot be replicated to its own Region",
                region,
                allowed="other Regions",
            )
        # A stack that can go to any Region goes to one partition all the same.
        home = own or known[0]
        if partition_of(region) != partition_of(home):
            raise InvalidValueError(
                f"{repository.node.path} cannot be replicated to another partition than that of {home}",
                region,
                allowed=f"Regions of the partition {partition_of(home).partition}",
                fix="Amazon ECR replicates within a partition alone: push the images to both",
            )
    shared = stack.node.try_find_child(_ID)
    replication = shared if isinstance(shared, _Replication) else _Replication(stack, _ID)
    replication.add(repository, tuple(dict.fromkeys(regions)))


@jsii.implements(IValidation)
class _Replication(Construct):
    """Grows with each repository of the stack, and refuses a second one for the same registry."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002 - the name that every construct gives it
        super().__init__(scope, id)
        self._names: dict[tuple[str, ...], list[str]] = {}
        self._resource: ecr.CfnReplicationConfiguration | None = None
        self.node.add_validation(cast("IValidation", self))

    def add(self, repository: ecr.Repository, regions: tuple[str, ...]) -> None:
        """Copy a repository to some Regions."""
        self._names.setdefault(regions, []).append(repository.repository_name)
        configuration = ecr.CfnReplicationConfiguration.ReplicationConfigurationProperty(
            rules=[self._rule(regions, names) for regions, names in self._names.items()]
        )
        if self._resource is None:
            self._resource = ecr.CfnReplicationConfiguration(
                self, "Resource", replication_configuration=configuration
            )
        else:
            self._resource.replication_configuration = configuration

    def validate(self) -> list[str]:
        """Return an error when another stack of this app configures the same registry."""
        here = cdk.Stack.of(self)
        environment = (here.account, here.region)
        return [
            f"{other.node.path} also configures replication for account and Region of {here.node.path}, and a registry "
            "has one configuration: put the repositories that replicate into one stack"
            for other in self.node.root.node.find_all()
            if isinstance(other, ecr.CfnReplicationConfiguration)
            and not self._is_ours(other)
            and (other.stack.account, other.stack.region) == environment
        ]

    def _is_ours(self, other: IConstruct) -> bool:
        return self._resource is not None and identity(other) == identity(self._resource)

    def _rule(
        self, regions: tuple[str, ...], names: list[str]
    ) -> ecr.CfnReplicationConfiguration.ReplicationRuleProperty:
        replication = ecr.CfnReplicationConfiguration
        account = cdk.Stack.of(self).account
        return replication.ReplicationRuleProperty(
            destinations=[
                replication.ReplicationDestinationProperty(region=region, registry_id=account)
                for region in regions
            ],
            repository_filters=[
                replication.RepositoryFilterProperty(filter=name, filter_type="PREFIX_MATCH")
                for name in names
            ],
        )
