"""Smaller bases that an image could be built on.

Sources: data/slim_images.json, data/dockerfile_facts.json.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cdk_pull.data import facts_of
from cdk_pull.image.slim import slim_tag

if TYPE_CHECKING:
    from cdk_pull.image.reference import ImageReference

__all__ = ["SmallerBase", "smaller_bases"]

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*")


class SmallerBase(NamedTuple):
    """A base in place of another.

    Attributes:
        name: of the image.
        loses: what the other has besides, in words.
        saves_bytes: what that is in the registry, by one tag of both; None where nobody has looked.
        of: the tag and the day of that figure.
    """

    name: str
    loses: str
    saves_bytes: int | None = None
    of: str = ""


def smaller_bases(reference: ImageReference) -> tuple[SmallerBase, ...]:
    """Return the smaller bases that exist for one, the nearest to it first; none where none is known."""
    found: list[SmallerBase] = []
    slim = slim_tag(reference)
    if slim is not None:
        name = f"{_short(reference)}:{slim.tag}"
        found.append(SmallerBase(name, slim.saves, slim.saves_bytes, slim.measured_of))
    tag = reference.tag or "latest"
    for row in facts_of("dockerfile_facts")["bases"]:
        if row["image"] != f"{reference.registry}/{reference.repository}" or not re.fullmatch(
            row["tag"], tag
        ):
            continue
        version = _VERSION.match(tag)
        if "{version}" in row["instead"] and version is None:
            continue
        before, after = row.get("from_bytes"), row.get("to_bytes")
        found.append(
            SmallerBase(
                row["instead"].format(version=version[0] if version else ""),
                row["loses"],
                None if before is None or after is None else before - after,
                row.get("of", ""),
            )
        )
    return tuple(found)


def _short(reference: ImageReference) -> str:
    whole = f"{reference.registry}/{reference.repository}"
    return whole.removeprefix("docker.io/").removeprefix("library/")
