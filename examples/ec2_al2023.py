"""EC2 capacity on Amazon Linux 2023 that starts tasks from the images it has, with room on the disk for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct


class AmazonLinuxStack(cdk.Stack):
    """An API that is deployed four times a day, and whose tasks come and go with the load."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        zones = [f"{self.region}a", f"{self.region}b"]
        vpc = ec2.Vpc(self, "Vpc", availability_zones=zones, nat_gateways=1)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)

        capacity = pull.CachedImageCapacityProvider(
            self,
            "Capacity",
            cluster=cluster,
            instance_type=ec2.InstanceType("m7g.large"),
            images=["1.4GB", "300MB"],
            deployments_per_day=4,
            max_capacity=6,
        )

        task = ecs.Ec2TaskDefinition(self, "Task")
        images = ecr.Repository.from_repository_name(self, "Images", "shop/api")
        image = ecs.ContainerImage.from_ecr_repository(images, "4.1.0")
        task.add_container("api", image=image, memory_reservation_mib=512)
        strategy = ecs.CapacityProviderStrategy(capacity_provider=capacity.capacity_provider_name, weight=1)
        ecs.Ec2Service(
            self,
            "Service",
            cluster=cluster,
            task_definition=task,
            desired_count=4,
            capacity_provider_strategies=[strategy],
            min_healthy_percent=50,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    AmazonLinuxStack(app, "Ec2AmazonLinux", env=cdk.Environment(region="eu-central-1"))


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
