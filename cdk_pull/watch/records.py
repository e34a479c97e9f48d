"""Reads recorded task starts from CloudWatch Logs."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.describe import MeasureError
from cdk_pull.fargate.estimate.pulls import Pull

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_log_group"]

_RUNNING: Final = '{ $.detail.lastStatus = "RUNNING" }'
_ATTEMPTS: Final = 10


def read_log_group(
    name: str,
    *,
    days: float,
    region: str | None = None,
    profile: str | None = None,
    role_arn: str | None = None,
    now: datetime | None = None,
) -> list[Pull]:
    """Return the task starts that a PullWatch recorded, the newest 200,000 at most.

    Args:
        name: of the log group.
        days: how far back to read.
        region: of the log group; by default the one of the AWS profile.
        profile: the AWS profile; by default the environment's.
        role_arn: a role to assume first, such as one of another account.
        now: the end of the time range; by default the present.

    Raises:
        InvalidValueError: if ``days`` is not between 0 and 3653.
        MeasureError: if AWS refuses, cannot be reached, or the log group does not exist.
    """
    most = facts_of("pull_watch")["days"]["maximum"]
    if not 0 < days <= most:
        raise InvalidValueError("invalid days", days, allowed=f"a number above 0 and up to {most}")
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - half a second that only this needs

    start = (now or datetime.now(tz=UTC)) - timedelta(days=days)
    try:
        client = _client(region, profile, role_arn)
        # CloudWatch Logs gives the oldest first.
        newest = deque(
            _pulls(client, name, int(start.timestamp() * 1000)),
            maxlen=facts_of("pull_watch")["events"]["maximum"],
        )
        return list(newest)
    except ClientError as error:
        reason = error.response.get("Error", {})
        raise MeasureError(
            f"Amazon CloudWatch Logs answers {reason.get('Code')} for log group {name}: {reason.get('Message')}; check "
            "its name, the Region and the permissions logs:FilterLogEvents and sts:AssumeRole"
        ) from None
    except BotoCoreError as error:
        raise MeasureError(
            f"Amazon CloudWatch Logs cannot be asked: {error}; check --profile, the Region and the connection"
        ) from None


def _client(region: str | None, profile: str | None, role_arn: str | None) -> Any:
    import boto3  # noqa: PLC0415 - half a second that only this needs
    from botocore.config import Config  # noqa: PLC0415 - with boto3

    config = Config(
        retries={"mode": "adaptive", "max_attempts": _ATTEMPTS}, connect_timeout=10, read_timeout=30
    )
    session = boto3.Session(region_name=region, profile_name=profile)
    if role_arn is None:
        return session.client("logs", config=config)
    assumed = session.client("sts", config=config).assume_role(RoleArn=role_arn, RoleSessionName="cdk-pull")
    keys = assumed["Credentials"]
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=region or session.region_name,
    ).client("logs", config=config)


def _pulls(client: Any, name: str, start: int) -> Iterator[Pull]:
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=name, startTime=start, filterPattern=_RUNNING
    )
    for page in pages:
        for each in page["events"]:
            pull = _pull(each.get("message", ""))
            if pull is not None:
                yield pull


def _pull(message: str) -> Pull | None:
    try:
        event = json.loads(message)
    except (ValueError, RecursionError):
        return None
    detail = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(detail, dict) or detail.get("lastStatus") != "RUNNING":
        return None
    return Pull.of_task(detail)
