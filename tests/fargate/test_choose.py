from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.fargate.choose import Candidate, Choice, Goal, choose
from cdk_pull.fargate.estimate.start import NOISE_SECONDS
from cdk_pull.fargate.estimate.start_model import Interval, StartModel
from cdk_pull.fargate.prices import PriceBook, Rate, UnknownPrice
from cdk_pull.fargate.sizes import FargateSize, sizes
from cdk_pull.image.profile import ImageProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        (5, 37, (512, 1024), True, "the cheapest size whose expected start, 36 s, is within 37 s"),
        (
            5,
            21,
            (2048, 4096),
            True,
            (
                "the cheapest size whose expected start, 21 s, is within 21 s; 1 vCPU, 2 GB misses it by 5 s, less than "
                "the noise of 10 s, and costs $35 a month less"
            ),
        ),
        (
            2,
            25,
            (512, 1024),
            True,
            (
                "the cheapest size whose expected start, 24 s, is within 25 s; 0.25 vCPU, 0.5 GB misses it by 7 s, less "
                "than the noise of 10 s, and costs $8.76 a month less"
            ),
        ),
        (
            1,
            20,
            (512, 1024),
            True,
            (
                "the cheapest size whose expected start, 20 s, is within 20 s; 0.25 vCPU, 0.5 GB misses it by 4 s, less "
                "than the noise of 10 s, and costs $8.76 a month less"
            ),
        ),
        (
            5,
            20,
            (256, 512),
            False,
            (
                "no size starts within 20 s: the expected start of 2 vCPU, 4 GB is 21 s, a miss by less than the noise of "
                "10 s; the smallest size is kept"
            ),
        ),
        (
            5,
            10,
            (256, 512),
            False,
            "no size starts within 10 s: the expected start of 2 vCPU, 4 GB is 21 s; the smallest size is kept",
        ),
        (
            5,
            20.99996,
            (256, 512),
            False,
            (
                "no size starts within 21 s: the expected start of 2 vCPU, 4 GB is 21 s, a miss by less than the noise of "
                "10 s; the smallest size is kept"
            ),
        ),
    ],
)
def test_the_cheapest_size_that_starts_in_time(
    *,
    hundreds: float,
    target: float,
    size: tuple[int, int],
    met: bool,
    why: str,
) -> None:
    """The cheapest size within the target, whatever the gain; the smallest of all when none is."""
    choice = _choose(_image(hundreds), Goal(start_seconds=target))
    assert (choice.size, choice.target_met, choice.why) == (FargateSize(*size), met, why)


def test_the_upper_bound_can_be_held_to_the_target() -> None:
    """With hold="high" nine starts of ten are within the target."""
    choice = _choose(_image(5), Goal(start_seconds=37, hold="high"))
    assert choice.size == FargateSize(1024, 2048)
    assert choice.candidate.start.total == Interval(21, 26, 36)
    assert choice.why == "the cheapest size whose upper bound of the start, 36 s, is within 37 s"


@pytest.mark.parametrize(
    ("hundreds", "limit", "size", "met", "why"),
    [
        (
            5,
            0.1,
            (1024, 2048),
            True,
            (
                "the best start within $0.1 per hour is 21 s, of 2 vCPU, 4 GB; 1 vCPU, 2 GB is the cheapest size within "
                "the noise of 10 s of it, at 26 s for $35 a month less"
            ),
        ),
        (5, 0.05, (1024, 2048), True, "the best start within $0.05 per hour is 26 s, of 1 vCPU, 2 GB"),
        (
            1,
            9,
            (256, 512),
            True,
            (
                "the best start within $9 per hour is 17 s, of 2 vCPU, 4 GB; 0.25 vCPU, 0.5 GB is the cheapest size within "
                "the noise of 10 s of it, at 24 s for $61 a month less"
            ),
        ),
        (5, 0.02, (256, 512), True, "the best start within $0.02 per hour is 56 s, of 0.25 vCPU, 0.5 GB"),
        (
            5,
            0.001,
            (256, 512),
            False,
            "the smallest size that holds the containers costs $0.0120 per hour, more than $0.001",
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
    """The cheapest of the affordable sizes that is as good as the best of them but for the noise."""
    choice = _choose(_image(hundreds), Goal(usd_per_hour=limit))
    assert (choice.size, choice.target_met, choice.why) == (FargateSize(*size), met, why)


def test_at_one_price_the_sooner_start_is_chosen() -> None:
    """Where nothing costs anything, the target and the limit both take the soonest size that the least memory allows."""
    free = PriceBook(date="2026-01-01", regions={"here": {"x86_64": Rate(vcpu=0, gb=0)}})
    for goal in (Goal(start_seconds=60), Goal(usd_per_hour=1)):
        choice = choose(
            _image(5), cpu=256, memory_mib=512, goal=goal, region="here", model=_MODEL, prices=free
        )
        assert choice.size == FargateSize(2048, 4096)


_IMAGES = st.floats(0, 60)
_FLOORS = st.sampled_from(sizes())
_HOLDS = st.sampled_from(["expected", "high"])
_BOOKS = st.builds(
    lambda vcpu, gb: PriceBook(date="2026-01-01", regions={"here": {"x86_64": Rate(vcpu=vcpu, gb=gb)}}),
    st.floats(0, 1),
    st.floats(0, 0.1),
)


def _price(candidate: Candidate) -> float:
    assert isinstance(candidate.price, float)
    return candidate.price


@given(
    hundreds=_IMAGES,
    floor=_FLOORS,
    book=_BOOKS,
    goal=st.builds(Goal, start_seconds=st.floats(1, 400), hold=_HOLDS),
)
def test_no_size_that_meets_the_target_is_cheaper_than_the_choice(
    hundreds: float, floor: FargateSize, book: PriceBook, goal: Goal
) -> None:
    """The choice meets the target at the least price of those that do, and at that price starts the soonest."""
    choice = choose(
        _image(hundreds),
        cpu=floor.cpu,
        memory_mib=floor.memory_mib,
        goal=goal,
        region="here",
        model=_MODEL,
        prices=book,
    )
    meeting = [each for each in choice.candidates if goal.seconds(each.start) <= (goal.start_seconds or 0)]
    assert choice.floor.size == floor
    assert choice.target_met is bool(meeting)
    if not meeting:
        assert choice.candidate is choice.floor
        return
    assert choice.candidate in meeting
    assert _price(choice.candidate) == min(map(_price, meeting))
    same = [each for each in meeting if _price(each) == _price(choice.candidate)]
    assert choice.candidate.start.total.expected == min(each.start.total.expected for each in same)


@given(
    hundreds=_IMAGES,
    floor=_FLOORS,
    targets=st.tuples(st.floats(1, 400), st.floats(1, 400)).map(sorted),
    hold=_HOLDS,
)
def test_a_later_target_is_never_dearer(
    hundreds: float, floor: FargateSize, targets: list[float], hold: Any
) -> None:
    """Whoever can wait longer pays no more, and a target that is met stays met."""
    tight, loose = (
        _choose(
            _image(hundreds),
            Goal(start_seconds=target, hold=hold),
            cpu=floor.cpu,
            memory_mib=floor.memory_mib,
        )
        for target in targets
    )
    assert loose.target_met or not tight.target_met
    assert not tight.target_met or _price(loose.candidate) <= _price(tight.candidate)


@given(
    hundreds=_IMAGES, floor=_FLOORS, limits=st.tuples(st.floats(0.001, 3), st.floats(0.001, 3)).map(sorted)
)
def test_a_higher_price_limit_never_starts_later(
    hundreds: float, floor: FargateSize, limits: list[float]
) -> None:
    """Whoever pays more starts no later, and never pays more than the limit."""
    low, high = (
        _choose(
            _image(hundreds), Goal(usd_per_hour=limit), cpu=floor.cpu, memory_mib=floor.memory_mib
        ).candidate
        for limit in limits
    )
    assert high.start.total.expected <= low.start.total.expected
    assert _price(high) <= max(limits[1], _price(low))


@given(
    hundreds=_IMAGES,
    floors=st.tuples(_FLOORS, _FLOORS),
    goal=st.builds(Goal, start_seconds=st.floats(1, 400)) | st.none(),
)
def test_a_larger_floor_is_never_cheaper_and_never_jumps(
    hundreds: float, floors: tuple[FargateSize, FargateSize], goal: Goal | None
) -> None:
    """A floor that needs more of both gets no less; a choice that still holds it stays the choice."""
    small, large = floors
    if small.cpu > large.cpu or small.memory_mib > large.memory_mib:
        small, large = large, small
    if small.cpu > large.cpu or small.memory_mib > large.memory_mib:
        return
    before, after = (
        _choose(_image(hundreds), goal, cpu=floor.cpu, memory_mib=floor.memory_mib)
        for floor in (small, large)
    )
    assert _price(after.candidate) >= _price(before.candidate) or not before.target_met
    if goal and before.size.cpu >= large.cpu and before.size.memory_mib >= large.memory_mib:
        assert after.size == before.size


def test_the_scan_finds_nothing_dearer_than_need_be_and_every_reason_is_true() -> None:
    """Over floors, images, targets and Regions of the shipped figures each reason is recomputed from the table."""
    floors = [FargateSize(256, 512), *(sizes()[at] for at in (4, 12, 24, 30))]
    images = [
        ImageProfile.of_size(compressed_bytes=mb * 10**6, uncompressed_bytes=round(mb * 10**6 * ratio))
        for mb in (1, 20, 50, 80, 120, 200, 350, 500, 800, 1200, 1700, 2400, 3500, 4100, 4600)
        for ratio in (2.2, 3.4)
    ]
    targets = (20, 25, 30, 45, 60, 85, 120, 300)
    for floor, image, region in product(floors, images, ("us-east-1", "eu-central-1", "sa-east-1")):
        table: Choice | None = None
        for target in targets:
            choice = choose(
                image,
                cpu=floor.cpu,
                memory_mib=floor.memory_mib,
                goal=Goal(start_seconds=target),
                region=region,
            )
            table = table or choice
            _assert_true(choice, table.candidates, target)


_REASON = re.compile(
    r"the (?:(?P<floor>smallest) size's|cheapest size whose) expected start, (?P<start>[\d.]+) s, is within (?P<target>[\d.]+) s"
    r"(?:; (?P<near>[^;]+) misses it by (?P<miss>[\d.]+) s, less than the noise of 10 s, and costs \$(?P<less>[\d.,]+) a month less)?"
    r"|no size starts within (?P<late>[\d.]+) s: the expected start of (?P<soonest>.+) is (?P<best>[\d.]+) s"
    r"(?P<noise>, a miss by less than the noise of 10 s)?; the smallest size is kept"
)


def _assert_true(choice: Choice, table: Sequence[Candidate], target: float) -> None:
    said = _REASON.fullmatch(choice.why)
    assert said, choice.why
    starts = {str(each.size): each.start.total.expected for each in table}
    prices = {str(each.size): _price(each) for each in table}
    size = str(choice.size)
    meeting = {name for name, start in starts.items() if start <= target}
    if said["late"]:
        assert not meeting
        assert said["soonest"] == min(starts, key=lambda name: starts[name])
        assert float(said["best"]) == pytest.approx(min(starts.values()), abs=0.5)
        assert bool(said["noise"]) is (min(starts.values()) - target < NOISE_SECONDS)
        assert choice.candidate is choice.floor
        return
    assert prices[size] == min(prices[name] for name in meeting)
    assert float(said["start"]) == pytest.approx(starts[size], abs=0.5)
    assert float(said["start"]) <= float(said["target"]) == target
    assert bool(said["floor"]) is (choice.candidate is choice.floor)
    near = [
        name
        for name, start in starts.items()
        if target < start < target + NOISE_SECONDS and prices[name] < prices[size]
    ]
    assert said["near"] == min(near, key=lambda name: prices[name], default=None)
    if said["near"]:
        assert float(said["miss"]) == pytest.approx(starts[said["near"]] - target, abs=0.5)
        saved = 730 * (prices[size] - prices[said["near"]])
        assert float(said["less"].replace(",", "")) == pytest.approx(saved, abs=0.5)


@given(hundreds=_IMAGES, floor=_FLOORS)
def test_without_a_target_the_smallest_size_is_kept(hundreds: float, floor: FargateSize) -> None:
    """No gain is a reason for a larger size when nobody asked for one."""
    choice = _choose(_image(hundreds), cpu=floor.cpu, memory_mib=floor.memory_mib)
    assert (choice.size, choice.target_met) == (floor, None)
    assert [c.size for c in choice.candidates] == sorted({c.size for c in choice.candidates})
    assert all(c.size.cpu >= floor.cpu and c.size.memory_mib >= floor.memory_mib for c in choice.candidates)


def test_containers_that_need_other_memory_get_the_smallest_that_fits() -> None:
    """Each CPU is weighed with the least memory that holds 5000 MiB."""
    choice = _choose(_image(1), cpu=300, memory_mib=5000)
    assert [tuple(c.size) for c in choice.candidates][:3] == [(1024, 5120), (2048, 5120), (4096, 8192)]


def test_the_price_is_told_per_month_then_per_hour_with_its_region_and_what_it_adds() -> None:
    """A larger size says its price, the Region that it is of, and the difference to the smallest size."""
    assert _choose(_image(5), Goal(start_seconds=37)).cost == (
        "$18 a month in here ($0.0240 per hour), $8.76 a month more than 0.25 vCPU, 0.5 GB"
    )
    assert _choose(_image(1)).cost == "$8.76 a month in here ($0.0120 per hour)"


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
        "the smallest size is kept, as the price is unknown: no Region is given: set the stack's environment, or --region on the command line",
    )


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
        "a start within 60 s and a price of at most $1 per hour are both given, and each alone decides the size: "
        "keep one of them"
    )
    with pytest.raises(
        InvalidValueError, match=r"^the target must be above 0 seconds: 0; allowed: a number above 0$"
    ):
        Goal(start_seconds=0)
    with pytest.raises(InvalidValueError, match=r"^invalid hold: 'low'; allowed: expected, high$"):
        Goal(start_seconds=1, hold="low")  # type: ignore[arg-type]
