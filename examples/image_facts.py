"""A Fargate task sized by what its image is, as the registry told `cdk-pull lookup` and cdk.context.json keeps.

The account of this example does not exist: the facts in cdk.context.json are those of an image of three layers that was
pushed to a registry on the same machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct

WEB = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop/web:2.7.1"


class ImageFactsStack(cdk.Stack):
    """A task whose image is looked up once; until then the synth says what to run, and the size stays as given."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)
        images = ecr.Repository.from_repository_name(self, "Images", "shop/web")
        pull.FargateTask(
            self,
            "Web",
            image=ecs.ContainerImage.from_ecr_repository(images, "2.7.1"),
            image_profile=pull.look_up_image(self, WEB),
            cpu=256,
            memory_limit_mib=512,
            start_within=cdk.Duration.minutes(1),
        )


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    ImageFactsStack(app, "ImageFacts", env=cdk.Environment(account="111122223333", region="eu-central-1"))
