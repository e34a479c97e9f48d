"""EC2 capacity whose AMI has the images of a service in it, built at the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct

MODEL = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop/model:2026-11-20"


class BakedStack(cdk.Stack):
    """A model of many gigabytes, which no instance should pull while tasks wait."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        vpc = ec2.Vpc(self, "Vpc", availability_zones=[f"{self.region}a", f"{self.region}b"], nat_gateways=1)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)

        baked = pull.BakedImages(self, "Baked", images=[MODEL], disk=cdk.Size.gibibytes(80))
        template = ec2.LaunchTemplate(
            self,
            "Template",
            machine_image=baked.machine_image,
            block_devices=[baked.block_device],
            instance_type=ec2.InstanceType("m7i.xlarge"),
            user_data=ec2.UserData.for_linux(),
            role=iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com")),
            security_group=ec2.SecurityGroup(self, "SecurityGroup", vpc=vpc),
            require_imdsv2=True,
        )
        group = autoscaling.AutoScalingGroup(self, "Group", vpc=vpc, launch_template=template, max_capacity=4)
        group.with_(pull.ImagePullBehavior.prefer_cached())
        cluster.add_asg_capacity_provider(ecs.AsgCapacityProvider(self, "Capacity", auto_scaling_group=group))


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    BakedStack(app, "Baked", env=cdk.Environment(region="eu-central-1"))
