"""Tasks in subnets without a NAT gateway, and the endpoints that their start lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct

ENVIRONMENT = cdk.Environment(region="eu-west-1")


class IsolatedStack(cdk.Stack):
    """A worker that reaches nothing but AWS."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        vpc = ec2.Vpc(
            self,
            "Vpc",
            availability_zones=[f"{self.region}a", f"{self.region}b"],
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="tasks", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
            ],
        )
        images = ecr.Repository.from_repository_name(self, "Images", "shop/worker")
        task = ecs.FargateTaskDefinition(self, "Task", cpu=256, memory_limit_mib=512)
        task.add_container(
            "worker",
            image=ecs.ContainerImage.from_ecr_repository(images, "1.4.0"),
            logging=ecs.LogDrivers.aws_logs(stream_prefix="worker"),
        )
        ecs.FargateService(
            self,
            "Service",
            cluster=ecs.Cluster(self, "Cluster", vpc=vpc),
            task_definition=task,
            min_healthy_percent=100,
        )

        pull.PullEndpoints(vpc, gb_per_month=400)


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    IsolatedStack(app, "Isolated", env=ENVIRONMENT)
