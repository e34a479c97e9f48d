from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.goal import Goal
from cdk_pull.fargate.sizes import check, sizes
from cdk_pull.image.profile import Compression, ImageProfile, Layer
from cdk_pull.report.plan import Plan, Task, make_plan


def _plan(target: float | None = 60, region: str | None = "us-east-1", memory: int = 1024) -> Plan:
    profile = ImageProfile.of_size(compressed_bytes=800_000_000, uncompressed_bytes=2_400_000_000)
    return make_plan(
        Task(
            name="app:1",
            profile=profile,
            floor=check(512, memory),
            goal=Goal(start_seconds=target),
            region=region,
        )
    )


def test_every_candidate_has_a_verdict() -> None:
    """The choice is chosen, a gain within the noise is named, the others are in time or too late."""
    plan = _plan()
    assert {candidate.size.cpu: plan.verdict(candidate) for candidate in plan.choice.candidates} == {
        512: "too late",
        1024: "too late",
        2048: "near miss",
        4096: "chosen",
        8192: "in time",
        16384: "in time",
        32768: "in time",
    }


def test_without_a_target_only_the_choice_and_the_noise_are_named() -> None:
    """Nothing is too late when nobody waits."""
    plan = _plan(target=None)
    assert [plan.verdict(candidate) for candidate in plan.choice.candidates] == [
        "chosen",
        "in noise",
        *[""] * 5,
    ]


def test_every_size_that_holds_the_task_has_its_price_and_its_start() -> None:
    """The JSON lists each CPU with each memory from the task's own upwards, once."""
    listed = [(size["cpu"], size["memory_mib"]) for size in _plan(memory=2048).to_json()["sizes"]]
    assert listed == [
        (size.cpu, size.memory_mib) for size in sizes() if size.cpu >= 512 and size.memory_mib >= 2048
    ]


def test_the_noise_is_the_ten_seconds_below_the_smallest_sizes_start() -> None:
    """The band ends where the smallest size is expected to start."""
    plan = _plan()
    expected = plan.choice.floor.start.total.expected
    assert plan.noise == (expected - 10, expected)


def test_the_ways_are_the_choices_without_the_image_as_it_is() -> None:
    """What the picture draws beside the sizes is what the choice has ranked."""
    plan = _plan()
    assert [way.what for way in plan.ways] == [way.what for way in plan.choice.ways if not way.is_today]
    assert [way.change.what for way in plan.ways] == [
        "an image of half the size",
        "a SOCI index",
        "the image in zstd",
    ]


def test_facts_say_what_is_estimated() -> None:
    """A size that nobody looked up is called about that size; several layers are counted."""
    layers = (
        Layer(compressed_bytes=100, uncompressed_bytes=300),
        Layer(compressed_bytes=50, compression=Compression.ZSTD),
    )
    task = Task(name="x", profile=ImageProfile(layers=layers), floor=check(256, 512))
    assert task.facts == "150 B compressed (gzip and zstd), about 479 B unpacked, 2 layers"


def test_images_that_no_storage_holds_are_refused() -> None:
    """The message says how much there is."""
    task = Task(name="x", profile=ImageProfile.of_size(compressed_bytes=10**12), floor=check(256, 512))
    with pytest.raises(InvalidValueError, match="200 GiB in all"):
        make_plan(task)


@given(compressed=st.integers(0, 30 * 10**9), target=st.none() | st.floats(1, 1000), arm=st.booleans())
def test_any_plan_is_json(*, compressed: int, target: float | None, arm: bool) -> None:
    """Any image that fits makes JSON in which every range is in order."""
    plan = make_plan(
        Task(
            name="x",
            profile=ImageProfile.of_size(compressed_bytes=compressed),
            floor=check(256, 512),
            goal=Goal(start_seconds=target),
            architecture="arm64" if arm else "x86_64",
        )
    )
    answer = json.loads(json.dumps(plan.to_json(), allow_nan=False))
    for way in answer["ways"]:
        seconds = way["start_seconds"]
        assert 0 <= seconds["low"] <= seconds["expected"] <= seconds["high"]


@pytest.mark.parametrize(("target", "drawn"), [(60, 60), (250, 250), (400, None), (None, None)])
def test_a_target_far_beyond_every_start_is_not_drawn(target: float | None, drawn: float | None) -> None:
    """A picture reaches the slowest start, and the target unless that would press the starts together."""
    plan = _plan(target=target)
    slowest = max(candidate.start.total.high for candidate in plan.choice.candidates)
    assert (plan.drawn_target, plan.horizon) == (drawn, max(slowest, drawn or 0))
