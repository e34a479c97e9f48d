"""Two images that are built in the form in which their Fargate tasks start in time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk

import cdk_pull as pull

if TYPE_CHECKING:
    from constructs import Construct

WEB = Path(__file__).parent / "web"

# The Region decides whether an index can be built; the account is whichever the app is deployed to.
ENVIRONMENT = cdk.Environment(region="eu-central-1")


class FargateImageStack(cdk.Stack):
    """A site, and a report that carries a large model and is waited for."""

    def __init__(self, scope: Construct, id: str, *, env: cdk.Environment) -> None:  # noqa: A002 - CDK's name
        super().__init__(scope, id, env=env)

        web = pull.FargateImage(
            self,
            "Web",
            directory=str(WEB),
            # Of the image alone; look_up_image gives those of an image that was pushed before.
            compressed="650MB",
            uncompressed="1.9GB",
            start_within=cdk.Duration.seconds(70),
        )
        pull.FargateTask(self, "WebTask", image=web.image, cpu=256, memory_limit_mib=512)

        report = pull.FargateImage(
            self,
            "Report",
            directory=str(WEB),
            build_args={"MODEL": "large"},
            compressed="2.4GB",
            uncompressed="7GB",
            start_within=cdk.Duration.seconds(30),
        )
        pull.FargateTask(
            self, "ReportTask", image=report.image, cpu=1024, memory_limit_mib=8192, working_data="2GB"
        )


def build(app: cdk.App) -> None:
    """Add the example's stack."""
    FargateImageStack(app, "FargateImage", env=ENVIRONMENT)
