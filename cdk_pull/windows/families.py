"""The operating system families of ECS, and which of them Fargate runs.

Source: data/windows_families.json.
"""

from __future__ import annotations

from functools import cache

from cdk_pull.data import facts_of
from cdk_pull.did_you_mean import did_you_mean
from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.records import dataclass

__all__ = ["Product", "fargate_families", "fargate_family", "product_of_build", "products"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One Windows Server, which CORE and FULL families share.

    Attributes:
        name: as in the catalogue, such as ``windows-server-2022``.
        os_build: the third number of its image tags, such as 20348, and of the newest containers that it runs.
        oldest_container: that of the oldest containers that it runs by process isolation.
        floating_tag: the tag that moves with every release, such as ``ltsc2022``.
    """

    name: str
    os_build: int
    oldest_container: int
    floating_tag: str


def fargate_family(family: str) -> Product:
    """Return the Windows Server of an operating system family that Fargate runs.

    Raises:
        UnsupportedError: for a family that ECS runs on EC2 only; the message has the reason.
        InvalidValueError: for what is no Windows family.
    """
    facts = facts_of("windows_families")
    if not isinstance(family, str):
        raise InvalidValueError(
            "operating system family must be a string",
            family,
            allowed=facts["fargate"],
            fix="Write the name in place of ecs.OperatingSystemFamily",
        )
    if reason := facts["ec2_only"].get(family):
        allowed = ", ".join(facts["fargate"])
        raise UnsupportedError(
            f"Fargate does not run {family}: {reason}; use one of {allowed}, or run {family} on EC2 capacity"
        )
    if family not in facts["fargate"]:
        raise InvalidValueError(
            "operating system family is not one of Windows on Fargate",
            family,
            allowed=facts["fargate"],
            fix=did_you_mean(family, facts["fargate"]),
        )
    return products()[facts["fargate"][family]]


def fargate_families(product: Product) -> tuple[str, ...]:
    """Return the operating system families of a Windows Server that Fargate runs."""
    return tuple(
        family for family, name in facts_of("windows_families")["fargate"].items() if name == product.name
    )


def product_of_build(os_build: int) -> Product | None:
    """Return the Windows Server whose image tags have this third number, or None."""
    return next((product for product in products().values() if product.os_build == os_build), None)


@cache
def products() -> dict[str, Product]:
    """Return every Windows Server of the catalogue by name."""
    return {name: Product(name=name, **row) for name, row in facts_of("windows_families")["products"].items()}
