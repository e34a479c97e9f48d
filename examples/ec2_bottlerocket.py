"""Bottlerocket capacity beside Amazon Linux capacity, each with a pull behavior of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct


class BottlerocketStack(cdk.Stack):
    """A cluster for two services that differ: the pull behavior belongs to an instance, so each has its capacity."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        zones = [f"{self.region}a", f"{self.region}b"]
        vpc = ec2.Vpc(self, "Vpc", availability_zones=zones, nat_gateways=1)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)

        releases = pull.CachedImageCapacityProvider(
            self,
            "Releases",
            cluster=cluster,
            instance_type=ec2.InstanceType("m7i.large"),
            machine_image=ecs.BottleRocketImage(variant=ecs.BottlerocketEcsVariant.AWS_ECS_2),
            images=["900MB"],
        )
        releases.auto_scaling_group.with_(
            pull.PrePulledImages(
                ["111122223333.dkr.ecr.us-east-1.amazonaws.com/shop/web:2.7.1"],
                bottlerocket_image="111122223333.dkr.ecr.us-east-1.amazonaws.com/shop/pulls:1.0.0",
            )
        )

        previews = cluster.add_capacity(
            "Previews",
            instance_type=ec2.InstanceType("m7i.large"),
            machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
            machine_image_type=ecs.MachineImageType.AMAZON_LINUX_2,
        )
        # Previews are pushed again and again under one tag: never run a copy that may be stale.
        previews.with_(pull.ImagePullBehavior.always())


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    BottlerocketStack(app, "Ec2Bottlerocket", env=cdk.Environment(region="us-east-1"))


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
