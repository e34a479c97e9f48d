"""Mixins on an app with stages and CDK Pipelines: see docs/mixins.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from aws_cdk import pipelines
    from constructs import Construct


class Shop(cdk.Stack):
    """A cluster with EC2 capacity."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        vpc = ec2.Vpc(self, "Vpc", max_azs=1)
        self.cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        self.cluster.add_capacity("Capacity", instance_type=ec2.InstanceType("m7g.large"))


class Prod(cdk.Stage):
    def __init__(self, scope: Construct, id: str, **props: Any) -> None:
        super().__init__(scope, id, **props)
        cdk.Mixins.of(self).apply(pull.ImagePullBehavior.prefer_cached())
        Shop(self, "Shop")


def apply_to_app(app: cdk.App, releases: ecs.Cluster) -> None:
    """Set a default for the app, and an exception for one cluster."""
    cdk.Mixins.of(app).apply(pull.ImagePullBehavior.once())
    # The exception is nearer, and counts.
    cdk.Mixins.of(releases).apply(pull.ImagePullBehavior.prefer_cached())


def deploy(app: cdk.App, pipeline: pipelines.CodePipeline) -> None:
    """Make the stage, apply the mixin, then hand the stage to the pipeline."""
    prod = Prod(app, "Prod")
    cdk.Mixins.of(app).apply(pull.ImagePullBehavior.prefer_cached())
    pipeline.add_stage(prod)
