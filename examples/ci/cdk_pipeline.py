"""A CDK pipeline that stops before it deploys what pulls badly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines

if TYPE_CHECKING:
    from constructs import Construct

CHECK = "cdk-pull check cdk.out --format junit --output reports/pulls.xml --fail-on warning"


class CheckedPipeline(cdk.Stack):
    """A pipeline whose synth step runs the checks on the assembly that it hands on."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id)
        sources = s3.Bucket(self, "Sources", versioned=True)
        self.pipeline = pipelines.CodePipeline(
            self,
            "Pipeline",
            synth=pipelines.ShellStep(
                "Synth",
                input=pipelines.CodePipelineSource.s3(sources, "app.zip", trigger=actions.S3Trigger.POLL),
                commands=[
                    "pip install -r requirements.txt cdk-pull",
                    "npx cdk synth",
                    "mkdir -p reports",
                    CHECK,
                ],
            ),
        )
