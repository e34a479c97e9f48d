"""A Windows service on Fargate, built on a servercore that Fargate's hosts have cached."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct

SITE = Path(__file__).parent / "site"


class WindowsFargateStack(cdk.Stack):
    """A site whose tasks pull their own few layers, and find the gigabytes of servercore already there."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id)

        # The day is written here, so that the pin moves when somebody decides that it does.
        pin = pull.ServerCore.pin("WINDOWS_SERVER_2022_CORE", on="2026-09-20")
        site = ecr_assets.DockerImageAsset(
            self,
            "Site",
            directory=str(SITE),
            build_args=pin.build_args,
            platform=ecr_assets.Platform.custom("windows/amd64"),
        )
        task = pull.WindowsFargateTask(
            self,
            "Task",
            pin=pin,
            cpu=1024,
            memory_limit_mib=2048,
            image=ecs.ContainerImage.from_docker_image_asset(site),
            container={"port_mappings": [ecs.PortMapping(container_port=80)]},
        )

        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=1)
        ecs.FargateService(
            self,
            "Service",
            cluster=ecs.Cluster(self, "Cluster", vpc=vpc),
            task_definition=task,
            desired_count=2,
            min_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    WindowsFargateStack(app, "WindowsFargate")
