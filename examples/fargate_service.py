"""A web service on Fargate whose tasks start within a minute, at the lowest price that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct

# The Region decides the price; the account is whichever the app is deployed to.
ENVIRONMENT = cdk.Environment(region="eu-central-1")


class FargateServiceStack(cdk.Stack):
    """A shop that scales out with its visitors: a new task helps only once it has started."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)

        images = ecr.Repository.from_repository_name(self, "Images", "shop/web")
        group = logs.LogGroup(self, "Logs", retention=logs.RetentionDays.ONE_MONTH)
        task = pull.FargateTask(
            self,
            "Task",
            image=ecs.ContainerImage.from_ecr_repository(images, "2.7.1"),
            container={
                "port_mappings": [ecs.PortMapping(container_port=8080)],
                "logging": ecs.LogDrivers.aws_logs(stream_prefix="web", log_group=group),
            },
            cpu=256,
            memory_limit_mib=512,
            # Of all the task's images together; `cdk-pull lookup` finds them where the registry can be asked.
            compressed="650MB",
            uncompressed="1.9GB",
            start_within=cdk.Duration.minutes(1),
        )

        vpc = ec2.Vpc(self, "Vpc", availability_zones=[f"{self.region}a", f"{self.region}b"], nat_gateways=1)
        service = ecs.FargateService(
            self,
            "Service",
            cluster=ecs.Cluster(self, "Cluster", vpc=vpc),
            task_definition=task,
            min_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )
        service.auto_scale_task_count(min_capacity=2, max_capacity=20).scale_on_cpu_utilization(
            "Cpu", target_utilization_percent=60
        )


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    FargateServiceStack(app, "FargateService", env=ENVIRONMENT)
