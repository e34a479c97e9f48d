"""EC2 capacity whose instances have the images of a service before its first task comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct

ENVIRONMENT = cdk.Environment(region="eu-central-1")


class PrePulledStack(cdk.Stack):
    """A shop that scales out on EC2: a new instance pulls before it takes tasks, not while visitors wait."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        vpc = ec2.Vpc(self, "Vpc", availability_zones=[f"{self.region}a", f"{self.region}b"], nat_gateways=1)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        images = ecr.Repository.from_repository_name(self, "Images", "shop/web")
        task = ecs.Ec2TaskDefinition(self, "Task")
        task.add_container(
            "web", image=ecs.ContainerImage.from_ecr_repository(images, "2.7.1"), memory_limit_mib=512
        )
        group = autoscaling.AutoScalingGroup(
            self,
            "Group",
            vpc=vpc,
            instance_type=ec2.InstanceType("m7i.large"),
            machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
            max_capacity=4,
        )
        capacity = ecs.AsgCapacityProvider(self, "Capacity", auto_scaling_group=group)
        cluster.add_asg_capacity_provider(capacity)
        ecs.Ec2Service(
            self,
            "Service",
            cluster=cluster,
            task_definition=task,
            capacity_provider_strategies=[
                ecs.CapacityProviderStrategy(capacity_provider=capacity.capacity_provider_name, weight=1)
            ],
            min_healthy_percent=100,
        )

        group.with_(pull.PrePulledImages([task], within=cdk.Duration.minutes(3)))
        group.with_(pull.DockerSettings(max_concurrent_downloads=10))


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    PrePulledStack(app, "PrePulled", env=ENVIRONMENT)
