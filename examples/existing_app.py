"""An app written with aws-cdk-lib alone, which adopts cdk_pull by mixins and changes nothing else."""

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


class ExistingStack(cdk.Stack):
    """A web service on EC2 capacity and a worker on Fargate, as they were before."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        zones = [f"{self.region}a", f"{self.region}b"]
        vpc = ec2.Vpc(self, "Vpc", availability_zones=zones, nat_gateways=1)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        group = autoscaling.AutoScalingGroup(
            self,
            "Instances",
            vpc=vpc,
            instance_type=ec2.InstanceType("m7i.large"),
            machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
            min_capacity=1,
            max_capacity=4,
            require_imdsv2=True,
        )
        capacity = ecs.AsgCapacityProvider(
            self, "Capacity", auto_scaling_group=group, enable_managed_termination_protection=False
        )
        cluster.add_asg_capacity_provider(capacity)
        rollback = ecs.DeploymentCircuitBreaker(rollback=True)

        images = ecr.Repository(self, "Images", image_tag_mutability=ecr.TagMutability.IMMUTABLE)
        web = ecs.Ec2TaskDefinition(self, "Web")
        image = ecs.ContainerImage.from_ecr_repository(images, "web-7f3c2a1")
        web.add_container("web", image=image, memory_reservation_mib=256)
        strategy = ecs.CapacityProviderStrategy(capacity_provider=capacity.capacity_provider_name, weight=1)
        ecs.Ec2Service(
            self,
            "WebService",
            cluster=cluster,
            task_definition=web,
            capacity_provider_strategies=[strategy],
            min_healthy_percent=50,
            circuit_breaker=rollback,
        )

        self.worker = ecs.FargateTaskDefinition(self, "Worker", cpu=256, memory_limit_mib=512)
        image = ecs.ContainerImage.from_ecr_repository(images, "worker-7f3c2a1")
        self.worker.add_container("worker", image=image)
        ecs.FargateService(
            self,
            "WorkerService",
            cluster=cluster,
            task_definition=self.worker,
            min_healthy_percent=100,
            circuit_breaker=rollback,
        )


def adopt(stack: ExistingStack) -> None:
    """Apply what cdk_pull recommends: new user data for EC2, a new size for the worker, and a check of the images."""
    cdk.Mixins.of(stack).apply(pull.ImagePullBehavior.prefer_cached(), pull.SameRegionImages())
    # 1.2 GB unpacks to 3 GB; both are printed by `docker manifest inspect` and `docker images`.
    start = cdk.Duration.seconds(90)
    stack.worker.with_(pull.FargateTaskSize.start_within(start, compressed="1.2GB", uncompressed="3GB"))


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    adopt(ExistingStack(app, "ExistingApp", env=cdk.Environment(region="eu-central-1")))
