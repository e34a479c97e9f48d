"""Sizes for Fargate task definitions that exist already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from cdk_pull.cdk.fargate.stage_task_sizes import StageTaskSizes, is_for_fargate
from cdk_pull.cdk.synth.keywords import refuse_unknown
from cdk_pull.cdk.synth.tasks import TaskMixin
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.sizing import SizingRequest
from cdk_pull.fargate.sizing_props import SizingProps, sizing_request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    import aws_cdk as cdk
    from aws_cdk import aws_ecs as ecs
    from constructs import IConstruct

    from cdk_pull.cdk.synth.stage_work import Application
    from cdk_pull.units import DurationLike

__all__ = ["FargateTaskSize"]

_NOT_FOR_FARGATE: Final = (
    "it is not for Fargate, and a task on EC2 or on your own machines runs in the room that its instance has: apply it to a "
    "task definition whose requires_compatibilities have FARGATE"
)


class FargateTaskSize(TaskMixin):
    """Choose or check the size of Fargate task definitions that exist already, L2 or L1.

    Apply it to a task definition, to a service that runs one, or to whatever holds some::

        task.with_(FargateTaskSize.start_within(cdk.Duration.minutes(1), compressed="800MB", uncompressed="2.4GB"))
        cdk.Mixins.of(app).apply(FargateTaskSize.checked())

    Applied to one task definition it decides at once; applied to a scope, when CDK writes the templates, for the task
    definitions and containers that are there then. Of several on one task the nearest counts.

    It changes the task definition's CPU, memory and ephemeral storage, its metadata, and nothing else: no logical id.
    A new size is a new revision, and a new price. The size is never below the task's own or below what its containers
    need; containers added after the decision have to fit it, which is checked when CDK validates.
    The ``cpu`` and ``memory_mib`` attributes of an L2 keep the values that it was made with, by which CDK goes on to
    judge the CPU of containers added later. What an ``add_property_override`` writes is not seen, as CDK does not show it.

    In a scope, task definitions that do not run on Fargate are left alone; a scope without any that does is the warning
    ``cdk-pull:noFargateTask``.

    Args:
        request: made by one of the class methods.
    """

    work = StageTaskSizes

    def __init__(self, request: SizingRequest | None) -> None:
        """Choose or check the size of Fargate task definitions that exist already, L2 or L1."""
        if request is not None and not isinstance(request, SizingRequest):
            raise InvalidValueError(
                "FargateTaskSize is not made of",
                request,
                allowed="FargateTaskSize.start_within(…), .within_price(…) or .checked()",
            )
        super().__init__(request)

    @classmethod
    def start_within(cls, duration: DurationLike, **props: Unpack[SizingProps]) -> FargateTaskSize:
        """Choose the cheapest size that is expected to start within this; see FargateTask for the rest.

        Raises:
            InvalidValueError: for an invalid duration or size.
            ConflictError: for sizes of the images beside a profile.
        """
        refuse_unknown("start_within", props, SizingProps)
        return cls(sizing_request(props, start_within=duration))

    @classmethod
    def within_price(cls, usd_per_hour: float, **props: Unpack[SizingProps]) -> FargateTaskSize:
        """Choose the best start that costs no more than this per hour; see FargateTask for the rest.

        Raises:
            InvalidValueError: for an invalid price or size.
            ConflictError: for sizes of the images beside a profile.
        """
        refuse_unknown("within_price", props, SizingProps)
        return cls(sizing_request(props, usd_per_hour=usd_per_hour))

    @classmethod
    def checked(cls) -> FargateTaskSize:
        """Change nothing; stop the synth for a size that Fargate does not run, or that the containers do not fit."""
        return cls(None)

    @property
    def changes(self) -> bool:
        """Whether it changes templates."""
        return self.request is not None

    def resources_of(self, construct: IConstruct) -> Sequence[cdk.CfnResource]:
        """Return the L1 of a Fargate task definition, or of the one that a service runs."""
        return [each for each in super().resources_of(construct) if is_for_fargate(each)]

    def refusal(self, construct: IConstruct) -> str:
        """Return why a construct has no Fargate task definition, and what to do instead."""
        return _NOT_FOR_FARGATE if super().resources_of(construct) else super().refusal(construct)

    def apply_to_resources(self, application: Application, resources: Sequence[cdk.CfnResource]) -> None:
        """Size one task definition at once.

        Raises:
            CdkPullError: for one that cannot be sized, with its path.
            ConflictError: where something else was already asked of its size.
        """
        super().apply_to_resources(application, resources)
        for each in resources:
            StageTaskSizes.of(each).size_now(cast("ecs.CfnTaskDefinition", each), application)
