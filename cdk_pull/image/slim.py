"""Official images in their full variant, and the small one that each has.

Source: data/slim_images.json.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cdk_pull.data import facts_of
from cdk_pull.image.ecr import registry_kind
from cdk_pull.image.reference import DOCKER_HUB
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from cdk_pull.image.reference import ImageReference

__all__ = ["SlimTag", "slim_tag"]

# Docker Hub itself, ECR Public's copy, or any pull-through cache of the one or the other.
_OFFICIAL: Final = lazy_pattern(r"(?:[a-z0-9._/-]+/)?library/([a-z0-9_-]+)")
_LATEST: Final = "latest"


class SlimTag(NamedTuple):
    """The small variant of an official image.

    Attributes:
        tag: to name in place of the full variant's.
        saves: what the full variant has besides, in words.
        saves_bytes: what that is in the registry, by one tag of both; None where nobody has looked.
        slim_bytes: the small variant in the registry, by the same tag.
        measured_of: the tag and the day of these sizes.
    """

    tag: str
    saves: str
    saves_bytes: int | None = None
    slim_bytes: int = 0
    measured_of: str = ""


def slim_tag(reference: ImageReference) -> SlimTag | None:
    """Return the small variant of a full official image; None for every other image, or where that is not known."""
    registry = reference.registry
    if reference.digest or (registry != DOCKER_HUB and registry_kind(registry) == "other"):
        return None
    match = _OFFICIAL.fullmatch(reference.repository)
    row = facts_of("slim_images")["images"].get(match.group(1)) if match else None
    tag = _tag(row, reference.tag or _LATEST) if row is not None else ""
    if row is None or not tag:
        return None
    sizes = row.get("compressed")
    if sizes is None:
        return SlimTag(tag, row["saves"])
    return SlimTag(
        tag, row["saves"], sizes["full"] - sizes["slim"], sizes["slim"], f"{sizes['of']}, {sizes['date']}"
    )


def _tag(row: dict[str, Any], tag: str) -> str:
    """Return the tag of the small variant; empty where the tag is not one of the full variant."""
    head, _, suite = tag.rpartition("-")
    if suite not in facts_of("slim_images")["suites"]:
        head, suite = tag, ""
    if head == _LATEST and not suite:
        head = row.get("latest", "")
    elif head and not re.fullmatch(row["full"], head):
        return ""
    if suite and not row["suites"]:
        return ""
    words = row["slim"].format(tag=head, suite=suite).split("-")
    return "-".join(word for word in words if word)
