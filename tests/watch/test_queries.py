"""The queries give what `cdk-pull measure` gives for the same events."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.fargate.estimate.pulls import PHASES, Pull, is_cached
from cdk_pull.watch.queries import (
    FAILURES,
    alarm_aggregation,
    alarm_query,
    event_pattern,
    failures_query,
    history_query,
    saved_queries,
    starts_query,
)
from tests.fargate.task_records import NOON, event, task
from tests.watch.insights import run

RUNNING: dict[str, Any] = {"lastStatus": "RUNNING", "desiredStatus": "RUNNING"}


def _event(number: int, **more: Any) -> dict[str, Any]:
    return event(task(number, **{**RUNNING, "group": "service:web", **more}))


def _events(number: int) -> list[dict[str, Any]]:
    """Return events of a fleet: over midnight, cached, without stamps, repeated, of several services and sizes."""
    chance = random.Random(7)  # noqa: S311 - the same events at each run
    events = []
    for each in range(number):
        pull = chance.lognormvariate(3.4, 0.6)
        more: dict[str, Any] = {"group": f"service:{chance.choice(['web', 'api', 'jobs'])}"}
        if chance.random() < 0.2:
            more |= {"launchType": "EC2", "capacityProviderName": "own"}
            pull = chance.choice([0.1, 1.9, pull])
        made = _event(
            each,
            pre=round(chance.uniform(8, 20), 3),
            pull=round(pull, 3),
            post=round(chance.uniform(1, 9), 3),
            cpu=chance.choice([256, 512, 1024]),
            containers=[{"name": name, "image": f"{name}:1"} for name in ("app", "sidecar")],
            **more,
        )
        if chance.random() < 0.05:
            del made["detail"]["pullStartedAt"], made["detail"]["pullStoppedAt"]
        events.append(made)
        # A container whose health changes makes ECS report the same start once more.
        if chance.random() < 0.1:
            events.append(made)
    return events


def _measured(events: list[dict[str, Any]], key: str) -> dict[str, dict[str, list[float]]]:
    """Return the sorted seconds of each phase as `cdk-pull measure` reads them."""
    found: dict[str, dict[str, list[float]]] = {}
    for detail in {each["detail"]["taskArn"]: each["detail"] for each in events}.values():
        pull = Pull.of_task(detail)
        if pull is None or is_cached(pull):
            continue
        group = found.setdefault(detail[key], {phase: [] for phase in PHASES})
        for phase in PHASES:
            group[phase].append(getattr(pull, phase))
    return {name: {phase: sorted(values) for phase, values in group.items()} for name, group in found.items()}


@pytest.mark.parametrize("number", [500, pytest.param(100_000, marks=pytest.mark.long)])
@pytest.mark.parametrize(("by", "key", "column"), [("service", "group", "service"), ("size", "cpu", "cpu")])
def test_quantiles_are_those_of_measure(number: int, by: Any, key: str, column: str) -> None:
    """The quantiles of every phase equal those of the starts that measure reads, to the next measured start."""
    events = _events(number)
    measured = _measured(events, key)
    rows = run(starts_query(by), events)
    totals: dict[str, int] = {}
    for row in rows:
        totals[row[column]] = totals.get(row[column], 0) + row["starts"]
    assert totals == {name: len(group["pull"]) for name, group in measured.items()}
    if by == "size":
        return
    for row in rows:
        for phase in PHASES:
            values = measured[row["service"]][phase]
            for percent in (50, 90, 99):
                at = len(values) * percent / 100
                low, high = values[max(0, int(at) - 1)], values[min(len(values) - 1, int(at) + 1)]
                assert low - 0.002 <= row[f"{phase}_p{percent}"] <= high + 0.002


@given(
    seconds=st.integers(0, 2 * 86_400),
    pre=st.floats(-0.5, 3_000),
    pull=st.floats(2, 80_000),
    post=st.floats(0, 3_000),
)
def test_every_phase_is_right_at_any_hour(seconds: int, pre: float, pull: float, post: float) -> None:
    """A phase below a day comes out to the microsecond, over midnight and with clocks that differ, as measure has it."""
    made = task(pre=pre, pull=pull, post=post, **RUNNING, group="service:web")
    shift = timedelta(seconds=seconds)
    for name in ("createdAt", "pullStartedAt", "pullStoppedAt", "startedAt"):
        moment = type(NOON).fromisoformat(made[name]) + shift
        made[name] = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    measured = Pull.of_task(made)
    assert measured is not None
    if is_cached(measured) or (measured.total or 0) > 86_000:
        return
    [row] = run(starts_query("service"), [event(made)])
    for phase in ("pre_pull", "pull", "post_pull"):
        assert row[f"{phase}_p50"] == pytest.approx(getattr(measured, phase), abs=1e-4)


def test_a_start_without_a_pull_is_left_out() -> None:
    """A start from the instance's cache has no stamps of a pull, and one that ends while pulling has no start."""
    cached, ended = _event(1, launchType="EC2"), _event(2, post=None)
    del cached["detail"]["pullStartedAt"], cached["detail"]["pullStoppedAt"]
    assert run(starts_query("service"), [cached, ended]) == []


def test_a_stopped_task_is_left_out() -> None:
    """Only tasks that run are starts; one that stopped before it started is none."""
    assert run(starts_query("service"), [_event(1, lastStatus="STOPPED", desiredStatus="STOPPED")]) == []


def test_several_containers_are_one_start() -> None:
    """A task of several containers is one start with one pull."""
    containers = [{"name": str(each), "image": "web:1"} for each in range(10)]
    [row] = run(starts_query("service"), [_event(1, containers=containers)])
    assert (row["starts"], row["pull_p50"], row["total_p99"]) == (1, 30.0, 46.0)


def test_history() -> None:
    """The time series has one stats, as CloudWatch asks of a line chart."""
    assert history_query().count("stats ") == 1
    assert history_query().endswith("stats pct(pull, 90) as pull_p90, pct(total, 90) as total_p90 by bin(1h)")


def test_failures_are_counted_by_reason() -> None:
    """A failed pull counts under its reason, wherever ECS states it: the task's or a container's."""
    stopped = {"lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stopCode": "TaskFailedToStart"}
    events = [
        _event(1, **stopped, stoppedReason="CannotPullContainerError: pull image manifest: not found"),
        _event(2, **stopped, stoppedReason="ResourceInitializationError: unable to pull secrets"),
        _event(3, **stopped, stoppedReason="CannotPullContainerError: i/o timeout"),
        _event(4, **stopped, stoppedReason="CannotPullContainerError: i/o timeout", group="service:api"),
        _event(5, **stopped, stoppedReason="Essential container in task exited"),
    ]
    # Whole events are matched as text, which the evaluation has under @message.
    rows = run(failures_query(), [{**each, "@message": str(each)} for each in events])
    assert [(row["service"], row["reason"], row["tasks"]) for row in rows] == [
        ("service:web", "CannotPullContainerError", 2),
        ("service:web", "ResourceInitializationError", 1),
        ("service:api", "CannotPullContainerError", 1),
    ]
    assert FAILURES == '?"CannotPull" ?"ResourceInitializationError"'


def test_the_alarm_has_the_ninth_decile_of_each_service() -> None:
    """The alarm's query and its aggregation come to the 90th percentile of a service's starts."""
    events = [_event(each, pull=10.0 * each) for each in range(1, 11)]
    [row] = run(f"{alarm_query()}\n| stats {alarm_aggregation()}", events)
    assert row == {"service": "service:web", "pct(start_seconds, 90)": 12.0 + 90.0 + 4.0}
    assert len(alarm_aggregation()) <= 256


def test_no_query_has_more_than_two_stats() -> None:
    """CloudWatch Logs Insights takes two stats commands in a query, and 10,000 characters."""
    for query in saved_queries().values():
        assert 1 <= query.count("stats ") <= 2
        assert len(query) <= 10_000


def test_the_pattern() -> None:
    """The rule takes tasks that run, and tasks that failed to start, of the clusters or of the Region."""
    detail = {
        "$or": [
            {"lastStatus": ["RUNNING"], "desiredStatus": ["RUNNING"]},
            {"lastStatus": ["STOPPED"], "stopCode": ["TaskFailedToStart"]},
        ]
    }
    assert event_pattern()["detail"] == detail
    assert event_pattern(["arn"]) == {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {**detail, "clusterArn": ["arn"]},
    }
