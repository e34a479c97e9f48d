"""Stopped instances that have their images already, for an Auto Scaling group of ECS capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ecs as ecs

from cdk_pull.agent.settings import AgentSettings
from cdk_pull.cdk.ec2.image_pull_behavior import ImagePullBehavior
from cdk_pull.cdk.synth.constructs import class_name
from cdk_pull.errors import ConflictError, InvalidValueError, UnsupportedError

if TYPE_CHECKING:
    from constructs import IConstruct

__all__ = ["WarmPool"]

_ID = "WarmPool"


class WarmPool(ImagePullBehavior):
    """Keep instances stopped beside an Auto Scaling group, with the images that they pulled on their volumes.

    User data runs when an instance enters the pool, so that PrePulledImages pulls there, and scaling out starts an
    instance that has its images::

        group.with_(PrePulledImages([task]), WarmPool(min_size=2))

    It adds a warm pool of stopped instances to the group, and sets ``ECS_WARM_POOLS_CHECK`` (on Bottlerocket
    ``settings.autoscaling.should-wait``), without which an instance registers with ECS while it is in the pool.
    Instances do not return to the pool on scale-in, which ECS does not support.

    A stopped instance costs its volumes alone. A capacity provider with managed termination protection and a warm pool
    can keep instances from being removed: set ``enable_managed_termination_protection=False`` on it.

    Args:
        min_size: how many instances the pool holds at least. As many as the group's maximum leaves by default.
        max_group_prepared_capacity: how many instances the group and the pool hold together at most. The group's
            maximum size by default.
        operating_system: ``linux``, ``windows`` or ``bottlerocket``, for an image that does not tell.

    Raises:
        InvalidValueError: if a number is negative or not whole.
    """

    def __init__(
        self,
        *,
        min_size: int | None = None,
        max_group_prepared_capacity: int | None = None,
        operating_system: str | None = None,
    ) -> None:
        """Keep instances stopped beside an Auto Scaling group, with the images that they pulled on their volumes."""
        for name, value in (
            ("min_size", min_size),
            ("max_group_prepared_capacity", max_group_prepared_capacity),
        ):
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
                raise InvalidValueError(f"invalid {name}", value, allowed="a whole number from 0")
        super().__init__(AgentSettings(warm_pools_check=True), operating_system=operating_system)
        self._min_size = min_size
        self._most = max_group_prepared_capacity

    @property
    def name(self) -> str:
        """The name of its class, for messages."""
        return "WarmPool"

    def apply_to(self, construct: IConstruct) -> None:
        """Add the pool to the group, and the setting to its user data.

        Raises:
            ConflictError: for a group that has a warm pool already.
            UnsupportedError: for anything but an Auto Scaling group or a capacity provider of one.
        """
        group = construct.auto_scaling_group if isinstance(construct, ecs.AsgCapacityProvider) else construct
        if not isinstance(group, autoscaling.AutoScalingGroup):
            raise UnsupportedError(
                f"{construct.node.path}: WarmPool cannot be applied to {class_name(construct)}: apply it to an Auto "
                "Scaling group, or to a capacity provider that has one in this app"
            )
        if group.node.try_find_child(_ID) is not None:
            raise ConflictError(f"{group.node.path} has a warm pool already; leave one of the two out")
        super().apply_to(construct)
        group.add_warm_pool(
            pool_state=autoscaling.PoolState.STOPPED,
            reuse_on_scale_in=False,
            min_size=self._min_size,
            max_group_prepared_capacity=self._most,
        )
