"""One image for two Regions: pushed once, copied by Amazon ECR, and pulled in each Region from its own copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

HOME = "eu-central-1"
COPIES = ["us-west-2"]
REPOSITORY = "shop/api"


class ImagesStack(cdk.Stack):
    """The repository that images are pushed to, with its copies."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment, copies: Sequence[str]) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        self.repository = pull.ImageRepository(
            self, "Images", repository_name=REPOSITORY, replicate_to=copies, backfill=True
        )


class ApiStack(cdk.Stack):
    """The service of one Region, on the copy in that Region."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's name
        *,
        env: cdk.Environment,
        repository: ecr.IRepository,
    ) -> None:
        super().__init__(scope, id, env=env)

        task = ecs.FargateTaskDefinition(self, "Task", cpu=512, memory_limit_mib=1024)
        task.add_container("api", image=ecs.ContainerImage.from_ecr_repository(repository, "1.4.2"))
        agent = ecs.ContainerImage.from_registry("public.ecr.aws/datadog/agent:7.70.0")
        task.add_container("datadog", image=agent, essential=False)

        zones = [f"{self.region}a", f"{self.region}b"]
        vpc = ec2.Vpc(self, "Vpc", availability_zones=zones, nat_gateways=0)
        ecs.FargateService(
            self,
            "Service",
            cluster=ecs.Cluster(self, "Cluster", vpc=vpc),
            task_definition=task,
            desired_count=2,
            assign_public_ip=True,
            min_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        )


def build(app: cdk.App) -> None:
    """Add the example's stacks."""
    images = ImagesStack(app, "MultiRegionImages", env=cdk.Environment(region=HOME), copies=COPIES)
    for region in [HOME, *COPIES]:
        # The copy in the Region of the stack; at home the repository itself.
        repository = images.repository.in_region(region)
        api = ApiStack(
            app, f"MultiRegionApi-{region}", env=cdk.Environment(region=region), repository=repository
        )
        # For a whole app: cdk.Mixins.of(app).apply(…)
        cdk.Mixins.of(api).apply(pull.SameRegionImages(allow=["public.ecr.aws/datadog/*"]))
