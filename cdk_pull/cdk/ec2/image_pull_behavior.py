"""The ECS agent's image settings for any EC2 capacity.

The mixin takes in what is asked for, and where (:class:`ScopeMixin`). When CDK has the whole tree, ``StageUserData`` works
out which launch templates that reaches and which request counts for each, and writes it into their user data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import aws_cdk as cdk

from cdk_pull.agent.instance import checked_operating_system
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.cdk.ec2.batch import launch_templates_of
from cdk_pull.cdk.ec2.capacity import (
    cluster_names,
    is_batch,
    is_capacity,
    launch_resources,
    why_unsupported,
)
from cdk_pull.cdk.ec2.requests import CapacityApplication, ClusterNames, Request, agent_settings
from cdk_pull.cdk.ec2.stage_user_data import StageUserData
from cdk_pull.cdk.synth.constructs import is_cluster, stage_of
from cdk_pull.cdk.synth.scope_mixin import ScopeMixin
from cdk_pull.cdk.synth.stage_work import ON_A_CLUSTER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from constructs import IConstruct

    from cdk_pull.units import DurationLike

__all__ = ["CleanupSettings", "ImagePullBehavior", "PullSettings"]


class PullSettings(TypedDict, total=False):
    """What goes with every pull behavior; see AgentSettings for defaults and bounds."""

    image_pull_inactivity_timeout: DurationLike
    image_pull_timeout: DurationLike
    manifest_pull_timeout: DurationLike
    pull_dependent_containers_upfront: bool
    warm_pools_check: bool
    engine_task_cleanup_wait_duration: DurationLike


class CleanupSettings(PullSettings, total=False):
    """What goes with a pull behavior that leaves image cleanup on; see AgentSettings for defaults and bounds."""

    image_cleanup_interval: DurationLike
    image_minimum_cleanup_age: DurationLike
    non_ecs_image_minimum_cleanup_age: DurationLike
    num_images_delete_per_cycle: int
    disable_image_cleanup: bool
    enable_untracked_image_cleanup: bool
    exclude_untracked_image: Sequence[str]


class ImagePullBehavior(ScopeMixin):
    """Set the ECS agent's image settings on EC2 capacity, of any operating system and in any order.

    Apply it to an Auto Scaling group, a launch template, a launch configuration or a capacity provider; or to a
    cluster, a stack or the app for all the ECS capacity there, what comes later included::

        asg.with_(ImagePullBehavior.prefer_cached())
        cdk.Mixins.of(cluster).apply(ImagePullBehavior.once())
        cdk.Aspects.of(app).add(cdk.Shims.as_aspect(ImagePullBehavior.always()))

    It changes user data and nothing else: no logical id, no update policy, no metadata of a resource. New user data
    reaches new instances only: roll the group, for instance by an instance refresh, to bring it to the others.

    The launch template of a managed compute environment of AWS Batch gets MIME multipart user data, the only form that
    AWS Batch accepts, also where it had none; apply it to the launch template, or to a compute environment that has one.

    What shows only when the template is written, such as two values for one capacity, a shell script for
    Bottlerocket or more than 16 KB, stops the synth with one line that names the construct and what to do.

    Args:
        settings: the agent settings, or the pull behavior alone, also by its name such as ``"prefer-cached"``.
        operating_system: ``linux``, ``windows`` or ``bottlerocket``, for an image that does not tell; by default it
            is found from the user data and the image.

    Raises:
        InvalidValueError: for an operating system that the agent does not run on, or a pull behavior that it does not
            have.
    """

    work = StageUserData

    def __init__(
        self, settings: AgentSettings | PullBehavior | str, *, operating_system: str | None = None
    ) -> None:
        """Set the ECS agent's image settings on EC2 capacity, of any operating system and in any order."""
        super().__init__(
            Request(
                settings=agent_settings(settings),
                operating_system=checked_operating_system(operating_system),
            )
        )

    @classmethod
    def default(
        cls, *, operating_system: str | None = None, **settings: Unpack[CleanupSettings]
    ) -> ImagePullBehavior:
        """Ask the registry at every start; when that fails, run the copy on the instance, stale or not."""
        return cls(
            AgentSettings(image_pull_behavior=PullBehavior.DEFAULT, **settings),
            operating_system=operating_system,
        )

    @classmethod
    def always(
        cls, *, operating_system: str | None = None, **settings: Unpack[CleanupSettings]
    ) -> ImagePullBehavior:
        """Ask the registry at every start; when that fails, stop the task."""
        return cls(
            AgentSettings(image_pull_behavior=PullBehavior.ALWAYS, **settings),
            operating_system=operating_system,
        )

    @classmethod
    def once(
        cls, *, operating_system: str | None = None, **settings: Unpack[CleanupSettings]
    ) -> ImagePullBehavior:
        """Pull an image name once per instance, and leave cleanup on: for images under unique tags or digests."""
        return cls(
            AgentSettings(image_pull_behavior=PullBehavior.ONCE, **settings),
            operating_system=operating_system,
        )

    @classmethod
    def prefer_cached(
        cls, *, operating_system: str | None = None, **settings: Unpack[PullSettings]
    ) -> ImagePullBehavior:
        """Start from the copy on the instance whenever there is one.

        The agent never cleans up images then: the disk grows with every deployment for as long as the instance lives.
        CachedImageCapacityProvider sizes it for that.
        """
        return cls(
            AgentSettings(image_pull_behavior=PullBehavior.PREFER_CACHED, **settings),
            operating_system=operating_system,
        )

    def resources_of(self, construct: IConstruct) -> Sequence[cdk.CfnResource]:
        """Return the launch templates and configurations of capacity.

        Raises:
            UnsupportedError: for capacity whose user data is not defined in this app.
        """
        if is_capacity(construct):
            return launch_resources(construct)
        return launch_templates_of(construct) if is_batch(construct) else ()

    def refusal(self, construct: IConstruct) -> str:
        """Return why a construct can have no pull behavior and what to do instead."""
        return why_unsupported(construct)

    def application(self, construct: IConstruct, nearness: int | None = None) -> CapacityApplication:
        """Return the application of this to a construct."""
        return CapacityApplication.to(
            construct, self.request, mixin=self.name, call_site=self.call_site, nearness=nearness
        )

    def apply_to_other(self, construct: IConstruct) -> bool:
        """Apply to a cluster, whose capacity may be anywhere in its stage."""
        if not is_cluster(construct):
            return False
        self.refuse_written(construct)
        application = self.application(construct, ON_A_CLUSTER)
        application.cluster = ClusterNames(cluster_names(construct), cdk.Stack.of(construct))
        self.work.of(construct).apply_within(application, stage_of(construct))
        return True
