"""An app that is checked at every synth, with a finding that is kept for a reason, and in its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct


class NightlyReport(cdk.Stack):
    """A Fargate task with an image of a public registry."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id)
        task = pull.FargateTask(
            self,
            "Task",
            image=ecs.ContainerImage.from_registry("public.ecr.aws/docker/library/python:3.13-slim"),
            cpu=256,
            memory_limit_mib=512,
            start_within=cdk.Duration.minutes(2),
            compressed="45MB",
            uncompressed="125MB",
        )
        cdk.Validations.of(task).acknowledge(
            cdk.Acknowledgment(
                id="cdk-pull::PULL302", reason="it runs once a night, and may wait for ECR Public"
            )
        )


def check(app: cdk.Stage) -> None:
    """Check the app, or one stage of it, at every synth."""
    cdk.Validations.of(app).add_plugins(pull.PullChecks())


def verify() -> None:
    """Say in a test what the app must hold to."""
    app = cdk.App()
    NightlyReport(app, "NightlyReport")
    pull.assert_pulls_well(app.synth())


def build(app: cdk.App) -> None:
    """Add the example's stage."""
    stage = cdk.Stage(app, "CheckedApp", env=cdk.Environment(region="eu-west-1"))
    NightlyReport(stage, "NightlyReport")
    check(stage)
