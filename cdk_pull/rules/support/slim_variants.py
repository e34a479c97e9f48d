"""Official images in their full variant, and the small one that each has.

Source: data/slim_images.json.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cdk_pull.image.ecr import registry_kind
from cdk_pull.image.reference import DOCKER_HUB
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from cdk_pull.template.ecs.images import Image

__all__ = ["SlimVariant", "slim_variant"]

# Docker Hub itself, ECR Public's copy, or any pull-through cache of the one or the other.
_OFFICIAL: Final = re.compile(r"(?:[a-z0-9._/-]+/)?library/([a-z0-9_-]+)")
_LATEST: Final = "latest"


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
    place = image.reference
    if place is None or place.digest or isinstance(image.tag, Unknown):
        return None
    registry = place.registry
    if registry != DOCKER_HUB and registry_kind(registry) == "other":
        return None
    match = _OFFICIAL.fullmatch(place.repository)
    row = _facts()["images"].get(match.group(1)) if match else None
    tag = _slim_tag(row, image.tag or _LATEST) if row is not None else ""
    if row is None or not tag:
        return None
    name = str(image)
    return SlimVariant(f"{name.rpartition(':')[0] if image.tag is not None else name}:{tag}", row["saves"])


def _slim_tag(row: dict[str, Any], tag: str) -> str:
    """Return the tag of the small variant; empty where the tag is not one of the full variant."""
    head, _, suite = tag.rpartition("-")
    if suite not in _facts()["suites"]:
        head, suite = tag, ""
    if head == _LATEST and not suite:
        head = row.get("latest", "")
    elif head and not re.fullmatch(row["full"], head):
        return ""
    if suite and not row["suites"]:
        return ""
    words = row["slim"].format(tag=head, suite=suite).split("-")
    return "-".join(word for word in words if word)


@cache
def _facts() -> dict[str, Any]:
    text = resources.files("cdk_pull.data").joinpath("slim_images.json").read_text(encoding="utf-8")
    facts: dict[str, Any] = json.loads(text)
    return facts
