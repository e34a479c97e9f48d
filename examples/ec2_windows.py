"""Windows capacity whose large images are pulled once per instance, and cleaned up a day later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct


class WindowsStack(cdk.Stack):
    """A cluster of Windows instances, made with CDK's own constructs."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        zones = [f"{self.region}a", f"{self.region}b"]
        vpc = ec2.Vpc(self, "Vpc", availability_zones=zones, nat_gateways=1)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)

        # An image of several GB on a small instance may stand still for minutes while it is unpacked.
        cdk.Mixins.of(cluster).apply(
            pull.ImagePullBehavior.once(
                image_pull_inactivity_timeout=cdk.Duration.minutes(10),
                image_minimum_cleanup_age=cdk.Duration.days(1),
            )
        )

        group = autoscaling.AutoScalingGroup(
            self,
            "Instances",
            vpc=vpc,
            instance_type=ec2.InstanceType("m7i.xlarge"),
            machine_image=ecs.EcsOptimizedImage.windows(ecs.WindowsOptimizedVersion.SERVER_2022),
            max_capacity=4,
            require_imdsv2=True,
        )
        capacity = ecs.AsgCapacityProvider(
            self, "Capacity", auto_scaling_group=group, enable_managed_termination_protection=False
        )
        cluster.add_asg_capacity_provider(capacity)


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    WindowsStack(app, "Ec2Windows", env=cdk.Environment(region="us-east-1"))


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
