"""What the name of a Windows image tells of its base, seen from a family of Fargate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cdk_pull.errors import CdkPullError
from cdk_pull.windows.catalogue import build_of_tag
from cdk_pull.windows.families import product_of_build
from cdk_pull.windows.pin import ServerCore

if TYPE_CHECKING:
    from datetime import date

    from cdk_pull.image.reference import ImageReference
    from cdk_pull.windows.families import Product

__all__ = ["BaseProblem", "check_base"]

_MICROSOFT: Final = "mcr.microsoft.com"
_SERVERCORE: Final = "windows/servercore"


class BaseProblem(NamedTuple):
    """What is wrong with an image on a family.

    Attributes:
        fatal: whether the task cannot start, or its base can never be cached; otherwise it is slow or may become so.
        text: what is wrong and what to do.
    """

    fatal: bool
    text: str


def check_base(reference: ImageReference, family: str, product: Product, on: date) -> list[BaseProblem]:
    """Return what an image of Microsoft's registry has against it on a family; of another registry nothing is known.

    Args:
        reference: the image.
        family: the operating system family, for the messages.
        product: the family's Windows Server.
        on: the day to judge by.
    """
    if reference.registry != _MICROSOFT:
        return []
    tag = reference.tag or ""
    build = build_of_tag(tag)
    other = product_of_build(build) if build is not None else None
    if other is not None and other != product:
        return [
            BaseProblem(
                fatal=True,
                text=f"{reference} ({other.name}) cannot run on {family}: host and container must have the same "
                f"build, 10.0.{product.os_build}; choose the image or the family to match",
            )
        ]
    if "nanoserver" in reference.repository or "nanoserver" in tag:
        return [
            BaseProblem(
                fatal=True,
                text=f"{reference} is on nanoserver, which no Fargate host has cached: each task would pull it whole. "
                "Build on the servercore that ServerCore.pin chooses",
            )
        ]
    if reference.repository != _SERVERCORE:
        return [
            BaseProblem(
                fatal=False,
                text=f"{reference} adds layers that no Fargate host has cached to a servercore that its name does not "
                "pin: build on the servercore that ServerCore.pin chooses",
            )
        ]
    try:
        pin = ServerCore.from_tag(family, tag, on=on)
    except CdkPullError as error:
        return [BaseProblem(fatal=False, text=str(error))]
    return [BaseProblem(fatal=False, text=warning) for warning in pin.warnings]
