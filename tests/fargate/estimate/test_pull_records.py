from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.pull_records import read_records
from cdk_pull.fargate.estimate.pulls import Pull
from tests.fargate.task_records import event, task

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = [event(task(number)) for number in range(3)]
LINES = [json.dumps(each) for each in EVENTS]
EXPECTED = [Pull.of_task(task(number)) for number in range(3)]


def messages(name: str) -> dict[str, Any]:
    """Return the answer of CloudWatch Logs' API, events as texts within it."""
    return {name: [{"timestamp": 1, "message": line} for line in LINES]}


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(LINES),
        "\r\n\r\n".join(LINES) + "\r\n",
        "\n".join(f"2026-11-23T12:00:00.000Z {line}" for line in LINES),
        json.dumps(EVENTS, indent=2),
        json.dumps(messages("events"), indent=2),
        json.dumps(messages("logEvents")),
        "\n".join(json.dumps({"@timestamp": "x", "@message": line}) for line in LINES),
        json.dumps({"tasks": [task(number) for number in range(3)], "failures": []}, indent=4),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_forms(tmp_path: Path, text: str, *, zipped: bool) -> None:
    """Each form in which AWS's tools write the same three starts, gzipped or not."""
    path = tmp_path / "records"
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    records = read_records(path)
    assert records.pulls == EXPECTED
    assert (records.other, records.unreadable) == (0, 0)


def test_what_else_a_log_has(tmp_path: Path) -> None:
    """Other events and lines that are no JSON are counted, and nothing of them stops the others."""
    path = tmp_path / "records"
    other = {"detail-type": "ECS Service Action", "detail": {}}
    deep = "[" * 100_000
    path.write_text(
        "\n".join([LINES[0], json.dumps(other), "START RequestId", deep, "{", LINES[1], '"text"', "7"])
    )
    records = read_records(path)
    assert records.pulls == EXPECTED[:2]
    assert (records.other, records.unreadable) == (1, 5)


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\x1f\x8bbroken", b"\xff\xfe\x00"])
def test_files_without_records(tmp_path: Path, content: bytes) -> None:
    """A file of something else is an error that names it."""
    path = tmp_path / "records"
    path.write_bytes(content)
    with pytest.raises(InvalidValueError, match=str(path)):
        read_records(path)
    with pytest.raises(InvalidValueError, match="records cannot be read"):
        read_records(tmp_path / "none")
