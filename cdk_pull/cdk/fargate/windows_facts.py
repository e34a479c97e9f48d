"""What looked-up facts tell of the base of a Windows task's images."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cdk_pull.image.context import context_key, facts_from_context
from cdk_pull.image.platform import Platform
from cdk_pull.units import format_bytes
from cdk_pull.windows.base import CachedBase, cached_base
from cdk_pull.windows.base_image import BaseProblem
from cdk_pull.windows.families import product_of_build

if TYPE_CHECKING:
    from datetime import date

    from constructs import IConstruct

    from cdk_pull.image.profile import ImageProfile
    from cdk_pull.image.reference import ImageReference
    from cdk_pull.windows.families import Product

__all__ = ["KnownBase", "known_base", "looked_up"]


class KnownBase(NamedTuple):
    """The base of an image, judged on a day.

    Attributes:
        base: what the hosts have of it.
        text: that in words, with the bytes that a miss costs.
        problem: what is wrong with it on the family, or None.
    """

    base: CachedBase
    text: str
    problem: BaseProblem | None


def looked_up(scope: IConstruct, reference: ImageReference, product: Product) -> ImageProfile | None:
    """Return an image as ``cdk-pull lookup`` has written it into the context, or None.

    Raises:
        InvalidValueError: if the context was edited.
    """
    platform = Platform("windows", "amd64", os_version=f"10.0.{product.os_build}")
    key = context_key(reference, platform)
    stored = facts_from_context({key: scope.node.try_get_context(key)}, reference, platform)
    return stored.facts.profile if stored else None


def known_base(profile: ImageProfile, family: str, product: Product, on: date) -> KnownBase:
    """Return what is to be said of the base of a Windows image on a family."""
    base = cached_base(profile, on)
    other = _product_of(profile)
    if other is not None and other != product:
        text = (
            f"the image is of {other.name} and cannot run on {family}: host and container must have the same build, "
            f"10.0.{product.os_build}; choose the image or the family to match"
        )
        return KnownBase(base, text, BaseProblem(fatal=True, text=text))
    if base.status == "cached":
        return KnownBase(base, f"{base.reason}; a miss would cost {format_bytes(base.miss_bytes)}", None)
    sure = "" if base.status == "not-cached" else "up to "
    text = f"{sure}{format_bytes(base.miss_bytes)} of the base to pull at every start: {base.reason}"
    return KnownBase(base, text, BaseProblem(fatal=False, text=text))


def _product_of(profile: ImageProfile) -> Product | None:
    parts = profile.os_version.split(".")
    return product_of_build(int(parts[2])) if len(parts) > 2 and parts[2].isdecimal() else None  # noqa: PLR2004 - the third number of 10.0.20348.1 is the build
