"""Reads recorded task starts from CloudWatch Logs."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Final

from cdk_pull.aws import AwsClient
from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.pulls import Pull

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["read_log_group"]

_RUNNING: Final = '{ $.detail.lastStatus = "RUNNING" }'


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
        AwsError: if AWS refuses, cannot be reached, or the log group does not exist.
    """
    most = facts_of("pull_watch")["days"]["maximum"]
    if not 0 < days <= most:
        raise InvalidValueError("invalid days", days, allowed=f"a number above 0 and up to {most}")
    start = (now or datetime.now(tz=UTC)) - timedelta(days=days)
    client = AwsClient(
        "logs",
        name="Amazon CloudWatch Logs",
        about=f"log group {name}",
        check="its name, the Region and the permissions logs:FilterLogEvents and sts:AssumeRole",
        region=region,
        profile=profile,
        role_arn=role_arn,
    )
    # CloudWatch Logs gives the oldest first.
    most_events = facts_of("pull_watch")["events"]["maximum"]
    return list(deque(_pulls(client, name, int(start.timestamp() * 1000)), maxlen=most_events))


def _pulls(client: AwsClient, name: str, start: int) -> Iterator[Pull]:
    pages = client.pages(
        "filter_log_events", "events", logGroupName=name, startTime=start, filterPattern=_RUNNING
    )
    for event in chain.from_iterable(pages):
        pull = _pull(event.get("message", ""))
        if pull is not None:
            yield pull


def _pull(message: str) -> Pull | None:
    try:
        event = json.loads(message)
    except (TypeError, ValueError, RecursionError):
        return None
    detail = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(detail, dict) or detail.get("lastStatus") != "RUNNING":
        return None
    return Pull.of_task(detail)
