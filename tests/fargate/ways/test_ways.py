from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.fargate.choose import Choice, Goal, Usage, choose
from cdk_pull.fargate.estimate.start import NOISE_SECONDS
from cdk_pull.fargate.prices import UnknownPrice
from cdk_pull.fargate.sizes import FargateSize, sizes
from cdk_pull.fargate.ways.changes import AS_IT_IS, image_changes, on_slim_base, without_sidecars
from cdk_pull.image.profile import Compression, ImageProfile, Layer

_BIG = ImageProfile.of_size(compressed_bytes=800_000_000, uncompressed_bytes=2_400_000_000)


def _choose(profile: ImageProfile, target: float | None = None, **options: Any) -> Choice:
    return choose(
        profile,
        **{
            "cpu": 256,
            "memory_mib": 512,
            "goal": Goal(start_seconds=target),
            "region": "us-east-1",
            **options,
        },
    )


@pytest.mark.parametrize(
    ("profile", "os", "changes"),
    [
        (_BIG, "linux", ["an image of half the size", "the image in zstd", "a SOCI index"]),
        (
            ImageProfile.of_size(compressed_bytes=800_000_000, compression=Compression.ZSTD),
            "linux",
            ["an image of half the size"],
        ),
        (
            ImageProfile.of_size(compressed_bytes=200_000_000),
            "linux",
            ["an image of half the size", "the image in zstd"],
        ),
        (_BIG, "windows", ["an image of half the size"]),
        (ImageProfile.of_size(compressed_bytes=0), "linux", []),
    ],
)
def test_what_can_be_changed_depends_on_the_image(profile: ImageProfile, os: Any, changes: list[str]) -> None:
    """SOCI is for gzip above 250 MB, zstd for gzip, both for Linux; an image without bytes has nothing to change."""
    assert [change.what for change in image_changes(profile, os=os)] == [AS_IT_IS, *changes]


def test_each_change_is_pulled_as_it_would_be() -> None:
    """Half the size is half of each layer; zstd has the same files in fewer bytes, and a layer that has none stays."""
    other = Layer(compressed_bytes=10, compression=Compression.NONE)
    profile = replace(_BIG, layers=(*_BIG.layers, other))
    _, half, zstd, soci = image_changes(profile, os="linux")
    assert [layer.compressed_bytes for layer in half.profile.layers] == [400_000_000, 5]
    assert [layer.uncompressed_bytes for layer in half.profile.layers] == [1_200_000_000, None]
    assert zstd.profile.layers[0].compressed_bytes == pytest.approx(549_000_000, rel=0.01)
    assert zstd.profile.layers[0].uncompressed_bytes == 2_400_000_000
    assert zstd.profile.layers[1] == other
    assert (soci.profile, soci.lazy, soci.rules_out) == (profile, True, "zstd")


def test_sidecars_are_left_out_but_for_what_the_largest_image_shares() -> None:
    """Of several images the largest stays; a layer that it shares is pulled either way."""
    base = Layer(compressed_bytes=100, digest="sha256:base")
    images = {
        "proxy:1": ImageProfile(layers=(base, Layer(compressed_bytes=20, digest="sha256:p"))),
        "web:1": ImageProfile(layers=(base, Layer(compressed_bytes=900, digest="sha256:w"))),
        "logs:1": ImageProfile(layers=(Layer(compressed_bytes=50, digest="sha256:l"),)),
    }
    alone = without_sidecars(images)
    assert alone is not None
    assert alone.what == "web:1 alone, without proxy:1, logs:1"
    assert alone.needs == "the work of 2 sidecars done elsewhere (70 B less to pull)"
    assert alone.profile == images["web:1"]
    assert without_sidecars({"web:1": images["web:1"]}) is None


@pytest.mark.parametrize(
    "names", [("python:3.12", ""), ("team/app:1", "docker.io/library/python:3.12-bookworm")]
)
def test_a_full_base_has_a_small_variant_of_known_size(names: tuple[str, str]) -> None:
    """By the image's own name or by the base that it names, and no less is pulled than the small variant has."""
    slim = on_slim_base(names, _BIG)
    assert slim is not None
    assert slim.profile.compressed_bytes == 800_000_000 - (380_573_758 - 45_437_565)
    assert slim.profile.layers[0].uncompressed_bytes == pytest.approx(2_400_000_000 * 0.581, rel=0.001)
    assert (slim.needs, slim.sure) == (
        "an image that does without compilers and headers",
        "estimated; 335 MB less, as measured of 3.12-bookworm on amd64, 2026-09-19",
    )
    # What is left would be less than the small variant itself has.
    assert on_slim_base(names, ImageProfile.of_size(compressed_bytes=380_000_000)) is None


@pytest.mark.parametrize("name", ["python:3.12-slim", "elixir:1.17", "team/app:1", "ubuntu 24.04", ""])
def test_a_base_that_is_small_or_of_unknown_size_is_left_alone(name: str) -> None:
    """A small variant has none, and where nobody has measured both, nothing is promised."""
    assert on_slim_base((name,), _BIG) is None


def test_a_smaller_image_stands_above_a_larger_task() -> None:
    """The ranked ways for 800 MB in 60 s: what each costs per month, and what it adds to the task as it is."""
    ways = _choose(_BIG, 60).ways
    assert [(str(way), way.more) for way in ways] == [
        ("0.25 vCPU, 0.5 GB with an image of half the size: 52 s, $9.01 a month", ""),
        ("0.25 vCPU, 0.5 GB with a SOCI index: 18 s, $9.01 a month", ""),
        ("2 vCPU, 4 GB with the image in zstd: 59 s, $72 a month", "$63 a month more"),
        ("4 vCPU, 8 GB with the image as it is: 45 s, $144 a month", "$135 a month more"),
    ]


def test_a_target_that_the_smallest_size_meets_needs_no_other_image() -> None:
    """No change is proposed that would cost as much as none."""
    choice = _choose(_BIG, 90)
    assert [way.what for way in choice.ways] == ["0.25 vCPU, 0.5 GB with the image as it is"]
    assert choice.better is None


def test_a_target_that_no_size_meets_may_be_met_by_another_image() -> None:
    """What meets the target stands first, the images as they are last, at their soonest."""
    choice = _choose(_BIG, 26)
    assert choice.target_met is False
    assert str(choice.better) == "0.25 vCPU, 0.5 GB with a SOCI index: 18 s, $9.01 a month"
    assert [(way.change.what, way.picked.met) for way in choice.ways] == [
        ("a SOCI index", True),
        ("an image of half the size", True),
        (AS_IT_IS, False),
    ]
    assert str(choice.ways[-1]) == "8 vCPU, 16 GB with the image as it is: 34 s, $288 a month"


def test_without_a_target_what_gains_more_than_chance_stands_by_its_start() -> None:
    """The soonest first, on the smallest size; a gain within the noise is none."""
    ways = _choose(_BIG).ways
    assert [(way.change.what, way.candidate.size) for way in ways] == [
        ("a SOCI index", FargateSize(256, 512)),
        ("an image of half the size", FargateSize(256, 512)),
        (AS_IT_IS, FargateSize(256, 512)),
    ]
    small = ImageProfile.of_size(compressed_bytes=20_000_000)
    assert [way.change.what for way in _choose(small).ways] == [AS_IT_IS]


def test_ec2_is_named_where_a_cached_image_saves_more_than_chance() -> None:
    """The pull that a cached start does without is told, with what it needs; of a small image nothing is."""
    assert _choose(_BIG).ec2 == (
        "on EC2 capacity with ImagePullBehavior.prefer_cached(), a start without the 71 s of the pull: 4 published pulls "
        "of a cached image took 0.05 to 0.3 s. It needs running instances with room that have pulled the image before, "
        "and tags that never move; the instances are paid for, not the task"
    )
    assert _choose(ImageProfile.of_size(compressed_bytes=20_000_000)).ec2 == ""


def test_of_unknown_price_the_smallest_size_stands_first() -> None:
    """Without a Region the order by size is the order by price."""
    ways = _choose(_BIG, 60, region=None).ways
    assert [way.candidate.size.cpu for way in ways] == [256, 256, 2048, 4096]
    assert str(ways[0]) == "0.25 vCPU, 0.5 GB with an image of half the size: 52 s"
    assert {way.more for way in ways} == {""}


@given(
    megabytes=st.integers(0, 6000),
    target=st.none() | st.floats(10, 300),
    floor=st.sampled_from(sizes()),
    region=st.sampled_from(["us-east-1", None]),
)
def test_the_ways_are_in_order_and_none_is_worse_than_the_image_as_it_is(
    megabytes: int, target: float | None, floor: FargateSize, region: str | None
) -> None:
    """What meets the target stands first, by dollars; every change is cheaper or sooner than no change."""
    profile = ImageProfile.of_size(compressed_bytes=megabytes * 10**6)
    choice = _choose(profile, target, cpu=floor.cpu, memory_mib=floor.memory_mib, region=region)
    [today] = [way for way in choice.ways if way.is_today]
    assert today.picked.met == choice.target_met
    met = [way.picked.met is True for way in choice.ways]
    assert met == sorted(met, reverse=True)
    for way in choice.ways:
        if way.is_today:
            continue
        expected = way.candidate.start.total.expected
        if target is not None and way.picked.met:
            assert expected <= target
            assert not today.picked.met or way.candidate.price_order[0::2] < today.candidate.price_order[0::2]
        else:
            assert today.candidate.start.total.expected - expected >= NOISE_SECONDS
    if target is not None and region is not None:
        months = [way.candidate.usd_per_month for way in choice.ways if way.picked.met]
        assert not any(isinstance(month, UnknownPrice) for month in months)
        assert months == sorted(months)  # type: ignore[type-var]


def test_runs_are_priced_by_what_fargate_bills() -> None:
    """A run is billed from the start of its pull, for a minute at least; a month has 730 hours."""
    small = ImageProfile.of_size(compressed_bytes=0)
    runs = _choose(small, goal=Goal(usage=Usage(starts_per_day=24, runs_for_seconds=1))).candidate
    assert runs.usd_per_month == pytest.approx(730 * 0.0123425 / 60)
    hour = _choose(small, goal=Goal(usage=Usage(starts_per_day=24, runs_for_seconds=3596))).candidate
    assert hour.usd_per_month == pytest.approx(730 * 0.0123425)
    assert hour.starts_usd_per_month == pytest.approx(730 * 0.0123425 * 4 / 3600)


def test_a_larger_size_that_is_cheaper_for_its_runs_is_chosen_without_a_target() -> None:
    """Where the pull is nearly all of a run and shrinks by more than the price grows, more vCPU costs less."""
    from tests.fargate.test_choose import _MODEL, _PRICES  # noqa: PLC0415

    steep = replace(_MODEL, small_task_exponent=2)
    profile = ImageProfile.of_size(compressed_bytes=0, uncompressed_bytes=10**9)
    usage = Usage(starts_per_day=100, runs_for_seconds=10)
    choice = choose(
        profile, cpu=256, memory_mib=512, goal=Goal(usage=usage), region="here", model=steep, prices=_PRICES
    )
    assert (choice.size, choice.why) == (
        FargateSize(1024, 2048),
        "the cheapest size for these runs, as it starts so much sooner; no target is given",
    )
