"""Records how long tasks take to start, shows it, and alarms when it gets slower."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_pull.cdk.installed import LOG_ALARMS
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.decision import Decision
from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.watch.cost import watch_cost
from cdk_pull.watch.dashboard import dashboard_body
from cdk_pull.watch.queries import FAILURES, alarm_aggregation, alarm_query, event_pattern, saved_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ecs as ecs
    from aws_cdk import aws_sns as sns

__all__ = ["PullWatch"]

_NAMESPACE: Final = "cdk-pull"
_METRIC: Final = "FailedPulls"
_NAME: Final = "/aws/events/cdk-pull/"
_LONGEST_NAME: Final = 200
# An alarm on logs reads the last hour, each quarter of an hour: two of three slow results are not one slow task.
_QUERY_MINUTES: Final = 15
_QUERY_WINDOW: Final = 3600
_RESULTS, _SLOW_RESULTS = 3, 2
_QUERIES_PER_DAY: Final = 24 * 60 / _QUERY_MINUTES
_DEFAULT_STARTS_PER_DAY: Final = 1000.0
# logs.RetentionDays.INFINITE has this number.
_FOREVER: Final = 9999
_DAYS_OF_A_DECADE: Final = 3650


class PullWatch(Construct):
    """Record every task start of a cluster, or of a whole Region, and show and alarm on how long it takes.

    An EventBridge rule writes the "ECS Task State Change" events of tasks that run, and of tasks that failed to start,
    to a log group; no Lambda function is involved. On it stand three saved Logs Insights queries, a dashboard (p50,
    p90 and p99 of pre-pull, pull, post-pull and the whole start, by service and by task size; failed pulls by
    reason), a metric and an alarm on failed pulls and, with ``alarm_above``, an alarm on slow starts by service.
    ``cdk-pull calibrate --log-group`` reads the records and sizes the next synth by them.

    Nothing of the watched cluster changes. A log group has one of the ten resource policies of CloudWatch Logs that an
    account has in a Region. The decision in the cloud assembly states the cost per month.

    Args:
        cluster: the cluster to watch; all clusters of the account in the stack's Region by default.
        retention: how long an event is kept. Three months by default.
        alarm_above: the 90th percentile of a service's starts, from creation to RUNNING, above which the alarm goes
            off, in two of three queries of the last hour. No such alarm by default. It needs aws-cdk-lib 2.260.0 or
            later.
        alarm_topics: SNS topics that both alarms notify. None by default.
        dashboard: whether to make the dashboard. True by default.
        starts_per_day: the number of task starts that the cost in the decision is for. 1,000 by default.
        removal_policy: of the log group. Destroy by default, since the records can be made again.

    Raises:
        InvalidValueError: if ``alarm_above`` is not a positive duration, or ``starts_per_day`` is negative.
        UnsupportedError: if ``alarm_above`` is given and aws-cdk-lib has no ``CfnLogAlarm``.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the name that every construct gives it
        *,
        cluster: ecs.ICluster | None = None,
        retention: logs.RetentionDays = logs.RetentionDays.THREE_MONTHS,
        alarm_above: cdk.Duration | None = None,
        alarm_topics: Sequence[sns.ITopic] = (),
        dashboard: bool = True,
        starts_per_day: float = _DEFAULT_STARTS_PER_DAY,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.DESTROY,
    ) -> None:
        """Record every task start of a cluster, or of a whole Region, and show and alarm on how long it takes."""
        seconds = _seconds(alarm_above)
        cost = watch_cost(
            starts_per_day,
            retention_days=_days(retention),
            dashboard=dashboard,
            alarm_queries_per_day=_QUERIES_PER_DAY if seconds is not None else 0,
        )
        super().__init__(scope, id)
        name = cdk.Names.unique_resource_name(self, max_length=_LONGEST_NAME, separator="-")
        self._stack = cdk.Stack.of(self)
        self._actions = [topic.topic_arn for topic in alarm_topics]
        self.log_group = logs.LogGroup(
            self, "Events", log_group_name=_NAME + name, retention=retention, removal_policy=removal_policy
        )
        """The log group with the events."""
        self.rule = self._rule(cluster)
        """The EventBridge rule that records them."""
        # Each watch counts its own, under a metric name that holds its name.
        self.failed_pulls = cloudwatch.Metric(
            namespace=_NAMESPACE,
            metric_name=f"{_METRIC}-{name}",
            statistic="Sum",
            period=cdk.Duration.minutes(5),
        )
        """Tasks that failed to start on a pull, or on its preparation."""
        self.failed_pulls_alarm = self._failed_pulls_alarm(name)
        """The alarm on any failed pull."""
        self.slow_start_alarm = None if seconds is None else self._slow_start_alarm(seconds)
        """The alarm on slow starts; None without ``alarm_above``."""
        self.dashboard = self._dashboard(name) if dashboard else None
        """The dashboard; None without one."""
        for query, text in saved_queries().items():
            logs.CfnQueryDefinition(
                self,
                f"Query-{query}",
                name=f"cdk-pull/{name}/{query}",
                query_string=text,
                log_group_names=[self.log_group.log_group_name],
            )
        where = "every cluster of the Region" if cluster is None else cluster.node.path
        alarms = "failed pulls" if seconds is None else f"failed pulls and starts above {seconds:g} s"
        record(
            self.node,
            Decision(
                topic="pull-watch",
                decided=f"records the task starts of {where}, alarms on {alarms}",
                why="Amazon ECS has no metric of how long a pull takes",
                cost=str(cost),
                confidence=f"events are kept for {_days(retention):g} days"
                if _days(retention) < _DAYS_OF_A_DECADE
                else "events are kept for ever",
                details={
                    "usd_per_month": round(cost.total, 2),
                    "usd_per_month_fixed": round(cost.fixed, 2),
                    "starts_per_day": starts_per_day,
                    "price_region": cost.region,
                },
            ),
        )

    def _rule(self, cluster: ecs.ICluster | None) -> events.CfnRule:
        self.log_group.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[
                    iam.ServicePrincipal("events.amazonaws.com"),
                    iam.ServicePrincipal("delivery.logs.amazonaws.com"),
                ],
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[self.log_group.log_group_arn],
            )
        )
        # An L1, because the L2's target deploys a Lambda function that writes the same resource policy.
        target = self._stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=self.log_group.log_group_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return events.CfnRule(
            self,
            "Rule",
            description="Task starts and failed starts, recorded for cdk-pull",
            event_pattern=event_pattern([cluster.cluster_arn] if cluster is not None else ()),
            targets=[events.CfnRule.TargetProperty(arn=target, id="Events")],
        )

    def _failed_pulls_alarm(self, name: str) -> cloudwatch.CfnAlarm:
        metric = f"{_METRIC}-{name}"
        logs.CfnMetricFilter(
            self,
            "FailedPulls",
            log_group_name=self.log_group.log_group_name,
            filter_pattern=FAILURES,
            metric_transformations=[
                logs.CfnMetricFilter.MetricTransformationProperty(
                    metric_name=metric, metric_namespace=_NAMESPACE, metric_value="1", default_value=0
                )
            ],
        )
        return cloudwatch.CfnAlarm(
            self,
            "FailedPullsAlarm",
            alarm_description="A task failed to start because its image, or what it needs beside it, could not be "
            "pulled. Run `cdk-pull why` with the service, or the saved query failed-pulls.",
            namespace=_NAMESPACE,
            metric_name=metric,
            statistic="Sum",
            period=300,
            evaluation_periods=1,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=self._actions or None,
        )

    def _slow_start_alarm(self, seconds: float) -> Construct:
        log_alarm: Any = getattr(cloudwatch, "CfnLogAlarm", None)
        if log_alarm is None:
            raise UnsupportedError(
                "alarm_above is not supported by this version of aws-cdk-lib, which has no CfnLogAlarm; install "
                f"aws-cdk-lib {LOG_ALARMS} or later, or leave alarm_above out"
            )
        role = iam.Role(
            self,
            "QueryRole",
            # Which of the two assumes it, no guide of AWS states.
            assumed_by=iam.CompositePrincipal(
                iam.ServicePrincipal("logs.amazonaws.com"), iam.ServicePrincipal("cloudwatch.amazonaws.com")
            ),
            description="Runs the query of the alarm on slow task starts",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["logs:StartQuery", "logs:GetLogEvents", "logs:FilterLogEvents"],
                resources=[self.log_group.log_group_arn],
            )
        )
        # These two know no resource.
        role.add_to_policy(
            iam.PolicyStatement(actions=["logs:GetQueryResults", "logs:StopQuery"], resources=["*"])
        )
        alarm: Construct = log_alarm(
            self,
            "SlowStartAlarm",
            alarm_description=f"The 90th percentile of a service's task starts exceeds {seconds:g} s. Run `cdk-pull "
            "calibrate` with the log group, or the saved query starts-by-service.",
            comparison_operator="GreaterThanThreshold",
            threshold=seconds,
            query_results_to_evaluate=_RESULTS,
            query_results_to_alarm=_SLOW_RESULTS,
            treat_missing_data="notBreaching",
            alarm_actions=self._actions or None,
            scheduled_query_configuration={
                "queryString": alarm_query(),
                "aggregationExpression": alarm_aggregation(),
                "logGroupIdentifiers": [self.log_group.log_group_name],
                "scheduledQueryRoleArn": role.role_arn,
                "scheduleConfiguration": {
                    "scheduleExpression": f"rate({_QUERY_MINUTES} minutes)",
                    "startTimeOffset": _QUERY_WINDOW,
                },
            },
        )
        return alarm

    def _dashboard(self, name: str) -> cloudwatch.CfnDashboard:
        body = dashboard_body(
            log_group=self.log_group.log_group_name,
            region=self._stack.region,
            namespace=_NAMESPACE,
            metric=f"{_METRIC}-{name}",
            title="Task starts",
        )
        return cloudwatch.CfnDashboard(self, "Dashboard", dashboard_body=self._stack.to_json_string(body))


def _seconds(duration: cdk.Duration | None) -> float | None:
    if duration is None:
        return None
    if not isinstance(duration, cdk.Duration):
        raise InvalidValueError(
            "alarm_above must be a duration",
            duration,
            allowed="cdk.Duration, such as cdk.Duration.seconds(90)",
        )
    seconds = float(duration.to_seconds(integral=False))
    if seconds <= 0:
        raise InvalidValueError("alarm_above must be positive", str(duration), allowed="a duration above 0")
    return seconds


def _days(retention: logs.RetentionDays) -> float:
    """Return the days of a retention; its names hold no numbers, and CDK tells them to JavaScript alone."""
    name = retention.name
    if name == "INFINITE":
        return _FOREVER
    words = {
        "ONE": 1,
        "TWO": 2,
        "THREE": 3,
        "FOUR": 4,
        "FIVE": 5,
        "SIX": 6,
        "SEVEN": 7,
        "EIGHT": 8,
        "NINE": 9,
    }
    words |= {"TEN": 10, "THIRTEEN": 13, "EIGHTEEN": 18}
    units = {"DAY": 1, "DAYS": 1, "WEEK": 7, "WEEKS": 7, "MONTH": 30, "MONTHS": 30, "YEAR": 365, "YEARS": 365}
    number, unit = name.split("_")
    return words[number] * units[unit]
