"""A nightly batch of many short Fargate tasks, sized for their start: what they pull, they pull every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct

# The Region decides the price; the account is whichever the app is deployed to.
ENVIRONMENT = cdk.Environment(region="us-east-1")


class FargateBatchStack(cdk.Stack):
    """Two steps of a batch: one that has to start in time, one that may not cost more than it is worth."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        # Public subnets, so that nobody pays a NAT gateway for what the tasks pull.
        vpc = ec2.Vpc(self, "Vpc", availability_zones=[f"{self.region}a", f"{self.region}b"], nat_gateways=0)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)

        # The smallest size that is expected to start within 50 s, with room for the frames it unpacks.
        render = pull.FargateTask(
            self,
            "Render",
            image=self._image("batch/render", "5.1.0"),
            cpu="1 vCPU",
            memory_limit_mib="2GB",
            compressed="1.1GB",
            uncompressed="3GB",
            compression="zstd",
            working_data="25GB",
            start_within=cdk.Duration.seconds(50),
        )

        # The best start for at most ten cents per hour and task.
        report = pull.FargateTask(
            self,
            "Report",
            image=self._image("batch/report", "3.0.2"),
            compressed="900MB",
            uncompressed="2.6GB",
            max_usd_per_hour=0.10,
        )

        for name, task, hour, count in (("Night", render, "1", 20), ("Morning", report, "5", 10)):
            events.Rule(
                self,
                name,
                schedule=events.Schedule.cron(minute="0", hour=hour),
                targets=[
                    targets.EcsTask(
                        cluster=cluster,
                        task_definition=task,
                        task_count=count,
                        assign_public_ip=True,
                        subnet_selection=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
                    )
                ],
            )

    def _image(self, repository: str, tag: str) -> ecs.ContainerImage:
        name = repository.title().replace("/", "")
        return ecs.ContainerImage.from_ecr_repository(
            ecr.Repository.from_repository_name(self, name, repository), tag
        )


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    FargateBatchStack(app, "FargateBatch", env=ENVIRONMENT)
