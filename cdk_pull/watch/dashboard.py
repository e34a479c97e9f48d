"""The CloudWatch dashboard over recorded task starts, as its JSON body."""

from __future__ import annotations

from typing import Any, Final

from cdk_pull.watch.queries import failures_query, history_query, starts_query

__all__ = ["dashboard_body"]

_WIDTH: Final = 24
_HALF: Final = 12
_HEIGHT: Final = 7


def dashboard_body(*, log_group: str, region: str, namespace: str, metric: str, title: str) -> dict[str, Any]:
    """Return the body of the dashboard.

    Args:
        log_group: the name of the log group.
        region: of the log group.
        namespace: of the metric of failed pulls.
        metric: its name.
        title: what is watched.
    """
    source = f"SOURCE '{log_group}' | "

    def log(title: str, query: str, view: str, *, x: int, y: int, width: int) -> dict[str, Any]:
        properties = {"title": title, "region": region, "query": source + query, "view": view}
        return {"type": "log", "x": x, "y": y, "width": width, "height": _HEIGHT, "properties": properties}

    rows = [0, _HEIGHT, 2 * _HEIGHT]
    return {
        "start": "-P7D",
        "widgets": [
            log(
                f"{title}: start in seconds, 90th percentile",
                history_query(),
                "timeSeries",
                x=0,
                y=rows[0],
                width=_HALF,
            ),
            {
                "type": "metric",
                "x": _HALF,
                "y": rows[0],
                "width": _HALF,
                "height": _HEIGHT,
                "properties": {
                    "title": "Tasks that failed to start on a pull",
                    "region": region,
                    "view": "timeSeries",
                    "stat": "Sum",
                    "period": 300,
                    "metrics": [[namespace, metric]],
                },
            },
            log(
                "Seconds by service: p50, p90, p99 of each phase",
                starts_query("service"),
                "table",
                x=0,
                y=rows[1],
                width=_WIDTH,
            ),
            log(
                "Seconds by task size: p50, p90, p99 of each phase",
                starts_query("size"),
                "table",
                x=0,
                y=rows[2],
                width=_HALF,
            ),
            log("Failed pulls by reason", failures_query(), "table", x=_HALF, y=rows[2], width=_HALF),
        ],
    }
