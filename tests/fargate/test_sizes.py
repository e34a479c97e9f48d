from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.sizes import FargateSize, Os, check, fits, parse_cpu, parse_memory, sizes

if TYPE_CHECKING:
    from collections.abc import Iterable

# Written out a second time, by hand, from the ECS developer guide: the table must not be its own judge.
_GIB = 1024
_LINUX: dict[int, Iterable[int]] = {
    256: [512, 1024, 2048],
    512: range(1 * _GIB, 4 * _GIB + 1, _GIB),
    1024: range(2 * _GIB, 8 * _GIB + 1, _GIB),
    2048: range(4 * _GIB, 16 * _GIB + 1, _GIB),
    4096: range(8 * _GIB, 30 * _GIB + 1, _GIB),
    8192: range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    16384: range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
    32768: [60 * _GIB, 120 * _GIB, 244 * _GIB],
}
_EXPECTED: dict[Os, set[FargateSize]] = {
    "linux": {FargateSize(cpu, memory) for cpu, values in _LINUX.items() for memory in values},
    "windows": {FargateSize(cpu, memory) for cpu in (1024, 2048, 4096) for memory in _LINUX[cpu]},
}
_CPUS = sorted({*_LINUX, 0, 128, 255, 257, 300, 768, 1025, 3072, 5120, 12288, 24576, 65536})
_MEMORIES = sorted({*range(0, 256 * _GIB + 1, 256), 511, 513, 61439, 249857})


@pytest.mark.parametrize("os", get_args(Os))
def test_exactly_the_documented_pairs_are_accepted(os: Os) -> None:
    """Of every pair of a plausible CPU and memory value, the documented ones pass and no other does."""
    accepted = set()
    for cpu, memory in itertools.product(_CPUS, _MEMORIES):
        with contextlib.suppress(InvalidValueError):
            accepted.add(check(cpu, memory, os))
    assert accepted == _EXPECTED[os]
    assert set(sizes(os)) == _EXPECTED[os]
    assert list(sizes(os)) == sorted(sizes(os))


@pytest.mark.parametrize(
    ("cpu", "memory", "os", "message"),
    [
        (
            256,
            8192,
            "linux",
            (
                "cpu and memory are not a Fargate task size on Linux: '256/8192'; allowed: the nearest are "
                "256/2048, 512/4096, 1024/7168, 1024/8192. Set both to one of these pairs"
            ),
        ),
        (
            300,
            1024,
            "linux",
            (
                "cpu and memory are not a Fargate task size on Linux: '300/1024'; allowed: the nearest are "
                "256/512, 256/1024, 256/2048, 512/1024. Set both to one of these pairs"
            ),
        ),
        (
            32768,
            65536,
            "linux",
            (
                "cpu and memory are not a Fargate task size on Linux: '32768/65536'; allowed: the nearest are "
                "16384/65536, 16384/73728, 32768/61440, 32768/122880. Set both to one of these pairs"
            ),
        ),
        (
            512,
            1024,
            "windows",
            (
                "cpu and memory are not a Fargate task size on Windows: '512/1024'; allowed: the nearest are "
                "1024/2048, 1024/3072, 1024/4096, 1024/5120. Set both to one of these pairs"
            ),
        ),
    ],
)
def test_a_refused_pair_names_the_nearest_valid_ones(cpu: int, memory: int, os: Os, message: str) -> None:
    """The error gives the pair as given and the four valid pairs nearest to it."""
    with pytest.raises(InvalidValueError) as error:
        check(cpu, memory, os)
    assert str(error.value) == message


@given(
    size=st.sampled_from(sizes()),
    case=st.sampled_from([str.lower, str.upper, str]),
    space=st.sampled_from(["", " "]),
)
def test_every_form_that_ecs_accepts_means_the_same_size(
    size: FargateSize, case: type[str], space: str
) -> None:
    """Integers, digit strings, vCPUs and GB, in any case, with or without a space, are one size."""
    vcpus = f"{size.vcpu:g}"
    for cpu in (
        size.cpu,
        str(size.cpu),
        case(f"{vcpus}{space}vCPU"),
        case(f"{vcpus.lstrip('0')}{space}vCPU"),
    ):
        assert parse_cpu(cpu) == size.cpu
    for memory in (size.memory_mib, str(size.memory_mib), case(f"{size.memory_gb:g}{space}GB")):
        assert parse_memory(memory) == size.memory_mib
    assert check(f"{vcpus} vCPU", f"{size.memory_gb:g} GB") == size


@given(text=st.text())
def test_any_other_text_is_an_error_and_never_a_guess(text: str) -> None:
    """A text is a whole number of units, or an error that quotes it."""
    for parse in (parse_cpu, parse_memory):
        try:
            value = parse(text)
        except InvalidValueError as error:
            assert repr(text) in str(error)  # noqa: PT017 - the property is that both outcomes are sound
        else:
            assert value >= 0


@pytest.mark.parametrize(
    "value", ["1 GB", "1.2.3 vCPU", "-1", "256.0", "vCPU", "0.3 vcpu", "1 vcpus", "٢٥٦", " 256", True, 0.25]
)
def test_cpu_in_no_form_of_ecs_is_refused(value: object) -> None:
    """What ECS would not take is refused with the forms that it takes."""
    with pytest.raises(
        InvalidValueError,
        match=r"^cpu is not in a form that ECS accepts: .*; allowed: CPU units such as 1024",
    ):
        parse_cpu(value)  # type: ignore[arg-type]


def test_what_fits_is_smallest_first_and_an_error_when_nothing_does() -> None:
    """Containers of 300 CPU units and 5000 MiB need 1 vCPU and 5 GB; more than 32 vCPU is nowhere."""
    assert fits(cpu=300, memory_mib=5000)[0] == FargateSize(1024, 5120)
    assert fits(cpu=0, memory_mib=0) == sizes()
    with pytest.raises(InvalidValueError) as error:
        fits(cpu=8192, memory_mib=1024, os="windows")
    assert str(error.value) == (
        "no Fargate task size on Windows holds the containers' cpu and memory: '8192 CPU units and 1024 MiB'; "
        "allowed: at most 4096 CPU units and 30720 MiB. Lower what the containers ask for, split the task, or run it on EC2 capacity"
    )
