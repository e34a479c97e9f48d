"""EC2 capacity that starts tasks from the images it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_pull.agent.ami_variant import ami_variant
from cdk_pull.agent.decisions import capacity_decision
from cdk_pull.agent.instance import checked_operating_system
from cdk_pull.agent.volume import PLACEHOLDER_BYTES, ImageLoad, ImageVolume, image_volume, recommend
from cdk_pull.cdk.ec2.capacity_settings import (
    CapacitySettings,
    GroupSettings,
    LaunchSettings,
    ProviderSettings,
    chosen,
    launched_from,
    spot_settings,
)
from cdk_pull.cdk.ec2.requests import CapacityApplication, Request, agent_settings
from cdk_pull.cdk.ec2.stage_user_data import StageUserData
from cdk_pull.cdk.fargate.apply_size import region_of
from cdk_pull.cdk.images.image_lookup import COMMAND
from cdk_pull.cdk.synth.call_site import call_site
from cdk_pull.cdk.synth.keywords import refuse_unknown
from cdk_pull.cdk.synth.stage_work import ON_IT
from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from cdk_pull.agent.ami_variant import AmiVariant
    from cdk_pull.agent.settings import AgentSettings, PullBehavior
    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.agent.volume import ImageSize

__all__ = ["CachedImageCapacityProvider"]

_UNKNOWN = "cdk-pull:imageSizesUnknown"
_VARIANTS: Final[dict[AmiVariant, ecs.AmiHardwareType]] = {
    "standard": ecs.AmiHardwareType.STANDARD,
    "gpu": ecs.AmiHardwareType.GPU,
    "neuron": ecs.AmiHardwareType.NEURON,
}
# What CDK writes for a group with a Spot price of its own, which one with a launch template cannot have.
_SPOT_DRAINING: Final[dict[OperatingSystem, str]] = {
    "linux": "echo ECS_ENABLE_SPOT_INSTANCE_DRAINING=true >> /etc/ecs/ecs.config",
    "windows": '[Environment]::SetEnvironmentVariable("ECS_ENABLE_SPOT_INSTANCE_DRAINING", "true", "Machine")',
    "bottlerocket": "enable-spot-instance-draining = true",
}


class CachedImageCapacityProvider(Construct):
    """A capacity provider of a cluster whose instances keep the images that they have pulled.

    It makes an Auto Scaling group, a launch template with IMDSv2 only, and an encrypted gp3 volume with room for all
    the images that the pull behavior lets accumulate in an instance's life. That life is bounded: the group replaces
    an instance after ``max_instance_lifetime``, and ECS drains it first. Managed termination protection is off,
    because it would keep a busy instance, and its disk, for ever.

    A service uses it through ``capacity_provider_strategies`` with ``capacity_provider_name``.

    Attributes:
        auto_scaling_group: the group.
        launch_template: what the group launches.
        capacity_provider: as the cluster has it.
        settings: the agent settings.
        volume: the volume for images, and why it has that size.

    Args:
        scope: where to make it.
        id: its name there.
        cluster: the cluster that it belongs to, with its VPC.
        instance_type: of the instances.
        machine_image: an image with an ECS agent; the ECS-optimized Amazon Linux 2023 by default, for the processor and
            the accelerators of the instance type.
        settings: agent settings or a pull behavior, also by its name; by default the recommended one, which is ``prefer-cached``
            while the images that it keeps are a matter of a few dollars, and ``once`` above that.
        operating_system: ``linux``, ``windows`` or ``bottlerocket``, for an image that CDK cannot tell.
        images: the images that run on an instance, by uncompressed size (``"2.4GB"``) or as ``look_up_image`` returns
            them. One that is not looked up yet, None, counts as 2 GB, with a warning; the volume, and by default the
            pull behavior, may change once it is known, for new instances.
        deployments_per_day: how often each image changes; 1 by default.
        shared_share: the part of an image that its next version shares with it; 0 by default, which is safe.
        max_instance_lifetime: 14 days by default; at least 1 day.
        **capacity: what the launch template, the Auto Scaling group and the capacity provider take; see CapacitySettings.
            With Spot instances the ECS agent drains an instance that Amazon EC2 takes back.

    Raises:
        ConflictError: for two ways to ask for Spot instances, or instance types of two architectures.
        InvalidValueError: for sizes and rates that cannot be, or that no volume holds.
        TypeError: for a keyword argument that there is not.
        UnsupportedError: for an instance type whose accelerators the default image does not drive.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - every construct calls it so
        *,
        cluster: ecs.Cluster,
        instance_type: ec2.InstanceType,
        machine_image: ec2.IMachineImage | None = None,
        settings: AgentSettings | PullBehavior | str | None = None,
        operating_system: str | None = None,
        images: Sequence[ImageSize | None] = (),
        deployments_per_day: float = 1,
        shared_share: float = 0,
        max_instance_lifetime: cdk.Duration | None = None,
        **capacity: Unpack[CapacitySettings],
    ) -> None:
        """A capacity provider of a cluster whose instances keep the images that they have pulled."""
        refuse_unknown("CachedImageCapacityProvider", capacity, CapacitySettings)
        spot = spot_settings(capacity)
        super().__init__(scope, id)
        lifetime = max_instance_lifetime or cdk.Duration.days(14)
        image = machine_image or _amazon_linux(f"{scope.node.path}/{id}", instance_type)
        config = image.get_image(self)
        system = checked_operating_system(operating_system) or _system(image, config)
        load = ImageLoad(
            images=images,
            deployments_per_day=deployments_per_day,
            instance_lifetime=lifetime,
            shared_share=shared_share,
        )
        self.settings, why = _chosen(settings, load, system)
        self.volume: ImageVolume = image_volume(load, self.settings, os=system)
        if load.unknown:
            cdk.Annotations.of(self).add_warning_v2(_UNKNOWN, _placeholder(load, self.volume))
        # CDK knows Bottlerocket for Linux, and would begin its TOML with a shebang.
        user_data = ec2.UserData.custom("") if system == "bottlerocket" else config.user_data
        launch = chosen(capacity, LaunchSettings)
        if "role" not in launch:
            launch["role"] = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        if "security_group" not in launch:
            launch["security_group"] = ec2.SecurityGroup(self, "SecurityGroup", vpc=cluster.vpc)
        if spot.options:
            launch["spot_options"] = spot.options
        self.launch_template = ec2.LaunchTemplate(
            self,
            "LaunchTemplate",
            machine_image=image,
            instance_type=instance_type,
            user_data=user_data,
            require_imdsv2=True,
            block_devices=[_block_device(self.volume)],
            **launch,
        )
        self.auto_scaling_group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=cluster.vpc,
            max_instance_lifetime=lifetime,
            **{"min_capacity": 0, "max_capacity": 10, **chosen(capacity, GroupSettings)},
            **launched_from(self.launch_template, instance_type, capacity),
        )
        self.capacity_provider = ecs.AsgCapacityProvider(
            self,
            "CapacityProvider",
            auto_scaling_group=self.auto_scaling_group,
            enable_managed_draining=True,
            enable_managed_termination_protection=False,
            machine_image_type=ecs.MachineImageType.BOTTLEROCKET
            if system == "bottlerocket"
            else ecs.MachineImageType.AMAZON_LINUX_2,
            **chosen(capacity, ProviderSettings),
        )
        if spot.drains and system != "bottlerocket":
            user_data.add_commands(_SPOT_DRAINING[system])
        cluster.add_asg_capacity_provider(self.capacity_provider)
        if spot.drains and system == "bottlerocket":
            # CDK has begun the table [settings.ecs].
            user_data.add_commands(_SPOT_DRAINING[system])
        resource = self.launch_template.node.default_child
        if not isinstance(resource, ec2.CfnLaunchTemplate):
            raise TypeError("a launch template without its resource")
        request = Request(
            settings=self.settings,
            operating_system=system,
            decision=capacity_decision(self.settings, self.volume, why, region_of(cdk.Stack.of(self))),
        )
        application = CapacityApplication.to(
            self, request, mixin="CachedImageCapacityProvider", call_site=call_site(), nearness=ON_IT
        )
        StageUserData.of(self).apply_to(application, [resource])

    @property
    def capacity_provider_name(self) -> str:
        """The name for a service's ``capacity_provider_strategies``."""
        return self.capacity_provider.capacity_provider_name


def _amazon_linux(path: str, instance_type: ec2.InstanceType) -> ec2.IMachineImage:
    try:
        variant = ami_variant(instance_type.to_string())
    except UnsupportedError as error:
        raise UnsupportedError(f"{path}: {error}") from error
    arm = instance_type.architecture is ec2.InstanceArchitecture.ARM_64
    return ecs.EcsOptimizedImage.amazon_linux2023(
        ecs.AmiHardwareType.ARM if arm and variant == "standard" else _VARIANTS[variant]
    )


def _system(image: ec2.IMachineImage, config: ec2.MachineImageConfig) -> OperatingSystem:
    if ecs.BottleRocketImage.is_bottle_rocket_image(image):
        return "bottlerocket"
    match config.os_type:
        case ec2.OperatingSystemType.WINDOWS:
            return "windows"
        case ec2.OperatingSystemType.LINUX:
            return "linux"
    raise InvalidValueError(
        "the machine image does not tell its operating system",
        config.os_type.name,
        allowed="LINUX, WINDOWS",
        fix="Pass operating_system='linux', 'windows' or 'bottlerocket'.",
    )


def _chosen(
    settings: AgentSettings | PullBehavior | str | None, load: ImageLoad, system: OperatingSystem
) -> tuple[AgentSettings, str]:
    if settings is None:
        return recommend(load, os=system)
    return agent_settings(settings), f"requested in {call_site()}"


def _placeholder(load: ImageLoad, volume: ImageVolume) -> str:
    return (
        f"{load.unknown} of {len(load.images)} images have not been looked up, and count as "
        f"{format_bytes(PLACEHOLDER_BYTES)} each in the volume of {volume.size_gib} GiB: run `{COMMAND}` in the folder "
        "of cdk.json and commit cdk.context.json, or give their sizes in images="
    )


def _block_device(volume: ImageVolume) -> ec2.BlockDevice:
    return ec2.BlockDevice(
        device_name=volume.device_name,
        volume=ec2.BlockDeviceVolume.ebs(
            volume.size_gib,
            encrypted=True,
            delete_on_termination=True,
            volume_type=ec2.EbsDeviceVolumeType.GP3,
        ),
    )
