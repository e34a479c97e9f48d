from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from cdk_pull.data.preferred import read_data
from cdk_pull.data.refreshed import Refreshed, RefreshError
from cdk_pull.fargate.refresh_sizes import refreshed_sizes

FORMER: dict[str, Any] = json.loads(read_data("fargate_sizes.json"))
TODAY = date(2026, 12, 1)
ROWS = [
    ("256 (.25 vCPU)", "512 MiB, 1 GB, 2 GB", "Linux"),
    ("512 (.5 vCPU)", "1 GB, 2 GB, 3 GB, 4 GB", "Linux"),
    ("1024 (1 vCPU)", "2 GB, 3 GB, 4 GB, 5 GB, 6 GB, 7 GB, 8 GB", "Linux, Windows"),
    ("2048 (2 vCPU)", "Between 4 GB and 16 GB in 1 GB increments", "Linux, Windows"),
    ("4096 (4 vCPU)", "Between 8 GB and 30 GB in 1 GB increments", "Linux, Windows"),
    (
        "8192 (8 vCPU) Note: this option requires Linux platform 1.4.0 or later.",
        "Between 16 GB and 60 GB in 4 GB increments",
        "Linux",
    ),
    ("16384 (16vCPU)", "Between 32 GB and 120 GB in 8 GB increments", "Linux"),
    ("32768 (32 vCPU)", "60 GB, 120 GB, 244 GB", "Linux"),
]


def page(rows: list[tuple[str, str, str]]) -> str:
    """Return the guide's page, with tables of other things around the one of sizes."""
    body = "".join(
        "<tr>"
        + "".join(f'<td tabindex="-1"><p>{cell.replace("Note", "<b>Note</b>")}</p>\n</td>' for cell in row)
        + "</tr>"
        for row in rows
    )
    head = (
        "<tr><th>CPU value</th><th>Memory value</th><th>Operating systems supported for AWS Fargate</th></tr>"
    )
    other = "<table><tr><td>a</td><td>b</td><td>c</td></tr></table>"
    return f"<html><body>{other}<table>{head}{body}</table>{other}</body></html>"


def replaced(index: int, *row: str) -> list[tuple[str, str, str]]:
    """Return the rows with another in one place."""
    return [*ROWS[:index], (row[0], row[1], row[2]), *ROWS[index + 1 :]]


def test_the_same_table() -> None:
    """The guide's table of today is the package's."""
    assert refreshed_sizes(FORMER, page(ROWS), TODAY) == Refreshed()


def test_a_new_size() -> None:
    """New sizes and a new system are shown and written, in the form that the package reads."""
    rows = [
        *replaced(5, "8192 (8 vCPU)", "Between 16 GB and 60 GB in 2 GB increments", "Linux, Windows"),
        ("65536 (64 vCPU)", "480 GB", "Linux"),
    ]
    refreshed = refreshed_sizes(FORMER, page(rows), TODAY)
    assert refreshed.changes[1:] == [
        "65536 CPU units: new memory 491520 MiB",
        "8192 CPU units: now on Windows too",
    ]
    assert refreshed.changes[0].startswith("8192 CPU units: new memory 18432, 22528,")
    written = json.loads(refreshed.files["fargate_sizes.json"])
    assert (written["date"], written["windows"], written["source"]) == (
        "2026-12-01",
        [1024, 2048, 4096, 8192],
        FORMER["source"],
    )
    assert written["linux"][-1] == {"cpu": 65536, "values": [491520]}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "the guide has no table of task sizes"),
        (ROWS[1:], "lacks 3 sizes of 256 CPU units that Fargate has run, such as 512 MiB"),
        (
            replaced(0, "256 (.25 vCPU)", "512 MiB, 1 GB", "Linux"),
            "lacks 1 sizes of 256 CPU units that Fargate has run, such as 2048 MiB",
        ),
        (replaced(2, ROWS[2][0], ROWS[2][1], "Linux"), "lacks Windows at 1024 CPU units"),
        (
            replaced(1, ROWS[1][0], "ask your account team", "Linux"),
            "a memory that cannot be read, 'ask your account team'",
        ),
        (
            replaced(3, ROWS[3][0], "Between 4 GB and 16 GB in 5 GB increments", "Linux"),
            "a memory that cannot be read",
        ),
        (
            replaced(3, ROWS[3][0], "Between 4 GB and 16 GB in 0 GB increments", "Linux"),
            "a memory that cannot be read",
        ),
        (replaced(0, "256 (.25 vCPU)", "2 GB, 1 GB, 512 MiB", "Linux"), "a memory that cannot be read"),
        ([*ROWS, ROWS[0]], "two rows for one CPU value"),
    ],
)
def test_tables_that_cannot_be_right(rows: list[tuple[str, str, str]], message: str) -> None:
    """A table that lost a size or cannot be read changes nothing."""
    with pytest.raises(RefreshError) as error:
        refreshed_sizes(FORMER, page(rows), TODAY)
    assert message in str(error.value)
    assert "nothing is changed" in str(error.value)
