"""The ECS agent's image settings for any EC2 capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import aws_cdk as cdk

from cdk_pull.agent.instance import checked_operating_system
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.cdk.ec2 import capacity as _capacity
from cdk_pull.cdk.ec2.requests import ClusterNames, Reach, Request
from cdk_pull.cdk.ec2.scopes import StageUserData
from cdk_pull.cdk.synth.call_site import calling_place
from cdk_pull.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from constructs import IConstruct

    from cdk_pull.units import DurationLike

__all__ = ["CleanupSettings", "ImagePullBehavior", "PullSettings"]


class PullSettings(TypedDict, total=False):
    """What goes with every pull behaviour; see AgentSettings for defaults and bounds."""

    image_pull_inactivity_timeout: DurationLike
    image_pull_timeout: DurationLike
    manifest_pull_timeout: DurationLike
    pull_dependent_containers_upfront: bool
    warm_pools_check: bool
    engine_task_cleanup_wait_duration: DurationLike


class CleanupSettings(PullSettings, total=False):
    """What goes with a pull behaviour that leaves image clean-up on; see AgentSettings for defaults and bounds."""

    image_cleanup_interval: DurationLike
    image_minimum_cleanup_age: DurationLike
    non_ecs_image_minimum_cleanup_age: DurationLike
    num_images_delete_per_cycle: int
    disable_image_cleanup: bool
    enable_untracked_image_cleanup: bool
    exclude_untracked_image: Sequence[str]


class ImagePullBehavior(cdk.Mixin):
    """Set the ECS agent's image settings on EC2 capacity, of any operating system and in any order.

    Apply it to an Auto Scaling group, a launch template, a launch configuration or a capacity provider; or to a
    cluster, a stack or the app for all the ECS capacity there, what comes later included::

        asg.with_(ImagePullBehavior.prefer_cached())
        cdk.Mixins.of(cluster).apply(ImagePullBehavior.once())
        cdk.Aspects.of(app).add(cdk.Shims.as_aspect(ImagePullBehavior.always()))

    It changes user data and nothing else: no logical id, no update policy, no metadata of a resource. New user data
    reaches new instances only: roll the group, for instance by an instance refresh, to bring it to the others.

    What shows only when the template is written, such as two values for one capacity, a shell script for
    Bottlerocket or more than 16 KB, stops the synth with one line that names the construct and what to do.

    Args:
        settings: the agent settings, or the pull behaviour alone.
        operating_system: ``linux``, ``windows`` or ``bottlerocket``, for an image that does not tell; by default it
            is found from the user data and the image.

    Raises:
        InvalidValueError: for an operating system that the agent does not run on.
    """

    def __init__(
        self, settings: AgentSettings | PullBehavior, *, operating_system: str | None = None
    ) -> None:
        super().__init__()
        if isinstance(settings, PullBehavior):
            settings = AgentSettings(image_pull_behavior=settings)
        self._request = Request(
            settings=settings,
            place=calling_place(),
            operating_system=checked_operating_system(operating_system),
        )
        self._covered: set[str] = set()

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
        """Pull an image name once per instance, and leave clean-up on: for images under unique tags or digests."""
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

    def supports(self, construct: IConstruct) -> bool:
        """Tell whether this is something to apply to; CDK asks for each construct below the one it applies to."""
        covered = _capacity.identity(construct)
        if covered in self._covered:
            self._covered.discard(covered)
            return False
        return not isinstance(construct, StageUserData) and (
            _capacity.is_capacity(construct)
            or _capacity.is_cluster(construct)
            or bool(_capacity.why_unsupported(construct))
            or _capacity.is_scope(construct)
        )

    def apply_to(self, construct: IConstruct) -> None:
        """Apply to capacity itself, or to the ECS capacity in a scope.

        Raises:
            UnsupportedError: for what can have no pull behaviour, or has its user data in another app.
        """
        below = construct.node.find_all()
        # CDK goes on to everything below, which is covered from here, by what it joins or as a part of the capacity.
        self._covered = {_capacity.identity(each) for each in below} - {_capacity.identity(construct)}
        if _capacity.is_capacity(construct):
            for resource in _capacity.launch_resources(construct):
                StageUserData.of(resource).ask(resource, self._request)
        elif _capacity.is_cluster(construct):
            # Its capacity may be anywhere in the stage.
            names = ClusterNames(_capacity.cluster_names(construct), cdk.Stack.of(construct))
            reach = Reach(scope=construct, request=self._request, cluster=names)
            StageUserData.of(construct).ask_within(reach, _capacity.stage_of(construct))
        elif reason := _capacity.why_unsupported(construct):
            raise UnsupportedError(f"{construct.node.path} can have no ImagePullBehavior: {reason}")
        else:
            stages = [
                each
                for each in below
                if isinstance(each, cdk.Stage) and _capacity.identity(each) in self._covered
            ]
            reach = Reach(scope=construct, request=self._request)
            # CDK writes the templates of a stage before those of the app around it.
            for stage in stages:
                StageUserData.of(stage).ask_within(reach, stage)
            StageUserData.of(construct).ask_within(reach, construct, stages)
