from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError
from cdk_pull.watch.cost import watch_cost


@pytest.mark.parametrize(
    ("starts", "text"),
    [
        (
            0,
            "$3.40 per month for 0 task starts at us-east-1 prices: $3.40 fixed, about $0.00 for logs",
        ),
        (
            1_000,
            "$3.48 per month for 30,417 task starts at us-east-1 prices: $3.40 fixed, about $0.08 for logs",
        ),
        (
            100_000,
            "$11.46 per month for 3,041,667 task starts at us-east-1 prices: $3.40 fixed, about $8.06 for logs",
        ),
    ],
)
def test_cost(starts: float, text: str) -> None:
    """The cost is of ingestion and storage, beside the dashboard, the metric and the alarm."""
    assert str(watch_cost(starts, retention_days=30)) == text


def test_what_is_left_out_costs_nothing() -> None:
    """Without a dashboard only the metric and the alarm have a fixed price; an alarm on slow starts adds its own."""
    assert watch_cost(0, retention_days=1, dashboard=False).fixed == pytest.approx(0.40)
    assert watch_cost(0, retention_days=1, dashboard=False, alarm_queries_per_day=96).fixed == pytest.approx(
        0.50
    )


@given(st.floats(0, 1e7), st.floats(0, 1e7), st.floats(1, 4000))
def test_more_starts_never_cost_less(one: float, more: float, days: float) -> None:
    """The cost grows with the starts and with the retention."""
    less, other = (watch_cost(each, retention_days=days).total for each in (one, one + more))
    assert less <= other <= watch_cost(one + more, retention_days=days + 1).total


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_bad_numbers(value: float) -> None:
    """A number that is negative or not finite is refused."""
    with pytest.raises(InvalidValueError, match="invalid starts_per_day"):
        watch_cost(value, retention_days=1)
