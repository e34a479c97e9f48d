"""The small variant of an official image that a template names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cdk_pull.image.slim import slim_tag
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from cdk_pull.template.ecs.images import Image

__all__ = ["SlimVariant", "slim_variant"]


class SlimVariant(NamedTuple):
    """The small variant of an image.

    Attributes:
        image: to name in its place.
        saves: what the full variant has besides, in words.
    """

    image: str
    saves: str


def slim_variant(image: Image) -> SlimVariant | None:
    """Return the small variant of a full official image; None for every other image, or where that is not known."""
    if image.reference is None or isinstance(image.tag, Unknown):
        return None
    slim = slim_tag(image.reference)
    if slim is None:
        return None
    name = str(image)
    stem = name.rpartition(":")[0] if image.tag is not None else name
    return SlimVariant(f"{stem}:{slim.tag}", slim.saves)
