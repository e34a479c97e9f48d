"""Public images that a shop pulls from its own registry: the rules, grants and names come with one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct

ENVIRONMENT = cdk.Environment(region="eu-west-1")
SECRET = "ecr-pullthroughcache/docker-hub"  # noqa: S105 - its name


class CachedStack(cdk.Stack):
    """A web server and its sidecars, from three public registries."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        task = ecs.FargateTaskDefinition(self, "Task", cpu=512, memory_limit_mib=1024)
        for name, image in (
            ("web", "nginx:1.27.2"),
            ("metrics", "quay.io/prometheus/node-exporter:v1.8.2"),
            ("logs", "public.ecr.aws/aws-observability/aws-for-fluent-bit:2.32.4"),
        ):
            task.add_container(name, image=ecs.ContainerImage.from_registry(image))


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    stack = CachedStack(app, "Cached", env=ENVIRONMENT)

    cdk.Mixins.of(stack).apply(pull.PullThroughCache(docker_hub=SECRET))
    cdk.Mixins.of(stack).apply(pull.SameRegionImages())
