from __future__ import annotations

from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.fargate.estimate.start import estimate_start, uncompressed_bytes
from cdk_pull.fargate.estimate.start_model import Interval, StartModel, load_start_model
from cdk_pull.fargate.sizes import sizes
from cdk_pull.image.profile import Compression, ImageProfile, Layer

_CPUS = sorted({size.cpu for size in sizes()})
_BYTES = st.integers(min_value=0, max_value=20 * 10**9)
_LAYERS = st.builds(
    Layer,
    compressed_bytes=_BYTES,
    uncompressed_bytes=st.none() | _BYTES,
    compression=st.sampled_from(Compression),
)
_PROFILES = st.builds(ImageProfile, layers=st.lists(_LAYERS, max_size=4).map(tuple))

# Round figures, so that the expected seconds below can be checked in one's head.
_ROUND = StartModel(
    coverage=0.8,
    pre_pull=Interval(10, 12, 24),
    post_pull=Interval(1, 4, 11),
    pull_scale=1,
    pull_factor=2,
    storage={2048: 80, 4096: 160},
    small_task_exponent=0.5,
    network=100,
    decoder={"gzip": 120, "zstd": 400},
    expansion={"gzip": 2.5, "zstd": 3},
)


@given(profile=_PROFILES, extra=_LAYERS)
def test_more_vcpu_is_never_slower_and_more_bytes_are_never_faster(
    profile: ImageProfile, extra: Layer
) -> None:
    """Each bound of each interval falls with vCPU and rises with a further layer."""
    more = ImageProfile(layers=(*profile.layers, extra))
    before: tuple[float, ...] | None = None
    for cpu in _CPUS:
        total = astuple(estimate_start(profile, cpu=cpu).total)
        assert total == tuple(sorted(total))
        assert before is None or all(a <= b + 1e-9 for a, b in zip(total, before, strict=True))
        larger = astuple(estimate_start(more, cpu=cpu).total)
        assert all(a <= b + 1e-9 for a, b in zip(total, larger, strict=True))
        before = total


@pytest.mark.parametrize(
    ("cpu", "compression", "download", "unpack"),
    [
        (512, Compression.GZIP, 800 / 40, 2400 / 40),
        (2048, Compression.GZIP, 800 / 80, 2400 / 80),
        (4096, Compression.GZIP, 800 / 100, 2400 / 120),
        (4096, Compression.ZSTD, 800 / 100, 2400 / 160),
        (4096, Compression.NONE, 800 / 100, 2400 / 160),
        (32768, Compression.GZIP, 800 / 100, 2400 / 120),
    ],
)
def test_the_slowest_part_decides(cpu: int, compression: Compression, download: float, unpack: float) -> None:
    """Download is the slower of network and storage; unpacking that of one decoder and storage."""
    profile = ImageProfile.of_size(
        compressed_bytes=800_000_000, uncompressed_bytes=2_400_000_000, compression=compression
    )
    estimate = estimate_start(profile, cpu=cpu, model=_ROUND)
    assert [(phase.name, phase.seconds.expected) for phase in estimate.phases] == [
        ("pre-pull", 12),
        ("download", pytest.approx(download)),
        ("unpack", pytest.approx(unpack)),
        ("post-pull", 4),
    ]
    pull = download + unpack
    assert astuple(estimate.pull) == pytest.approx((pull / 2, pull, pull * 2))
    assert estimate.total.expected == pytest.approx(16 + pull)


def test_a_quarter_vcpu_decodes_at_a_quarter_of_a_thread() -> None:
    """Below 1 vCPU the decompressing thread gets its share of the CPU, even where the storage would be faster."""
    slow = replace(_ROUND, decoder={"gzip": 40})
    assert slow.unpack_rate(1024, Compression.GZIP) == 40
    assert slow.unpack_rate(256, Compression.GZIP) == 10
    assert slow.unpack_rate(256, Compression.ZSTD) == pytest.approx(80 * (1 / 8) ** 0.5)


def test_the_whole_interval_adds_independent_errors() -> None:
    """The whole start of an empty image is the two fixed phases, with their errors added in quadrature."""
    total = estimate_start(ImageProfile(layers=()), cpu=256, model=_ROUND).total
    assert total.low == pytest.approx(16 - (2**2 + 3**2) ** 0.5)
    assert total.high == pytest.approx(16 + (12**2 + 7**2) ** 0.5)


@pytest.mark.parametrize(
    ("compression", "expected"),
    [(Compression.GZIP, 2500), (Compression.ZSTD, 3000), (Compression.NONE, 1000)],
)
def test_an_unknown_uncompressed_size_is_estimated(compression: Compression, expected: float) -> None:
    """The expansion of the layer's compression stands in for a size that nobody has looked up."""
    assert uncompressed_bytes(Layer(compressed_bytes=1000, compression=compression), _ROUND) == expected
    assert uncompressed_bytes(Layer(compressed_bytes=1000, uncompressed_bytes=7), _ROUND) == 7


def test_the_notes_say_what_the_figures_do_not_rest_on() -> None:
    """An unmeasured vCPU, arm64, an estimated size and Windows are each said."""
    profile = ImageProfile.of_size(compressed_bytes=1)
    waits = "a container that waits for another one's health is not in it: 11 to 52 s more were measured"
    size = "the uncompressed size is estimated from the compressed one"
    linux = estimate_start(profile, cpu=1024, architecture="arm64")
    assert linux.notes == (
        "no pull at 1 vCPU is published with its image's size: the effect of vCPU rests on AWS's storage throughput by task size",
        "no published pull tells arm64 from x86_64: the estimate is the same for both",
        size,
        waits,
    )
    assert linux.coverage == 0.8
    windows = estimate_start(profile, cpu=1024, os="windows")
    assert windows.notes == (
        "no start of a Windows task on Fargate is published with its size: the coverage is unknown",
        size,
        waits,
    )
    assert windows.coverage is None
    known = ImageProfile.of_size(compressed_bytes=1, uncompressed_bytes=2)
    assert estimate_start(known, cpu=256).notes == (waits,)


def test_the_shipped_model_survives_json() -> None:
    """What is written is what is read."""
    model = load_start_model()
    assert StartModel.from_json(model.to_json()) == model
