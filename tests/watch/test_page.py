"""docs/guides/watch.md: the picture of the dashboard and the table of costs are those of the code."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import Any

from cdk_pull.watch.cost import watch_cost
from cdk_pull.watch.dashboard import dashboard_body

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "watch.md").read_text(encoding="utf-8")
COLUMN, ROW = 3, 4


def picture(body: dict[str, Any]) -> str:
    """Return a drawing of a dashboard: each widget where it is, with its title and what it shows."""
    widgets = body["widgets"]
    height, width = widgets[0]["height"], max(each["x"] + each["width"] for each in widgets) * COLUMN
    rows = max(each["y"] for each in widgets) // height + 1
    canvas = [[" "] * (width + 1) for _ in range(rows * ROW + 1)]
    for each in widgets:
        left, right = each["x"] * COLUMN, (each["x"] + each["width"]) * COLUMN
        top = each["y"] // height * ROW
        for x in range(left, right + 1):
            canvas[top][x] = canvas[top + ROW][x] = "-"
        for y in range(top, top + ROW + 1):
            canvas[y][left] = canvas[y][right] = "+" if y in {top, top + ROW} else "|"
        kind = {"timeSeries": "line chart", "table": "table"}[each["properties"]["view"]]
        text = wrap(f"{each['properties']['title']} ({kind})", right - left - 3)
        for number, line in enumerate(text[: ROW - 1], top + 1):
            canvas[number][left + 2 : left + 2 + len(line)] = line
    return "\n".join("".join(line).rstrip() for line in canvas)


def test_the_picture() -> None:
    """The drawing on the page is the one of the dashboard's JSON."""
    body = dashboard_body(log_group="g", region="r", namespace="n", metric="m", title="Task starts")
    assert f"```text\n{picture(body)}\n```" in PAGE, picture(body)


def test_the_costs() -> None:
    """Each row of the table is what the decision states for so many starts."""
    rows = []
    for starts in (100, 1_000, 10_000, 100_000):
        cost = watch_cost(starts, retention_days=90, alarm_queries_per_day=96)
        rows.append(f"| {starts:,} | ${cost.fixed:.2f} | ${cost.events:.2f} | ${cost.total:.2f} |")
    assert "\n".join(rows) in PAGE, "\n".join(rows)
