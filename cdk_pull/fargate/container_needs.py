"""What the containers of a Fargate task need together, and whether a task size holds them.

ECS holds the sum of the containers' CPU units, the sum of their reserved memory (the limit, where nothing is reserved)
and every single memory limit to the size of the task. Source: Amazon ECS API Reference, ContainerDefinition
(``cpu``, ``memory``, ``memoryReservation``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from cdk_pull.fargate.sizes import FargateSize, fits
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cdk_pull.fargate.sizes import Os

__all__ = ["ContainerNeeds", "Shortfall", "needs_of"]

# The same property in a template, in an L1 and in the arguments of `add_container`.
_CPU: Final = ("Cpu", "cpu")
_LIMIT: Final = ("Memory", "memory", "memory_limit_mib")
_RESERVATION: Final = ("MemoryReservation", "memoryReservation", "memory_reservation_mib")
# A larger number is none that ECS accepts; CDK writes a number token as a float far outside of both bounds.
_LARGEST: Final = 10**9


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One thing that a task size does not have enough of.

    Attributes:
        of: ``cpu``, ``memory``, or ``limit`` for a single container's memory limit.
        container: its place in the list of containers, for a limit; None for what all need together.
        message: one clause, such as ``the containers need 384 CPU units, and the task has 256``.
    """

    of: Literal["cpu", "memory", "limit"]
    container: int | None
    message: str


@dataclass(frozen=True, slots=True)
class _Container:
    name: str
    cpu: int
    limit: int
    reserved: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerNeeds:
    """What the containers of a task need together.

    Attributes:
        cpu: CPU units.
        memory_mib: the larger of the reserved memory and the largest limit.
        unknown: the containers of which a value is filled in later and counts as nothing.
    """

    cpu: int = 0
    memory_mib: int = 0
    unknown: tuple[str, ...] = ()
    _containers: tuple[_Container, ...] = ()

    def smallest_size(self, *, cpu: int = 0, memory_mib: int = 0, os: Os = "linux") -> FargateSize:
        """Return the smallest task size that holds the containers and has at least this much of both.

        Raises:
            InvalidValueError: when not even the largest does.
        """
        return fits(cpu=max(cpu, self.cpu), memory_mib=max(memory_mib, self.memory_mib), os=os)[0]

    def shortfalls(self, size: FargateSize) -> tuple[Shortfall, ...]:
        """Return what a task size does not have enough of; nothing where it holds the containers."""
        found = [
            Shortfall(
                "limit",
                index,
                f"the memory limit of container {each.name} is {each.limit} MiB, and the task has {size.memory_mib}",
            )
            for index, each in enumerate(self._containers)
            if each.limit > size.memory_mib
        ]
        if self.cpu > size.cpu:
            found.append(
                Shortfall(
                    "cpu", None, f"the containers need {self.cpu} CPU units, and the task has {size.cpu}"
                )
            )
        reserved = sum(each.reserved for each in self._containers if each.limit <= size.memory_mib)
        if reserved > size.memory_mib:
            message = f"the containers reserve {reserved} MiB, and the task has {size.memory_mib}"
            found.append(Shortfall("memory", None, message))
        return tuple(found)


def needs_of(containers: Iterable[Mapping[str, Any]]) -> ContainerNeeds:
    """Return what containers need of their task; values that are filled in later count as nothing.

    Args:
        containers: their definitions, as CloudFormation, the ECS API or `add_container` names the properties.
    """
    found: list[_Container] = []
    unknown: list[str] = []
    for index, definition in enumerate(containers):
        named = definition.get("Name", definition.get("name"))
        name = named if isinstance(named, str) and named else str(index)
        cpu, limit, reservation = (
            _whole(_value(definition, names)) for names in (_CPU, _LIMIT, _RESERVATION)
        )
        if None in (cpu, limit, reservation):
            unknown.append(name)
        found.append(_Container(name, cpu or 0, limit or 0, reservation or limit or 0))
    return ContainerNeeds(
        cpu=sum(each.cpu for each in found),
        memory_mib=max([sum(each.reserved for each in found), *(each.limit for each in found)]),
        unknown=tuple(unknown),
        _containers=tuple(found),
    )


def _value(definition: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((definition[name] for name in names if name in definition), None)


def _whole(value: object) -> int | None:
    """Return a number of CPU units or MiB, 0 where there is none, None where it is filled in later."""
    if value is None:
        return 0
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        value = int(value[:10])
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
        return None
    return int(value)
