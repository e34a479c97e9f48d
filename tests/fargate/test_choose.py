from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.fargate.choose import Choice, Goal, choose
from cdk_pull.fargate.estimate.start import NOISE_SECONDS
from cdk_pull.fargate.estimate.start_model import Interval, StartModel
from cdk_pull.fargate.prices import PriceBook, Rate, UnknownPrice
from cdk_pull.fargate.sizes import FargateSize, sizes
from cdk_pull.image.profile import Compression, ImageProfile

# Whole seconds: an image of n x 100 MB uncompressed takes 16 s and n x (8, 4, 2, 1) s at 0.25, 0.5, 1 and 2 vCPU.
_MODEL = StartModel(
    coverage=0.8,
    pre_pull=Interval(12, 12, 12),
    post_pull=Interval(4, 4, 4),
    pull_scale=1,
    pull_factor=2,
    storage={2048: 100},
    small_task_exponent=1,
    network=1e9,
    decoder={},
    expansion={"gzip": 2.5, "zstd": 3},
)
_PRICES = PriceBook(date="2026-01-01", regions={"here": {"x86_64": Rate(vcpu=0.04, gb=0.004)}})


def _image(hundreds_of_mb: float) -> ImageProfile:
    return ImageProfile.of_size(compressed_bytes=0, uncompressed_bytes=round(hundreds_of_mb * 1e8))


def _choose(
    image: ImageProfile, goal: Goal | None = None, *, cpu: int = 256, memory_mib: int = 512
) -> Choice:
    return choose(
        image, cpu=cpu, memory_mib=memory_mib, goal=goal, region="here", model=_MODEL, prices=_PRICES
    )


@pytest.mark.parametrize(
    ("hundreds", "target", "size", "met", "why"),
    [
        (1, 24, (256, 512), True, "the smallest size's expected start, 24 s, is within 24 s"),
        (
            5,
            37,
            (512, 1024),
            True,
            "the smallest size whose expected start, 36 s, is within 37 s, 20 s sooner than 0.25 vCPU, 0.5 GB",
        ),
        (
            5,
            21,
            (2048, 4096),
            True,
            "the smallest size whose expected start, 21 s, is within 21 s, 35 s sooner than 0.25 vCPU, 0.5 GB",
        ),
        (
            2,
            25,
            (1024, 2048),
            True,
            "the smallest size whose expected start, 20 s, is within 25 s, 12 s sooner than 0.25 vCPU, 0.5 GB",
        ),
        (
            1,
            20,
            (256, 512),
            False,
            "the expected start, 24 s, misses 20 s by less than the noise of 10 s, and no larger size gains more than that",
        ),
        (
            5,
            20,
            (256, 512),
            False,
            "no size starts within 20 s: the expected start of 2 vCPU, 4 GB is 21 s; the smallest size is kept",
        ),
    ],
)
def test_the_smallest_size_that_starts_in_time(
    *,
    hundreds: float,
    target: float,
    size: tuple[int, int],
    met: bool,
    why: str,
) -> None:
    """The smallest size within the target, passing over gains inside the noise; the smallest of all when none is."""
    choice = _choose(_image(hundreds), Goal(start_seconds=target))
    assert (choice.size, choice.target_met, choice.why) == (FargateSize(*size), met, why)


def test_the_upper_bound_can_be_held_to_the_target() -> None:
    """With hold="high" nine starts of ten are within the target."""
    choice = _choose(_image(5), Goal(start_seconds=37, hold="high"))
    assert choice.size == FargateSize(1024, 2048)
    assert choice.candidate.start.total == Interval(21, 26, 36)
    assert choice.why == (
        "the smallest size whose upper bound of the start, 36 s, is within 37 s, 30 s sooner than 0.25 vCPU, 0.5 GB"
    )


@pytest.mark.parametrize(
    ("hundreds", "limit", "size", "met", "why"),
    [
        (
            5,
            0.1,
            (1024, 2048),
            True,
            "the best start within $0.1 per hour: 26 s expected, 30 s sooner than 0.25 vCPU, 0.5 GB",
        ),
        (
            2,
            9,
            (1024, 2048),
            True,
            "the best start within $9 per hour: 20 s expected, 12 s sooner than 0.25 vCPU, 0.5 GB",
        ),
        (1, 9, (256, 512), True, "no size within $9 per hour starts sooner by more than the noise"),
        (5, 0.02, (256, 512), True, "no size within $0.02 per hour starts sooner by more than the noise"),
        (
            5,
            0.001,
            (256, 512),
            False,
            "even the smallest size that holds the containers costs more than $0.001 per hour",
        ),
    ],
)
def test_the_best_start_within_a_price(
    *,
    hundreds: float,
    limit: float,
    size: tuple[int, int],
    met: bool,
    why: str,
) -> None:
    """The smallest of the affordable sizes that is as good as the best of them but for the noise."""
    choice = _choose(_image(hundreds), Goal(usd_per_hour=limit))
    assert (choice.size, choice.target_met, choice.why) == (FargateSize(*size), met, why)


@given(
    hundreds=st.floats(0, 60),
    floor=st.sampled_from(sizes()),
    goal=st.builds(Goal, start_seconds=st.floats(1, 400), hold=st.sampled_from(["expected", "high"]))
    | st.builds(Goal, usd_per_hour=st.floats(0.001, 3))
    | st.none(),
)
def test_every_choice_holds_the_containers_and_larger_is_only_for_a_real_gain(
    *, hundreds: float, floor: FargateSize, goal: Goal | None
) -> None:
    """The choice is a candidate and never below the floor; a larger one meets the goal and gains beyond the noise."""
    choice = _choose(_image(hundreds), goal, cpu=floor.cpu, memory_mib=floor.memory_mib)
    assert choice.floor.size == floor
    assert choice.candidate in choice.candidates
    assert all(c.size.cpu >= floor.cpu and c.size.memory_mib >= floor.memory_mib for c in choice.candidates)
    assert [c.size for c in choice.candidates] == sorted({c.size for c in choice.candidates})
    if choice.candidate is not choice.floor:
        gain = choice.floor.start.total.expected - choice.candidate.start.total.expected
        assert choice.target_met is True
        assert gain >= NOISE_SECONDS


def test_containers_that_need_other_memory_get_the_smallest_that_fits() -> None:
    """Each CPU is weighed with the least memory that holds 5000 MiB."""
    choice = _choose(_image(1), cpu=300, memory_mib=5000)
    assert [tuple(c.size) for c in choice.candidates][:3] == [(1024, 5120), (2048, 5120), (4096, 8192)]


def test_both_figures_of_the_price_are_told() -> None:
    """A larger size says its price, the steady difference, and what of it each start costs."""
    assert _choose(_image(5), Goal(start_seconds=37)).cost == (
        "$0.0240 per hour, $0.0120 more than 0.25 vCPU, 0.5 GB as long as the task runs; $0.00016 of it for each start"
    )
    assert _choose(_image(1)).cost == "$0.0120 per hour"


def test_an_unknown_price_still_gives_the_size() -> None:
    """Without a Region the size is chosen by time, and the price is said to be unknown."""
    choice = choose(_image(5), cpu=256, memory_mib=512, goal=Goal(start_seconds=37), model=_MODEL)
    assert choice.size == FargateSize(512, 1024)
    assert choice.candidate.price == UnknownPrice(
        "no Region is given: set the stack's environment, or --region on the command line"
    )
    assert (
        choice.cost
        == "price unknown: no Region is given: set the stack's environment, or --region on the command line"
    )
    assert choice.to_json()["candidates"][0]["usd_per_hour"] is None
    priced = choose(_image(5), cpu=256, memory_mib=512, goal=Goal(usd_per_hour=1), model=_MODEL)
    assert (priced.size, priced.target_met, priced.why) == (
        FargateSize(256, 512),
        False,
        "the smallest size is kept, as the price is not known: no Region is given: set the stack's environment, or --region on the command line",
    )


def test_what_would_help_more_depends_on_the_image() -> None:
    """Gzip above 250 MB: SOCI, a smaller image, zstd; zstd rules out SOCI; Windows has neither."""
    big = ImageProfile.of_size(compressed_bytes=400_000_000, uncompressed_bytes=1_000_000_000)
    assert [str(change) for change in _choose(big).would_help] == [
        "a SOCI index: 0 to 110 s less",
        "an image of half the size: 28 to 56 s less",
        "zstd in place of gzip: 0 to 35 s less",
    ]
    zstd = _choose(ImageProfile(layers=(replace(big.layers[0], compression=Compression.ZSTD),)))
    assert [change.what for change in zstd.would_help] == ["an image of half the size"]
    windows = choose(big, cpu=1024, memory_mib=2048, os="windows")
    assert [change.what for change in windows.would_help] == ["an image of half the size"]
    small = _choose(ImageProfile.of_size(compressed_bytes=200_000_000))
    assert [change.what for change in small.would_help] == [
        "an image of half the size",
        "zstd in place of gzip",
    ]


def test_storage_beyond_the_included_is_priced() -> None:
    """30 GiB of images ask for 30 GiB, at the price of the 10 above the included."""
    prices = PriceBook(
        date="2026-01-01",
        regions={"here": {"x86_64": Rate(vcpu=0.04, gb=0.004), "ephemeral": Rate(gb=0.001)}},
    )
    choice = choose(
        ImageProfile.of_size(compressed_bytes=10 * 2**30, uncompressed_bytes=20 * 2**30),
        cpu=256,
        memory_mib=512,
        region="here",
        prices=prices,
    )
    assert choice.ephemeral_gib == 30
    assert choice.candidate.price == pytest.approx(0.012 + 0.01)
    asked = choose(_image(1), cpu=256, memory_mib=512, ephemeral_gib=50, region="here", prices=prices)
    assert asked.ephemeral_gib == 50
    assert asked.candidate.price == pytest.approx(0.012 + 0.03)


def test_goals_that_cannot_be_are_refused() -> None:
    """Both limits at once, a limit of nothing, and an unknown part of the estimate are errors."""
    with pytest.raises(ConflictError) as conflict:
        Goal(start_seconds=60, usd_per_hour=1)
    assert str(conflict.value) == (
        "a start within 60 s and a price within $1 per hour are both asked for, and each alone decides the size: "
        "keep the one that matters"
    )
    with pytest.raises(
        InvalidValueError, match=r"^seconds of the start are not a limit: 0; allowed: a number above 0$"
    ):
        Goal(start_seconds=0)
    with pytest.raises(
        InvalidValueError, match=r"^hold is not a part of the estimate: 'low'; allowed: expected, high$"
    ):
        Goal(start_seconds=1, hold="low")  # type: ignore[arg-type]
