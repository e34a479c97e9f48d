from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.estimate.measured import MeasuredGroup, add_measured, load_measured, save_measured
from cdk_pull.fargate.estimate.pulls import Pull, group_pulls
from cdk_pull.image.profile import Compression, ImageProfile, Layer
from tests.fargate.task_records import DIGEST, task

if TYPE_CHECKING:
    from pathlib import Path

PROFILE = ImageProfile(
    layers=(
        Layer(compressed_bytes=100, uncompressed_bytes=250, compression=Compression.ZSTD),
        Layer(compressed_bytes=7),
    ),
    digest=DIGEST,
)


def groups(numbers: range, profile: ImageProfile | None = None, cpu: int = 512) -> list[MeasuredGroup]:
    """Return the group of tasks of these numbers."""
    pulls = [Pull.of_task(task(number, pull=20.0 + number % 7, cpu=cpu)) for number in numbers]
    return [MeasuredGroup.of(group, profile) for group in group_pulls(pull for pull in pulls if pull)]


def test_round_trip(tmp_path: Path) -> None:
    """What is saved is loaded; no file is nothing."""
    path = tmp_path / "measured.json"
    assert load_measured(path) == []
    saved = add_measured([], [*groups(range(5), PROFILE), *groups(range(5, 9), cpu=256)])
    save_measured(path, saved)
    assert load_measured(path) == saved
    assert [len(group.starts) for group in saved] == [4, 5]


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_same_again_adds_nothing(first: int, second: int) -> None:
    """A start is kept once, however often it is measured, and the profile stays once it is known."""
    before = add_measured([], groups(range(first), PROFILE))
    together = add_measured(before, groups(range(second)))
    assert together == add_measured(together, groups(range(second)))
    assert sum(len(group.starts) for group in together) == max(first, second)
    assert all(group.profile == (PROFILE if first else None) for group in together)


def test_the_newest_are_kept() -> None:
    """A group keeps its newest 200."""
    (group,) = add_measured(groups(range(150)), groups(range(100, 300)))
    assert [start.task for start in group.starts] == [f"{number:032x}" for number in range(100, 300)]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"groups": [1]}', '{"groups": [{"launch_type": "FARGATE"}]}', "[" * 100_000]
)
def test_files_of_something_else(tmp_path: Path, text: str) -> None:
    """Another file is an error that names it."""
    path = tmp_path / "measured.json"
    path.write_text(text)
    with pytest.raises(InvalidValueError, match="file of measured starts cannot be read"):
        load_measured(path)
