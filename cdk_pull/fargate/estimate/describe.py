"""Reads the starts of a cluster's tasks from Amazon ECS itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import CdkPullError
from cdk_pull.fargate.estimate.pulls import Pull

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MeasureError", "describe_pulls"]

# As many as DescribeTasks takes.
_AT_ONCE: Final = 100
# ECS throttles DescribeTasks at 20 a second on bursts of 100: the adaptive mode of botocore slows down by itself.
_ATTEMPTS: Final = 10


class MeasureError(CdkPullError):
    """Amazon ECS did not say what was asked; the message has its own word for it."""


def describe_pulls(cluster: str, *, service: str | None = None, region: str | None = None) -> list[Pull]:
    """Return the starts of the tasks of a cluster or of one service: those that run, and those of the last hour.

    Args:
        cluster: name or ARN.
        service: of it, or None for all its tasks.
        region: by default the one of the AWS profile.

    Raises:
        MeasureError: if AWS refuses, cannot be reached, or the cluster does not exist.
    """
    import boto3  # noqa: PLC0415 - half a second that only this needs
    from botocore.config import Config  # noqa: PLC0415 - with boto3
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with boto3

    config = Config(
        retries={"mode": "adaptive", "max_attempts": _ATTEMPTS}, connect_timeout=10, read_timeout=30
    )
    asked = {"cluster": cluster, **({"serviceName": service} if service else {})}
    try:
        client = boto3.Session(region_name=region).client("ecs", config=config)
        return list(_pulls(client, cluster, asked))
    except ClientError as error:
        reason = error.response.get("Error", {})
        message = f"Amazon ECS answers {reason.get('Code')} for cluster {cluster}: {reason.get('Message')}; check its name, the Region and the rights"
        raise MeasureError(message) from None
    except BotoCoreError as error:
        raise MeasureError(
            f"Amazon ECS cannot be asked: {error}; check AWS_PROFILE, the Region and the connection"
        ) from None


def _pulls(client: Any, cluster: str, asked: dict[str, str]) -> Iterator[Pull]:
    for status in ("RUNNING", "STOPPED"):
        pages = client.get_paginator("list_tasks").paginate(
            **asked, desiredStatus=status, PaginationConfig={"PageSize": _AT_ONCE}
        )
        for page in pages:
            # An empty page is no list that DescribeTasks takes.
            if not page["taskArns"]:
                continue
            for task in client.describe_tasks(cluster=cluster, tasks=page["taskArns"])["tasks"]:
                pull = Pull.of_task(task)
                if pull:
                    yield pull
