from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from cdk_pull.cdk.watch.pull_watch import PullWatch
from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.watch.queries import alarm_query, event_pattern, saved_queries

IRELAND = cdk.Environment(account="111122223333", region="eu-west-1")
ARN = "arn:aws:ecs:eu-west-1:111122223333:cluster/prod"


def _stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack", env=IRELAND)


def _cluster(stack: cdk.Stack) -> ecs.ICluster:
    return ecs.Cluster.from_cluster_arn(stack, "Cluster", ARN)


def _by_type(stack: cdk.Stack) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for resource in Template.from_stack(stack).to_json()["Resources"].values():
        found.setdefault(resource["Type"], []).append(resource)
    return found


@pytest.fixture(scope="module")
def full() -> dict[str, list[dict[str, Any]]]:
    """Return the resources of a watch with everything."""
    if not hasattr(cloudwatch, "CfnLogAlarm"):
        pytest.skip("this aws-cdk-lib has no log alarms")
    stack = _stack()
    topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:eu-west-1:111122223333:on-call")
    PullWatch(
        stack,
        "Pulls",
        cluster=_cluster(stack),
        alarm_above=cdk.Duration.seconds(90),
        alarm_topics=[topic],
        retention=logs.RetentionDays.ONE_MONTH,
    )
    return _by_type(stack)


def test_resources(full: dict[str, list[dict[str, Any]]]) -> None:
    """A watch has one of each, three queries, and no Lambda function."""
    assert {kind: len(each) for kind, each in full.items()} == {
        "AWS::CloudWatch::Alarm": 1,
        "AWS::CloudWatch::Dashboard": 1,
        "AWS::CloudWatch::LogAlarm": 1,
        "AWS::Events::Rule": 1,
        "AWS::IAM::Policy": 1,
        "AWS::IAM::Role": 1,
        "AWS::Logs::LogGroup": 1,
        "AWS::Logs::MetricFilter": 1,
        "AWS::Logs::QueryDefinition": 3,
        "AWS::Logs::ResourcePolicy": 1,
    }


def test_the_rule_writes_to_the_log_group(full: dict[str, list[dict[str, Any]]]) -> None:
    """The rule takes the cluster's starts, its target is the log group by an ARN without `:*`, and events may write."""
    [rule], [group], [policy] = (
        full[kind] for kind in ("AWS::Events::Rule", "AWS::Logs::LogGroup", "AWS::Logs::ResourcePolicy")
    )
    assert rule["Properties"]["EventPattern"] == event_pattern([ARN])
    assert group["Properties"] == {
        "LogGroupName": "/aws/events/cdk-pull/Stack-Pulls-14E75B42",
        "RetentionInDays": 30,
    }
    assert group["DeletionPolicy"] == "Delete"
    [target] = rule["Properties"]["Targets"]
    assert "".join(
        each if isinstance(each, str) else f"<{each['Ref']}>" for each in target["Arn"]["Fn::Join"][1]
    ) == ("arn:<AWS::Partition>:logs:eu-west-1:111122223333:log-group:<PullsEvents549F232A>")
    text = json.dumps(policy["Properties"]["PolicyDocument"])
    for each in (
        "events.amazonaws.com",
        "delivery.logs.amazonaws.com",
        "logs:PutLogEvents",
        "logs:CreateLogStream",
    ):
        assert each in text


def test_the_alarms(full: dict[str, list[dict[str, Any]]]) -> None:
    """One failed pull in five minutes alarms; so do two of three results above the limit, on the alarm's own query."""
    [failed], [slow], [counted] = (
        [each["Properties"] for each in full[kind]]
        for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::LogAlarm", "AWS::Logs::MetricFilter")
    )
    topics = ["arn:aws:sns:eu-west-1:111122223333:on-call"]
    assert (failed["Threshold"], failed["EvaluationPeriods"], failed["AlarmActions"]) == (1, 1, topics)
    assert counted["FilterPattern"] == '?"CannotPull" ?"ResourceInitializationError"'
    [transformation] = counted["MetricTransformations"]
    assert transformation["MetricName"] == failed["MetricName"] == "FailedPulls-Stack-Pulls-14E75B42"
    assert (slow["Threshold"], slow["QueryResultsToAlarm"], slow["QueryResultsToEvaluate"]) == (90, 2, 3)
    query = slow["ScheduledQueryConfiguration"]
    assert query["QueryString"] == alarm_query()
    assert query["ScheduleConfiguration"] == {
        "ScheduleExpression": "rate(15 minutes)",
        "StartTimeOffset": 3600,
    }
    assert slow["AlarmActions"] == topics


def test_the_saved_queries(full: dict[str, list[dict[str, Any]]]) -> None:
    """The queries that a person runs are saved under the watch's name."""
    saved = {
        each["Properties"]["Name"]: each["Properties"]["QueryString"]
        for each in full["AWS::Logs::QueryDefinition"]
    }
    assert saved == {f"cdk-pull/Stack-Pulls-14E75B42/{name}": text for name, text in saved_queries().items()}


def test_the_dashboard(full: dict[str, list[dict[str, Any]]]) -> None:
    """The dashboard shows the history, failures, services and sizes, over the log group of the watch."""
    [dashboard] = full["AWS::CloudWatch::Dashboard"]
    pieces = dashboard["Properties"]["DashboardBody"]["Fn::Join"][1]
    body = json.loads("".join(each if isinstance(each, str) else "GROUP" for each in pieces))
    assert [each["properties"]["title"] for each in body["widgets"]] == [
        "Task starts: start in seconds, 90th percentile",
        "Tasks that failed to start on a pull",
        "Seconds by service: p50, p90, p99 of each phase",
        "Seconds by task size: p50, p90, p99 of each phase",
        "Failed pulls by reason",
    ]
    assert all(
        each["properties"]["query"].startswith("SOURCE 'GROUP' | ")
        for each in body["widgets"]
        if each["type"] == "log"
    )


def test_a_region() -> None:
    """Without a cluster the watch is of the Region, and without a limit it has no alarm on slow starts."""
    stack = _stack()
    watch = PullWatch(stack, "Pulls", dashboard=False)
    found = _by_type(stack)
    assert found["AWS::Events::Rule"][0]["Properties"]["EventPattern"] == event_pattern()
    assert {"AWS::CloudWatch::LogAlarm", "AWS::CloudWatch::Dashboard", "AWS::IAM::Role"}.isdisjoint(found)
    assert (watch.slow_start_alarm, watch.dashboard) == (None, None)
    [decision] = [each.data for each in watch.node.metadata if each.type == "cdk-pull:decision"]
    assert decision == {
        "topic": "pull-watch",
        "decided": "records the task starts of every cluster of the Region, alarms on failed pulls",
        "why": "Amazon ECS has no metric of how long a pull takes",
        "cost": "$0.48 per month for 30,417 task starts at us-east-1 prices: $0.40 fixed, about $0.08 for logs",
        "confidence": "events are kept for 90 days",
        "details": {
            "usd_per_month": 0.48,
            "usd_per_month_fixed": 0.4,
            "starts_per_day": 1000,
            "price_region": "us-east-1",
        },
    }


def test_two_watches_of_one_stack() -> None:
    """Two watches have names of their own."""
    stack = _stack()
    PullWatch(stack, "One")
    PullWatch(stack, "Two")
    found = _by_type(stack)
    assert [each["Properties"]["LogGroupName"] for each in found["AWS::Logs::LogGroup"]] == [
        "/aws/events/cdk-pull/Stack-One-30A4127A",
        "/aws/events/cdk-pull/Stack-Two-3036A41A",
    ]
    assert len({each["Properties"]["MetricName"] for each in found["AWS::CloudWatch::Alarm"]}) == 2


@pytest.mark.parametrize("retention", list(logs.RetentionDays))
def test_every_retention_has_days(retention: logs.RetentionDays) -> None:
    """Each retention of CDK comes to a number of days for the cost."""
    stack = _stack()
    watch = PullWatch(stack, "Pulls", retention=retention, dashboard=False)
    [decision] = [each.data for each in watch.node.metadata if each.type == "cdk-pull:decision"]
    assert decision["confidence"].startswith("events are kept for ")


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({"alarm_above": 90}, "alarm_above must be a duration: 90; allowed: cdk.Duration, such as"),
        (
            {"alarm_above": cdk.Duration.seconds(0)},
            "alarm_above must be positive: .*; allowed: a duration above 0",
        ),
        ({"starts_per_day": -1}, "invalid starts_per_day: -1; allowed: a number from 0"),
    ],
)
def test_bad_values(props: dict[str, Any], message: str) -> None:
    """A value that cannot be right is refused before anything is made."""
    stack = _stack()
    with pytest.raises(InvalidValueError, match=message):
        PullWatch(stack, "Pulls", **props)
    assert stack.node.children == []


def test_an_aws_cdk_lib_without_log_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a version that has no log alarms, asking for one names the version that has."""
    monkeypatch.delattr(cloudwatch, "CfnLogAlarm", raising=False)
    with pytest.raises(
        UnsupportedError, match=r"install aws-cdk-lib 2.260.0 or later, or leave alarm_above out"
    ):
        PullWatch(_stack(), "Pulls", alarm_above=cdk.Duration.seconds(90))
