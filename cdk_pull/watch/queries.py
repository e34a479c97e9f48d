"""The CloudWatch Logs Insights queries over recorded task starts, and the events that are recorded.

Logs Insights parses no ISO 8601 timestamps, so each query takes hours, minutes and seconds apart and subtracts them
modulo one day. The result is right for every phase shorter than a day, over midnight too. A task reports RUNNING
again when its health changes; the first ``stats`` counts each task once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from cdk_pull.fargate.estimate.pulls import CACHED_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "FAILURES",
    "FAILURE_TERMS",
    "By",
    "alarm_aggregation",
    "alarm_query",
    "event_pattern",
    "failures_query",
    "history_query",
    "saved_queries",
    "starts_query",
]

By: TypeAlias = Literal["service", "size"]
"""What starts are grouped by."""

FAILURE_TERMS: Final = ("CannotPull", "ResourceInitializationError")
"""What the stop reason of a task holds whose pull, or whose preparation for it, failed."""

FAILURES: Final = " ".join(f'?"{term}"' for term in FAILURE_TERMS)
"""The metric filter pattern for failed pulls."""

_RUNNING: Final = 'detail.lastStatus = "RUNNING" and detail.desiredStatus = "RUNNING"'
_GROUPS: Final[Mapping[By, str]] = {"service": "service", "size": "launch_type, cpu, memory"}
_STAMPS: Final = {
    "created": "createdAt",
    "pull_start": "pullStartedAt",
    "pull_stop": "pullStoppedAt",
    "started": "startedAt",
}
_PHASES: Final = {
    "pre_pull": ("created", "pull_start"),
    "pull": ("pull_start", "pull_stop"),
    "post_pull": ("pull_stop", "started"),
    "total": ("created", "started"),
}
_DAY: Final = 86_400
# The clocks of the agent and of ECS differ by fractions of a second, so that a phase can read as a little below zero.
_SKEW: Final = 1


def event_pattern(cluster_arns: Sequence[str] = ()) -> dict[str, Any]:
    """Return the EventBridge pattern of the events to record: tasks that run, and tasks that failed to start.

    Args:
        cluster_arns: the clusters; all of the Region where there is none.
    """
    detail: dict[str, Any] = {
        "$or": [
            {"lastStatus": ["RUNNING"], "desiredStatus": ["RUNNING"]},
            {"lastStatus": ["STOPPED"], "stopCode": ["TaskFailedToStart"]},
        ]
    }
    if cluster_arns:
        detail["clusterArn"] = list(cluster_arns)
    return {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"], "detail": detail}


def starts_query(by: By) -> str:
    """Return the query for the quantiles of every phase, by service or by task size.

    Pulls on EC2 that found their images on the instance are left out, as in ``cdk-pull measure``.
    """
    first = ", ".join(f"max({phase}) as {phase}_s" for phase in _PHASES)
    second = ", ".join(
        f"pct({phase}_s, {percent}) as {phase}_p{percent}" for phase in _PHASES for percent in (50, 90, 99)
    )
    return _lines(
        *_phases(),
        f"stats {first} by task, {_GROUPS[by]}",
        f"stats count(*) as starts, {second} by {_GROUPS[by]}",
        "sort total_p90 desc",
    )


def history_query() -> str:
    """Return the query for the ninth decile of the pull and of the whole start over time.

    It has one ``stats``, which a time series needs, so a task whose health changes counts more than once.
    """
    return _lines(*_phases(), "stats pct(pull, 90) as pull_p90, pct(total, 90) as total_p90 by bin(1h)")


def failures_query() -> str:
    """Return the query for tasks that failed to start, by service and reason."""
    terms = "|".join(FAILURE_TERMS)
    return _lines(
        f'filter detail.lastStatus = "STOPPED" and @message like /{terms}/',
        r"parse @message /(?<reason>CannotPull[A-Za-z]*|ResourceInitializationError)/",
        "fields detail.group as service, detail.taskArn as task",
        "stats count_distinct(task) as tasks by service, reason",
        "sort tasks desc",
    )


def alarm_query() -> str:
    """Return the query whose result `alarm_aggregation` compares with a threshold: one row a task."""
    return _lines(*_phases(), "stats max(total) as start_seconds by task, service")


def alarm_aggregation() -> str:
    """Return the aggregation of an alarm on slow starts: the ninth decile of each service."""
    return "pct(start_seconds, 90) by service"


def saved_queries() -> dict[str, str]:
    """Return the queries that a person runs, by name."""
    return {
        "starts-by-service": starts_query("service"),
        "starts-by-size": starts_query("size"),
        "failed-pulls": failures_query(),
    }


def _phases() -> list[str]:
    parsed = [
        rf"parse detail.{stamp} /T(?<{name}_h>\d+):(?<{name}_m>\d+):(?<{name}_s>[0-9.]+)/"
        for name, stamp in _STAMPS.items()
    ]
    moments = ", ".join(f"{name}_h * 3600 + {name}_m * 60 + {name}_s as {name}_at" for name in _STAMPS)
    phases = ", ".join(
        f"greatest(0, ({end}_at - {start}_at + {_DAY + _SKEW}) % {_DAY} - {_SKEW}) as {phase}"
        for phase, (start, end) in _PHASES.items()
    )
    return [
        f"filter {_RUNNING}",
        "filter ispresent(detail.pullStartedAt) and ispresent(detail.pullStoppedAt) and ispresent(detail.startedAt)",
        *parsed,
        f"fields {moments}",
        f"fields {phases}",
        f'filter detail.launchType = "FARGATE" or pull >= {CACHED_SECONDS:g}',
        (
            "fields detail.taskArn as task, detail.group as service, detail.launchType as launch_type, detail.cpu as cpu, "
            "detail.memory as memory"
        ),
    ]


def _lines(*commands: str) -> str:
    return "\n| ".join(commands)
