"""An AMI with container images in it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_imagebuilder as imagebuilder
from constructs import Construct

from cdk_pull.agent.bake import bake_component
from cdk_pull.cdk.ec2.pre_pulled_images import image_names
from cdk_pull.cdk.ec2.pull_grants import grant_pulls_to
from cdk_pull.cdk.installed import INITIALIZATION_RATES, require_cdk
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.data import facts_of
from cdk_pull.decision import Decision
from cdk_pull.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.cdk.ec2.pre_pulled_images import PrePullable

__all__ = ["BakedImages"]

require_cdk(
    INITIALIZATION_RATES,
    what="BakedImages",
    instead="Until then, PrePulledImages pulls the images at each boot",
)

# Image Builder's own reference: one that CloudFormation resolves would change a recipe, which cannot be changed.
_PARENT: Final = "ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
_VERSION: Final = "1.0.0"
_DIGITS: Final = 10
_POLICIES: Final = ("AmazonSSMManagedInstanceCore", "EC2InstanceProfileForImageBuilder")


class BakedImages(Construct):
    """An AMI of Amazon Linux with container images in it, built by EC2 Image Builder at the deployment.

    A new instance has the images without a pull, of however many gigabytes. The launch template follows: it names the AMI
    that the deployment has built, and gets another when the list of images changes::

        baked = BakedImages(self, "Baked", images=[task], disk=cdk.Size.gibibytes(50))
        template = ec2.LaunchTemplate(self, "Template", machine_image=baked.machine_image,
                                      block_devices=[baked.block_device], ...)
        group = autoscaling.AutoScalingGroup(self, "Group", launch_template=template, ...)
        group.with_(ImagePullBehavior.prefer_cached())

    ``prefer-cached`` is needed, under which alone the agent uses an image that it did not pull itself. An EBS volume loads
    the blocks of a snapshot when they are first read, for ten minutes and more: ``block_device`` asks for 300 MiB/s from
    the start, without which baking loses to pulling.

    A deployment that builds takes some 20 to 30 minutes longer. It costs the build instance for that time, the snapshot
    for as long as the AMI lives, and the initialization rate for each volume; none of these prices is known here. A new
    AMI of Amazon Linux is taken up when the list changes, or ``parent_image`` does. An image under a tag that moves stays
    as it was at the build. CloudFormation deletes the record of a build that it replaces, and not its AMI.

    Attributes:
        machine_image: for a launch template.
        block_device: the root volume, with room for the images and the initialization rate.
        image_id: of the AMI, known at the deployment.

    Args:
        images: image names exactly as in the task definitions, image assets, ``ecs.EcrImage``, or task definitions. Tags
            have to be known at synth, by which a change of the list is noticed.
        disk: the size of the root volume; it has to hold the images unpacked, and those that come later.
        parent_image: what to build on: the id of an AMI, the ARN of an image, or ``ssm:`` and the name of a parameter. The
            parameter of the ECS-optimized Amazon Linux 2023 for x86-64 by default.
        instance_type: of the build instance. ``m7i.large`` by default.
        subnet: where the build instance runs; it needs a way to the registries, to Amazon ECR and to Systems Manager. The
            default VPC by default.
        security_group: of the build instance; needed beside ``subnet``.

    Raises:
        InvalidValueError: if there is no image, one is not an image name, ``disk`` is smaller than the parent's 30 GiB, or
            one of ``subnet`` and ``security_group`` is given alone, or ``parent_image`` is a token.
        MissingDependencyError: if aws-cdk-lib is older than 2.265.0, whose block devices have no initialization rate.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the name that every construct gives it
        *,
        images: Sequence[PrePullable],
        disk: cdk.Size,
        parent_image: str = _PARENT,
        instance_type: ec2.InstanceType | None = None,
        subnet: ec2.ISubnet | None = None,
        security_group: ec2.ISecurityGroup | None = None,
    ) -> None:
        """An AMI of Amazon Linux with container images in it, built by EC2 Image Builder at the deployment."""
        names = image_names(images)
        document = bake_component(names)
        gib = _checked_disk(disk)
        if (subnet is None) != (security_group is None):
            raise InvalidValueError(
                "subnet and security_group belong together",
                "one of them",
                allowed="both, or neither for the default VPC",
            )
        if cdk.Token.is_unresolved(parent_image):
            raise InvalidValueError(
                "parent_image must be known at synth",
                parent_image,
                allowed="an AMI id, an image's ARN, or ssm: and the name of a parameter",
            )
        super().__init__(scope, id)
        # Components and recipes cannot be changed: what changes one has to change its name.
        content = cdk.Stack.of(self).resolve(json.dumps([document, gib, parent_image]))
        mark = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:_DIGITS]
        name = f"{cdk.Names.unique_resource_name(self, max_length=80, separator='-')}-{mark}"
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(each) for each in _POLICIES],
        )
        grant_pulls_to(role, self, names)
        profile = iam.CfnInstanceProfile(self, "Profile", roles=[role.role_name])
        component = imagebuilder.CfnComponent(
            self, "Component", name=name, platform="Linux", version=_VERSION, data=document
        )
        device = facts_of("ec2_image_volumes")["systems"]["linux"]["device_name"]
        recipe = imagebuilder.CfnImageRecipe(
            self,
            "Recipe",
            name=name,
            version=_VERSION,
            parent_image=parent_image,
            components=[{"componentArn": component.attr_arn}],
            block_device_mappings=[
                {
                    "deviceName": device,
                    "ebs": {"volumeSize": gib, "volumeType": "gp3", "deleteOnTermination": True},
                }
            ],
        )
        infrastructure = imagebuilder.CfnInfrastructureConfiguration(
            self,
            "Infrastructure",
            name=name,
            instance_profile_name=profile.ref,
            instance_types=[(instance_type or ec2.InstanceType("m7i.large")).to_string()],
            subnet_id=None if subnet is None else subnet.subnet_id,
            security_group_ids=None if security_group is None else [security_group.security_group_id],
            instance_metadata_options={"httpTokens": "required"},
        )
        image = imagebuilder.CfnImage(
            self,
            "Image",
            image_recipe_arn=recipe.attr_arn,
            infrastructure_configuration_arn=infrastructure.attr_arn,
        )
        # The build needs the policies, which no reference names.
        image.node.add_dependency(role)
        self.image_id = image.attr_image_id
        self.machine_image = cast("ec2.IMachineImage", _BuiltImage(self.image_id))
        rate = facts_of("ec2_pre_pull")["volume_initialization_mib_per_second"]["maximum"]
        self.block_device = ec2.BlockDevice(
            device_name=device,
            volume=ec2.BlockDeviceVolume.ebs(
                gib,
                delete_on_termination=True,
                volume_type=ec2.EbsDeviceVolumeType.GP3,
                volume_initialization_rate=cdk.Size.mebibytes(rate),
            ),
        )
        record(
            self.node,
            Decision(
                topic="baked-images",
                decided=f"{len(names)} image{'' if len(names) == 1 else 's'} in an AMI, on a disk of {gib} GiB",
                why="a new instance has them without a pull",
                cost="the deployment takes longer by the build; build instance, snapshot and initialization rate at prices that "
                "are not known here",
                confidence="needs prefer-cached; disk not evaluated against the sizes of the images",
                details={"images": len(names), "volume_gib": gib},
            ),
        )


@jsii.implements(ec2.IMachineImage)
class _BuiltImage:
    def __init__(self, image_id: str) -> None:
        self._image_id = image_id

    def get_image(self, scope: Construct) -> ec2.MachineImageConfig:  # noqa: ARG002 - IMachineImage has it
        """Return the image, of Linux."""
        return ec2.MachineImageConfig(
            image_id=self._image_id,
            os_type=ec2.OperatingSystemType.LINUX,
            user_data=ec2.UserData.for_linux(),
        )


def _checked_disk(disk: cdk.Size) -> int:
    if not isinstance(disk, cdk.Size):
        raise InvalidValueError(
            "disk must be a size", disk, allowed="cdk.Size, such as cdk.Size.gibibytes(50)"
        )
    least = facts_of("ec2_image_volumes")["systems"]["linux"]["system_gib"]
    most = facts_of("ec2_image_volumes")["largest_gib"]
    gib = float(disk.to_gibibytes(rounding=cdk.SizeRoundingBehavior.NONE))
    if not least <= gib <= most or gib != int(gib):
        raise InvalidValueError("invalid disk", f"{gib:g} GiB", allowed=f"whole GiB from {least} to {most}")
    return int(gib)
