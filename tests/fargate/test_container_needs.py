from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.container_needs import Shortfall, needs_of
from cdk_pull.fargate.sizes import FargateSize, sizes

_SMALLEST = FargateSize(256, 512)


@pytest.mark.parametrize(
    ("containers", "cpu", "memory_mib"),
    [
        ([], 0, 0),
        ([{"cpu": 256, "memory": 512}, {"cpu": 128, "memoryReservation": 100}], 384, 612),
        ([{"memory": 1000, "memoryReservation": 100}, {"memoryReservation": 200}], 0, 1000),
        ([{"Cpu": "256", "Memory": "512"}, {"Cpu": 128.0, "MemoryReservation": 100}], 384, 612),
        ([{"cpu": 128, "memory_limit_mib": 300, "memory_reservation_mib": 200}], 128, 300),
    ],
)
def test_needs_are_reservations_together_and_each_limit_alone(
    containers: list[dict[str, Any]], cpu: int, memory_mib: int
) -> None:
    """CPU adds up; memory adds up by reservation, and no single limit may exceed the task, in every spelling."""
    needs = needs_of(containers)
    assert (needs.cpu, needs.memory_mib, needs.unknown) == (cpu, memory_mib, ())


@pytest.mark.parametrize(
    "value", [{"Ref": "Memory"}, -1.8881545897087626e289, "many", True, 10**30, object()]
)
def test_a_value_that_is_filled_in_later_is_unknown_and_counts_as_nothing(value: object) -> None:
    """A reference, a number token of CDK or a value out of range names its container as unknown."""
    needs = needs_of([{"name": "web", "cpu": 64, "memory": value}, {"cpu": value}, {"cpu": 1}])
    assert (needs.cpu, needs.memory_mib, needs.unknown) == (65, 0, ("web", "1"))


@pytest.mark.parametrize(
    ("containers", "shortfalls"),
    [
        ([{"cpu": 256, "memory": 512}], ()),
        (
            [{"cpu": 200}, {"cpu": 100}],
            (Shortfall("cpu", None, "the containers need 300 CPU units, and the task has 256"),),
        ),
        (
            [{"memory": 300}, {"memoryReservation": 300}],
            (Shortfall("memory", None, "the containers reserve 600 MiB, and the task has 512"),),
        ),
        (
            [{"memory": 400}, {"Name": "web", "Memory": 600, "MemoryReservation": 200}],
            (Shortfall("limit", 1, "the memory limit of container web is 600 MiB, and the task has 512"),),
        ),
    ],
)
def test_what_a_size_lacks_is_told_one_by_one(
    containers: list[dict[str, Any]], shortfalls: tuple[Shortfall, ...]
) -> None:
    """CPU, reserved memory and each limit have a message of their own; a limit too large is not told twice."""
    assert needs_of(containers).shortfalls(_SMALLEST) == shortfalls


_CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "cpu": st.integers(0, 4096),
            "memory": st.integers(4, 16384),
            "memoryReservation": st.integers(4, 8192),
        },
    ),
    max_size=4,
)


@given(containers=_CONTAINERS, floor=st.sampled_from(sizes()))
def test_the_smallest_size_holds_the_containers_and_no_smaller_one_does(
    containers: list[dict[str, int]], floor: FargateSize
) -> None:
    """What is chosen has no shortfall, and every smaller size of as much CPU and memory as the floor has one."""
    needs = needs_of(containers)
    try:
        size = needs.smallest_size(cpu=floor.cpu, memory_mib=floor.memory_mib)
    except InvalidValueError:
        assert needs.shortfalls(sizes()[-1])
        return
    assert needs.shortfalls(size) == ()
    for other in sizes():
        if other < size and other.cpu >= floor.cpu and other.memory_mib >= floor.memory_mib:
            assert needs.shortfalls(other)
