"""What makes tasks on ECS Managed Instances start sooner: instances that stay, and a faster or larger data volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.cdk.synth.scope_mixin import ScopeMixin
from cdk_pull.cdk.synth.stage_work import StageWork, nearest
from cdk_pull.data import facts_of
from cdk_pull.decision import Decision
from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IConstruct

    from cdk_pull.cdk.synth.stage_work import Application

__all__ = ["ManagedInstancesCache"]

_PROVIDER: Final = "AWS::ECS::CapacityProvider"
_NEVER: Final = -1
_LAUNCH: Final = "ManagedInstancesProvider.InstanceLaunchTemplate"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    scale_in_seconds: int | None
    local_storage: bool
    storage_gib: int | None

    def overrides(self) -> dict[str, object]:
        """Return what it comes to, by property path."""
        found: dict[str, object] = {}
        if self.scale_in_seconds is not None:
            found["ManagedInstancesProvider.InfrastructureOptimization.ScaleInAfter"] = self.scale_in_seconds
        if self.local_storage:
            found[f"{_LAUNCH}.LocalStorageConfiguration.UseLocalStorage"] = True
        if self.storage_gib is not None:
            found[f"{_LAUNCH}.StorageConfiguration.StorageSizeGiB"] = self.storage_gib
        return found

    def decision(self, application: Application) -> Decision:
        """Return it as the report prints it."""
        parts, costs = [], []
        if self.scale_in_seconds == _NEVER:
            parts.append("idle instances stay")
        elif self.scale_in_seconds is not None:
            parts.append(f"idle instances stay {self.scale_in_seconds} s")
        if self.scale_in_seconds is not None:
            costs.append("an idle instance is paid for as long as it stays")
        if self.local_storage:
            parts.append("images on instance store volumes")
        if self.storage_gib is not None:
            parts.append(f"{self.storage_gib} GiB for images and data")
            costs.append("gp3 storage of the volume for as long as an instance runs")
        return Decision(
            topic="managed-instances",
            decided=", ".join(parts),
            why=f"requested in {application.call_site}: a task whose image is on an instance does not wait for a pull",
            cost="; ".join([*costs, "reaches new instances only"]),
            confidence="ECS removes an unused image 15 minutes after its last use, whatever is set",
            details=self.overrides(),
        )


class StageManagedInstances(StageWork):
    """Sets the properties of a stage's capacity providers of Managed Instances."""

    mixin: ClassVar = "ManagedInstancesCache"
    resource_types: ClassVar = (_PROVIDER,)
    nothing_id: ClassVar = "cdk-pull:noManagedInstances"
    nothing: ClassVar = (
        "no capacity provider of ECS Managed Instances is in this scope, so there is nothing to set: use ImagePullBehavior for "
        "Auto Scaling groups"
    )

    def __init__(self, stage: IConstruct) -> None:
        super().__init__(stage)
        self._done: set[str] = set()

    def complete(self) -> None:
        """Set the properties of each provider, once."""
        for resource, applications in self.reached():
            if not _is_managed(resource):
                continue
            for each in applications:
                each.served = True
            if identity(resource) in self._done:
                continue
            self._done.add(identity(resource))
            application = nearest(resource, applications)
            request: _Request = application.request
            for path, value in request.overrides().items():
                resource.add_property_override(path, value)
            record(resource.node, request.decision(application))


class ManagedInstancesCache(ScopeMixin):
    """Keep images on ECS Managed Instances longer, and read them faster.

    Managed Instances have no pull behavior to set: the cache of an instance starts empty, later tasks use it, and an
    image is removed 15 minutes after its last use. What helps starts there is that an instance with the images is
    still running, and that its data volume is fast and large enough. Apply it to a capacity provider of Managed
    Instances, L1 or L2, or to a scope for all there::

        provider.with_(ManagedInstancesCache(scale_in_after=cdk.Duration.minutes(30)))

    It sets properties of the capacity provider, without replacement; running instances keep what they have.

    Args:
        scale_in_after: how long ECS waits before it removes an idle instance, up to one hour. An idle instance is paid
            for. The ECS default where it is not given.
        keep_idle_instances: never remove an idle instance, in place of ``scale_in_after``. False by default.
        local_storage: keep images and data on instance store (NVMe) volumes, of instance types that have them; no EBS
            data volume is made then. False by default.
        storage: size of the EBS data volume, from 1 GiB, in whole GiB. The ECS default of 80 GiB where it is not given.

    Raises:
        ConflictError: if ``scale_in_after`` stands beside ``keep_idle_instances``, or ``storage`` beside
            ``local_storage``.
        InvalidValueError: if nothing is given, or a value is out of bounds.
    """

    work = StageManagedInstances

    def __init__(
        self,
        *,
        scale_in_after: cdk.Duration | None = None,
        keep_idle_instances: bool = False,
        local_storage: bool = False,
        storage: cdk.Size | None = None,
    ) -> None:
        """Keep images on ECS Managed Instances longer, and read them faster."""
        if scale_in_after is not None and keep_idle_instances:
            raise ConflictError(
                "scale_in_after and keep_idle_instances exclude each other: leave one of them out"
            )
        if storage is not None and local_storage:
            raise ConflictError(
                "storage and local_storage exclude each other: with local storage no EBS data volume is made; leave one "
                "of them out"
            )
        seconds = _NEVER if keep_idle_instances else _seconds(scale_in_after)
        request = _Request(
            scale_in_seconds=seconds, local_storage=local_storage, storage_gib=_gibibytes(storage)
        )
        if not request.overrides():
            raise InvalidValueError(
                "nothing to set",
                "ManagedInstancesCache()",
                allowed="scale_in_after, keep_idle_instances, local_storage or storage",
            )
        super().__init__(request)

    def resources_of(self, construct: IConstruct) -> Sequence[cdk.CfnResource]:
        """Return the capacity provider that one thing stands for."""
        if isinstance(construct, ecs.CfnCapacityProvider) and _is_managed(construct):
            return [construct]
        if isinstance(construct, ecs.ManagedInstancesCapacityProvider):
            return [each for each in construct.node.children if isinstance(each, ecs.CfnCapacityProvider)]
        return ()

    def refusal(self, construct: IConstruct) -> str:
        """Return why a construct is not one to serve."""
        if isinstance(construct, ecs.AsgCapacityProvider | ecs.CfnCapacityProvider):
            return "it is not a provider of ECS Managed Instances: apply ImagePullBehavior to its Auto Scaling group"
        if isinstance(construct, ecs.Cluster):
            return "apply it to the capacity provider, or to the stack for all there"
        return ""


def _is_managed(resource: cdk.CfnResource) -> bool:
    return isinstance(resource, ecs.CfnCapacityProvider) and resource.managed_instances_provider is not None


def _seconds(duration: cdk.Duration | None) -> int | None:
    if duration is None:
        return None
    if not isinstance(duration, cdk.Duration):
        raise InvalidValueError(
            "scale_in_after must be a duration",
            duration,
            allowed="cdk.Duration, such as cdk.Duration.minutes(30)",
        )
    seconds = round(duration.to_seconds(integral=False))
    most = facts_of("ecs_managed_instances")["scale_in_after_seconds"]["maximum"]
    if not 0 <= seconds <= most:
        raise InvalidValueError(
            "invalid scale_in_after",
            f"{seconds} s",
            allowed=f"0 to {most} s",
            fix="Set keep_idle_instances=True to keep idle instances.",
        )
    return seconds


def _gibibytes(size: cdk.Size | None) -> int | None:
    if size is None:
        return None
    if not isinstance(size, cdk.Size):
        raise InvalidValueError(
            "storage must be a size", size, allowed="cdk.Size, such as cdk.Size.gibibytes(100)"
        )
    gib = float(size.to_gibibytes(rounding=cdk.SizeRoundingBehavior.NONE))
    low = facts_of("ecs_managed_instances")["storage_gib"]["minimum"]
    high = facts_of("ec2_image_volumes")["largest_gib"]
    if not low <= gib <= high or gib != int(gib):
        raise InvalidValueError("invalid storage", f"{gib:g} GiB", allowed=f"whole GiB from {low} to {high}")
    return int(gib)
