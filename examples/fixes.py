"""An app with the faults that teams bring along, and the one line that fixes them; and an app sized by one line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct


class InheritedStack(cdk.Stack):
    """A web service on EC2 capacity and a worker on Fargate, with what the checks find in such stacks."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id)
        zones = [f"{self.region}a", f"{self.region}b"]
        vpc = ec2.Vpc(self, "Vpc", availability_zones=zones, nat_gateways=1)
        cluster = ecs.Cluster(self, "Cluster", vpc=vpc)
        group = autoscaling.AutoScalingGroup(
            self,
            "Instances",
            vpc=vpc,
            instance_type=ec2.InstanceType("m7i.large"),
            machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
            require_imdsv2=True,
        )
        group.add_user_data(
            # The agent takes the quotes for a part of the value, and has its default.
            "echo 'ECS_IMAGE_PULL_BEHAVIOR=\"once\"' >> /etc/ecs/ecs.config",
            # An assignment with a redirection: nothing is written.
            "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT=10m >> /etc/ecs/ecs.config",
            # The service waits for the user data, and the user data for the service.
            "systemctl start ecs",
        )
        capacity = ecs.AsgCapacityProvider(
            self, "Capacity", auto_scaling_group=group, enable_managed_termination_protection=False
        )
        cluster.add_asg_capacity_provider(capacity)

        images = ecr.Repository(self, "Images", image_tag_mutability=ecr.TagMutability.IMMUTABLE)
        web = ecs.Ec2TaskDefinition(self, "Web")
        web.add_container(
            "web",
            image=ecs.ContainerImage.from_ecr_repository(images, "web-7f3c2a1"),
            memory_reservation_mib=256,
        )
        strategy = ecs.CapacityProviderStrategy(capacity_provider=capacity.capacity_provider_name, weight=1)
        ecs.Ec2Service(
            self,
            "WebService",
            cluster=cluster,
            task_definition=web,
            capacity_provider_strategies=[strategy],
            min_healthy_percent=50,
        )

        # Fargate runs no such pair: the deployment fails.
        worker = ecs.FargateTaskDefinition(self, "Worker", cpu=256, memory_limit_mib=4096)
        worker.add_container("worker", image=ecs.ContainerImage.from_ecr_repository(images, "worker-7f3c2a1"))


class JobsStack(cdk.Stack):
    """Two jobs whose code says nothing of how soon they start."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id)
        images = ecr.Repository(self, "Images", image_tag_mutability=ecr.TagMutability.IMMUTABLE)
        for name in ("Import", "Export"):
            job = ecs.FargateTaskDefinition(self, name, cpu=256, memory_limit_mib=512)
            tag = f"{name.lower()}-7f3c2a1"
            job.add_container("job", image=ecs.ContainerImage.from_ecr_repository(images, tag))


def fix(app: cdk.Stage) -> None:
    """Fix what is certain, whatever is in the app."""
    cdk.Mixins.of(app).apply(pull.PullFixes())


def size(app: cdk.Stage) -> None:
    """Size every Fargate task that is made from here on; a nearer injector goes before it."""
    cdk.PropertyInjectors.of(app).add(
        pull.FargateTaskSizeInjector(
            start_within=cdk.Duration.minutes(1), compressed="650MB", uncompressed="1.9GB"
        )
    )


def build(app: cdk.App) -> None:
    """Add the example's stages."""
    env = cdk.Environment(region="eu-central-1")
    fixed = cdk.Stage(app, "Fixed", env=env)
    InheritedStack(fixed, "Inherited")
    fix(fixed)
    sized = cdk.Stage(app, "Sized", env=env)
    size(sized)
    JobsStack(sized, "Jobs")


def main() -> None:
    """Write the inherited app as it was, and with the one line, each into a folder for `cdk-pull check`."""
    for name in ("before", "after"):
        app = cdk.App(outdir=str(Path("cdk.out", name).resolve()))
        InheritedStack(cdk.Stage(app, "Prod", env=cdk.Environment(region="eu-central-1")), "Inherited")
        if name == "after":
            fix(app)
        app.synth()


if __name__ == "__main__":
    main()
