"""Every task start of a cluster recorded, shown, and alarmed on when it gets slower."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_sns as sns

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct

ENVIRONMENT = cdk.Environment(region="eu-central-1")


class PullWatchStack(cdk.Stack):
    """A cluster whose team is told when tasks start later than usual, or not at all."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        vpc = ec2.Vpc(self, "Vpc", availability_zones=[f"{self.region}a", f"{self.region}b"], nat_gateways=0)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        on_call = sns.Topic(self, "OnCall")

        pull.PullWatch(
            self,
            "Pulls",
            cluster=cluster,
            alarm_above=cdk.Duration.seconds(90),
            alarm_topics=[on_call],
            starts_per_day=4000,
        )


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    PullWatchStack(app, "PullWatch", env=ENVIRONMENT)
