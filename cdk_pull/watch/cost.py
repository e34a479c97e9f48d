"""What it costs to record task starts, per month."""

from __future__ import annotations

from typing import Final

from cdk_pull.data import facts_of
from cdk_pull.errors import InvalidValueError
from cdk_pull.records import dataclass

__all__ = ["WatchCost", "watch_cost"]

_GB: Final = 1e9
_DAYS_PER_MONTH: Final = 730 / 24


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchCost:
    """The cost of a month, in US dollars at the prices of one Region.

    Attributes:
        starts: task starts per month.
        events: recorded events, by ingestion, storage and the alarm's queries.
        fixed: the dashboard, the metric and the alarms, whatever the number of starts.
        region: the Region whose prices these are.
    """

    starts: float
    events: float
    fixed: float
    region: str

    @property
    def total(self) -> float:
        """US dollars per month."""
        return self.events + self.fixed

    def __str__(self) -> str:
        """Return the cost as the decision prints it."""
        return (
            f"${self.total:.2f} per month for {self.starts:,.0f} task starts at {self.region} prices: "
            f"${self.fixed:.2f} fixed, about ${self.events:.2f} for logs"
        )


def watch_cost(
    starts_per_day: float, *, retention_days: float, dashboard: bool = True, alarm_queries_per_day: float = 0
) -> WatchCost:
    """Return what a month of recording costs, by an estimate of the size and number of events.

    Args:
        starts_per_day: task starts of all watched clusters.
        retention_days: how long the log group keeps an event.
        dashboard: whether there is one; the first three of an account are free, which is not counted here.
        alarm_queries_per_day: scheduled queries of the alarm on slow starts, each over one hour of events.

    Raises:
        InvalidValueError: if a number is negative or not finite.
    """
    for name, value in (("starts_per_day", starts_per_day), ("retention_days", retention_days)):
        if not 0 <= value < float("inf"):
            raise InvalidValueError(f"invalid {name}", value, allowed="a number from 0")
    facts = facts_of("cloudwatch_prices")
    estimates = facts_of("pull_watch")
    usd = facts["usd"]
    starts = starts_per_day * _DAYS_PER_MONTH
    ingested = starts * estimates["events_per_start"] * estimates["event_bytes"] / _GB
    kept_months = retention_days / _DAYS_PER_MONTH
    scanned = ingested / _DAYS_PER_MONTH / 24 * alarm_queries_per_day * _DAYS_PER_MONTH
    events = (
        ingested * usd["log_ingestion_per_gb"]
        + ingested * kept_months * estimates["stored_compression"] * usd["log_storage_per_gb_month"]
        + scanned * usd["log_query_per_gb_scanned"]
    )
    alarms = 2 if alarm_queries_per_day else 1
    fixed = usd["metric_month"] + alarms * usd["alarm_month"] + (usd["dashboard_month"] if dashboard else 0)
    return WatchCost(starts=starts, events=events, fixed=fixed, region=facts["region"])
