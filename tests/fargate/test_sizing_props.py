from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.sizing_props import sizing_request

if TYPE_CHECKING:
    from pathlib import Path


def test_the_sizes_of_the_images_are_read() -> None:
    """Sizes become a profile, and properties that are not of the sizing are passed over."""
    request = sizing_request(
        {"compressed": "800MB", "uncompressed": "2GB", "working_data": "1GB", "family": "web"},
        start_within=timedelta(seconds=60),
    )
    profile = request.profile
    assert profile is not None
    assert (profile.compressed_bytes, profile.uncompressed_bytes) == (800_000_000, 2_000_000_000)
    assert (request.working_bytes, request.goal.start_seconds, request.goal.usage) == (
        1_000_000_000,
        60,
        None,
    )


def test_how_often_a_task_starts_is_read() -> None:
    """Starts per day and the length of a run make the usage; the length may be missing."""
    usage = sizing_request({"starts_per_day": 24, "runs_for": timedelta(minutes=10)}).goal.usage
    assert usage is not None
    assert (usage.starts_per_day, usage.runs_for_seconds) == (24, 600)
    usage = sizing_request({"starts_per_day": 24}).goal.usage
    assert usage is not None
    assert usage.runs_for_seconds is None


@pytest.mark.parametrize(
    ("props", "message"),
    [
        (
            {"runs_for": timedelta(minutes=10)},
            "runs_for is given without starts_per_day: datetime.timedelta(seconds=600); allowed: starts_per_day beside it",
        ),
        (
            {"measured": "gone.json"},
            "file of measured starts does not exist: 'gone.json'; allowed: what cdk-pull measure --save wrote",
        ),
    ],
)
def test_what_cannot_be_is_an_error(
    props: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A length without a number of starts, and a file that does not exist, is one line."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidValueError) as raised:
        sizing_request(props)
    assert str(raised.value) == message
