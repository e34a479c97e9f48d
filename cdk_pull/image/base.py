"""The Linux base of an image: by its first layer where that is known, otherwise by what the image itself states."""

from __future__ import annotations

import csv
from functools import cache
from typing import TYPE_CHECKING

from cdk_pull.data.preferred import load_data
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["base_of"]

_BASE_NAME = "org.opencontainers.image.base.name"
_VERSION = "org.opencontainers.image.version"
# What only the build of Canonical's images declares, in its first steps.
_UBUNTU = "LAUNCHPAD_BUILD_ARCH"
# The first step of a base image's own build, which every image built on it inherits, whenever it was built.
# Source: the histories of the official images in docker-library/repo-info.
_FIRST_STEPS = (
    (lazy_pattern(r"# debian\.sh --arch '\w+' out/ '([a-z]+)'"), "debian {}"),
    (lazy_pattern(r"alpine-minirootfs-([0-9]+(?:\.[0-9]+)*)-"), "alpine {}"),
)


def base_of(
    first_layer: str, annotations: Mapping[str, str], labels: Mapping[str, str], history: Sequence[str]
) -> str:
    """Return the base of an image, or an empty string.

    Args:
        first_layer: the digest of its first layer, the strongest sign: official bases have one layer. It is known
            only for the bases of ``linux_bases.csv``, as each is built anew every few weeks.
        annotations: of the manifest or the index, where build tools write the base's name.
        labels: of the configuration, which an image inherits from its base unless it sets its own.
        history: the steps of the build, the base's first.
    """
    if known := _known_bases().get(first_layer):
        return known
    if name := annotations.get(_BASE_NAME) or labels.get(_BASE_NAME):
        return name
    if labels.get("org.opencontainers.image.ref.name") == "ubuntu" or any(
        _UBUNTU in step for step in history[:2]
    ):
        return f"ubuntu {labels.get(_VERSION, '')}".strip()
    if labels.get("vendor") == "Red Hat, Inc." and labels.get("name"):
        return f"{labels['name']} {labels.get('version', '')}".strip()
    for pattern, text in _FIRST_STEPS:
        if match := pattern.search(history[0] if history else ""):
            return text.format(match[1])
    return ""


@cache
def _known_bases() -> dict[str, str]:
    return load_data(
        lambda text: {
            row["layer_digest"]: f"{row['name']} of {row['date']}"
            for row in csv.DictReader(text.splitlines())
        },
        "linux_bases.csv",
    )
