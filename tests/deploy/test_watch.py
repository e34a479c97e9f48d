"""A PullWatch in the emulator: created, fed with events, read back, and deleted."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from cdk_pull.aws import AwsError
from cdk_pull.cdk.watch.pull_watch import PullWatch
from cdk_pull.errors import InvalidValueError
from cdk_pull.watch.records import read_log_group
from tests.fargate.task_records import NOON, event, task

if TYPE_CHECKING:
    from tests.deploy.conftest import Aws

ENVIRONMENT = {"account": "000000000000", "region": "eu-west-1"}
# The emulator knows neither, and delivers no event to a log group: events are put there as EventBridge would.
REFUSED = {"AWS::Logs::QueryDefinition", "AWS::CloudWatch::LogAlarm"}


def _template() -> dict[str, Any]:
    stack = cdk.Stack(cdk.App(), "Watch", env=cdk.Environment(**ENVIRONMENT))
    PullWatch(stack, "Pulls")
    template = dict(Template.from_stack(stack).to_json())
    # What is not bootstrapped needs no version.
    template.pop("Rules", None)
    template.pop("Parameters", None)
    template["Resources"] = {
        name: each for name, each in template["Resources"].items() if each["Type"] not in REFUSED
    }
    return template


def test_recorded_starts_are_read_back(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack deploys, its log group takes events, and the starts in it are read back as they were."""
    session = aws.session(**ENVIRONMENT)
    cloudformation = session.client("cloudformation", endpoint_url=aws.endpoint)
    logs = session.client("logs", endpoint_url=aws.endpoint)
    cloudformation.create_stack(StackName="watch", TemplateBody=json.dumps(_template()))
    try:
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="watch", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        [group] = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
        assert group.startswith("/aws/events/cdk-pull/Watch-Pulls-")
        [rule] = session.client("events", endpoint_url=aws.endpoint).list_rules()["Rules"]
        assert json.loads(rule["EventPattern"])["detail-type"] == ["ECS Task State Change"]

        logs.create_log_stream(logGroupName=group, logStreamName="events")
        running: dict[str, Any] = {
            "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING",
            "group": "service:web",
        }
        events = [event(task(each, pull=10.0 + each, **running)) for each in range(1, 6)]
        events.append(event(task(9, lastStatus="STOPPED", desiredStatus="STOPPED")))
        stamp = int(NOON.timestamp() * 1000)
        logs.put_log_events(
            logGroupName=group,
            logStreamName="events",
            logEvents=[
                {"timestamp": stamp + number, "message": json.dumps(each)}
                for number, each in enumerate(events)
            ]
            + [{"timestamp": stamp + 99, "message": "not an event"}],
        )
        for name, value in aws.environment(**ENVIRONMENT).items():
            if name.startswith("AWS_"):
                monkeypatch.setenv(name, value)
        pulls = read_log_group(group, days=2, now=NOON + timedelta(days=1))
        assert [each.pull for each in pulls] == [11.0, 12.0, 13.0, 14.0, 15.0]
        assert read_log_group(group, days=0.5, now=NOON + timedelta(days=1)) == []
        with pytest.raises(AwsError, match="ResourceNotFoundException for log group /nowhere"):
            read_log_group("/nowhere", days=1)
    finally:
        cloudformation.delete_stack(StackName="watch")


@pytest.mark.parametrize("days", [0, -1, 4000, float("nan")])
def test_days_out_of_bounds(days: float) -> None:
    """A time range that is empty or longer than logs are kept is refused before anything is asked."""
    with pytest.raises(
        InvalidValueError, match=r"invalid days: .*; allowed: a number above 0 and up to 3653"
    ):
        read_log_group("/aws/events/x", days=days)
