"""Makes records of task starts, as Amazon ECS writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

DIGEST = "sha256:" + "a" * 64
ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def task(
    number: int = 1,
    *,
    pre: float = 12.0,
    pull: float = 30.0,
    post: float | None = 4.0,
    cpu: int = 512,
    **more: Any,
) -> dict[str, Any]:
    """Return a task in the form of DescribeTasks, with its moments as text."""
    created = NOON + timedelta(minutes=number)
    pulling = created + timedelta(seconds=pre)
    pulled = pulling + timedelta(seconds=pull)
    moments = {"createdAt": created, "pullStartedAt": pulling, "pullStoppedAt": pulled}
    if post is not None:
        moments["startedAt"] = pulled + timedelta(seconds=post)
    return {
        "taskArn": f"arn:aws:ecs:eu-west-1:111122223333:task/prod/{number:032x}",
        "launchType": "FARGATE",
        "cpu": str(cpu),
        "memory": str(cpu * 2),
        "platformFamily": "Linux",
        "containers": [{"name": "app", "image": f"{ECR}/app:1", "imageDigest": DIGEST}],
        **{name: moment.isoformat().replace("+00:00", "Z") for name, moment in moments.items()},
        **more,
    }


def event(detail: dict[str, Any]) -> dict[str, Any]:
    """Return the event that ECS sends of a task."""
    return {"version": "0", "detail-type": "ECS Task State Change", "source": "aws.ecs", "detail": detail}
