"""A small app in one stack, with all that this package recommends: a web service on EC2, a worker on Fargate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct


class SmallAppStack(cdk.Stack):
    """One repository, one instance that keeps its images, one task that starts in time, all in one Region."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        images = pull.ImageRepository(self, "Images")

        zones = [f"{self.region}a", f"{self.region}b"]
        vpc = ec2.Vpc(self, "Vpc", availability_zones=zones, nat_gateways=0)
        public = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        cluster.add_capacity(
            "Instances",
            instance_type=ec2.InstanceType("t3.small"),
            machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
            vpc_subnets=public,
        )
        cdk.Mixins.of(cluster).apply(pull.ImagePullBehavior.prefer_cached())

        web = ecs.Ec2TaskDefinition(self, "Web")
        web.add_container(
            "web", image=ecs.ContainerImage.from_ecr_repository(images, "web-1.0.0"), memory_limit_mib=256
        )
        ecs.Ec2Service(
            self,
            "WebService",
            cluster=cluster,
            task_definition=web,
            min_healthy_percent=0,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )

        worker = pull.FargateTask(
            self,
            "Worker",
            image=ecs.ContainerImage.from_ecr_repository(images, "worker-1.0.0"),
            cpu=256,
            memory_limit_mib=512,
            compressed="650MB",
            uncompressed="1.9GB",
            start_within=cdk.Duration.minutes(1),
        )
        ecs.FargateService(
            self,
            "WorkerService",
            cluster=cluster,
            task_definition=worker,
            assign_public_ip=True,
            min_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )
        cdk.Mixins.of(self).apply(pull.SameRegionImages())


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    SmallAppStack(app, "SmallApp", env=cdk.Environment(region="eu-central-1"))
