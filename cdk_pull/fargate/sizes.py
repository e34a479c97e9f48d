"""The task sizes that Fargate runs, and the forms in which the ECS API accepts them."""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from cdk_pull.data.preferred import load_data
from cdk_pull.errors import InvalidValueError
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from cdk_pull.fargate.estimate.start import Architecture

__all__ = [
    "FargateSize",
    "Os",
    "check",
    "check_architecture",
    "find",
    "fits",
    "least",
    "parse_cpu",
    "parse_memory",
    "sizes",
]

Os: TypeAlias = Literal["linux", "windows"]

_CPU_FORMS = "CPU units such as 1024 or '1024', or vCPUs such as '1 vCPU' or '.5 vcpu'"
_MEMORY_FORMS = "MiB such as 2048 or '2048', or GB such as '2GB' or '0.5 GB'"
# No more digits than a number of ECS has, far more than Fargate has sizes for.
_UNITS = lazy_pattern(r"[0-9]{1,10}", re.ASCII)
_VCPUS = lazy_pattern(r"([0-9]{0,10}\.?[0-9]{1,10}) *vcpu", re.ASCII | re.IGNORECASE)
_GIGABYTES = lazy_pattern(r"([0-9]{0,10}\.?[0-9]{1,10}) *gb", re.ASCII | re.IGNORECASE)
_PER_UNIT = 1024
"""CPU units in a vCPU, and MiB in what ECS calls a GB."""
_NEAREST = 4


class FargateSize(NamedTuple):
    """A task size: sorts by CPU, then by memory, which is also by price.

    Attributes:
        cpu: CPU units, 1024 to a vCPU.
        memory_mib: memory in MiB.
    """

    cpu: int
    memory_mib: int

    @property
    def vcpu(self) -> float:
        """The size's vCPUs, such as 0.25."""
        return self.cpu / _PER_UNIT

    @property
    def memory_gb(self) -> float:
        """The size's memory in GB as ECS counts them, 1024 MiB each."""
        return self.memory_mib / _PER_UNIT

    def __str__(self) -> str:
        return f"{self.vcpu:g} vCPU, {self.memory_gb:g} GB"


def parse_cpu(value: int | str) -> int:
    """Return CPU units for any form that the ECS API accepts: ``1024``, ``"1024"``, ``"1 vCPU"``, ``".5 vcpu"``.

    Raises:
        InvalidValueError: for anything else.
    """
    return _parse("cpu", value, _VCPUS, _CPU_FORMS)


def parse_memory(value: int | str) -> int:
    """Return MiB for any form that the ECS API accepts: ``2048``, ``"2048"``, ``"2GB"``, ``"0.5 GB"``.

    Raises:
        InvalidValueError: for anything else.
    """
    return _parse("memory", value, _GIGABYTES, _MEMORY_FORMS)


def _parse(what: str, value: int | str, larger_unit: re.Pattern[str], forms: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        if _UNITS.fullmatch(value):
            return int(value)
        if match := larger_unit.fullmatch(value):
            from decimal import Decimal  # noqa: PLC0415 - slow to import, and few write '.5 vCPU'

            units = Decimal(match.group(1)) * _PER_UNIT
            if units == units.to_integral_value():
                return int(units)
    raise InvalidValueError(f"{what} is not in a form that ECS accepts", value, allowed=forms)


@cache
def sizes(os: Os = "linux") -> tuple[FargateSize, ...]:
    """Return every size that Fargate runs on an operating system, smallest first."""
    return load_data(_tables, "fargate_sizes.json")[os]


def _tables(text: str) -> dict[Os, tuple[FargateSize, ...]]:
    table = json.loads(text)
    linux = tuple(
        FargateSize(row["cpu"], memory)
        for row in table["linux"]
        for memory in row.get("values") or range(row["first"], row["last"] + 1, row["step"])
    )
    windows = tuple(size for size in linux if size.cpu in table["windows"])
    if not windows:
        raise ValueError("a table without sizes")
    return {"linux": linux, "windows": windows}


def check(cpu: int | str, memory: int | str, os: Os = "linux") -> FargateSize:
    """Return the size of a CPU and memory pair that Fargate runs.

    Raises:
        InvalidValueError: for any other pair, with the nearest valid ones; ECS itself refuses it only when the
            task definition is registered, that is, during the deployment.
    """
    size = FargateSize(parse_cpu(cpu), parse_memory(memory))
    if size not in sizes(os):
        # Which are nearest is worked out here only: who asks whether a size is valid, asks find.
        raise InvalidValueError(
            f"cpu and memory are not a Fargate task size on {os.capitalize()}",
            f"{size.cpu}/{size.memory_mib}",
            allowed="the nearest are "
            + ", ".join(f"{near.cpu}/{near.memory_mib}" for near in _nearest(size, os)),
            fix="Set both to one of these pairs",
        )
    return size


def find(cpu: int | str, memory: int | str, os: Os = "linux") -> FargateSize | None:
    """Return the size of a CPU and memory pair that Fargate runs; None for any other.

    Raises:
        InvalidValueError: for what is no CPU or no memory.
    """
    size = FargateSize(parse_cpu(cpu), parse_memory(memory))
    return size if size in sizes(os) else None


def least(cpu: int | str | None, memory: int | str | None, os: Os = "linux") -> FargateSize:
    """Return the size of a CPU and a memory of which one or both may be left out: the smallest that has the other.

    Raises:
        InvalidValueError: for a pair that is not a Fargate size, or for what not even the largest size has.
    """
    smallest = fits(
        cpu=0 if cpu is None else parse_cpu(cpu),
        memory_mib=0 if memory is None else parse_memory(memory),
        os=os,
    )[0]
    return check(smallest.cpu if cpu is None else cpu, smallest.memory_mib if memory is None else memory, os)


def check_architecture(architecture: Architecture, os: Os) -> None:
    """Refuse an architecture that Fargate does not have for an operating system.

    Raises:
        InvalidValueError: for Windows on ARM64, which ECS itself refuses only during the deployment.
    """
    if os == "windows" and architecture != "x86_64":
        raise InvalidValueError(
            "a Windows task on Fargate cannot have this architecture", architecture, allowed="x86_64"
        )


def _nearest(size: FargateSize, os: Os) -> list[FargateSize]:
    """Return the valid sizes that need the smallest change, in orders of magnitude, of CPU and memory."""
    cpu, memory = _log2(size.cpu), _log2(size.memory_mib)

    def distance(other: FargateSize) -> float:
        return abs(_log2(other.cpu) - cpu) + abs(_log2(other.memory_mib) - memory)

    return sorted(sorted(sizes(os), key=distance)[:_NEAREST])


@lru_cache(maxsize=1024)
def _log2(value: int) -> float:
    # A whole number's logarithm without float overflow, for whatever a user has typed.
    bits = max(value, 1).bit_length()
    return bits - 1 + max(value, 1) / (1 << (bits - 1)) - 1


def fits(*, cpu: int, memory_mib: int, os: Os = "linux") -> tuple[FargateSize, ...]:
    """Return the sizes that hold this much CPU and memory, smallest first.

    Raises:
        InvalidValueError: when not even the largest does.
    """
    found = tuple(size for size in sizes(os) if size.cpu >= cpu and size.memory_mib >= memory_mib)
    if not found:
        largest = sizes(os)[-1]
        raise InvalidValueError(
            f"no Fargate task size on {os.capitalize()} holds the containers' cpu and memory",
            f"{cpu} CPU units and {memory_mib} MiB",
            allowed=f"at most {largest.cpu} CPU units and {largest.memory_mib} MiB",
            fix="Lower what the containers ask for, split the task, or run it on EC2 capacity",
        )
    return found
