"""The Linux base of an image, as far as the image itself tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["base_of"]

_BASE_NAME = "org.opencontainers.image.base.name"
# The first step of a base image's own build, which every image built on it inherits. Sources: docker-library's
# official-images (debian.sh, alpine-minirootfs), Canonical's and Amazon's and Red Hat's published images.
_FIRST_STEPS = (
    (re.compile(r"# debian\.sh --arch '\w+' out/ '([a-z]+)'"), "debian {}"),
    (re.compile(r"alpine-minirootfs-([0-9]+\.[0-9]+)[0-9.]*-"), "alpine {}"),
    (re.compile(r"BusyBox|busybox\.tar"), "busybox"),
    (re.compile(r"# distroless|bazel build .*distroless", re.IGNORECASE), "distroless"),
)
# Labels that a base sets and a child inherits unless it sets its own.
_UBUNTU = ("org.opencontainers.image.ref.name", "org.opencontainers.image.version")


def base_of(annotations: Mapping[str, str], labels: Mapping[str, str], history: Sequence[str]) -> str:
    """Return the base that an image names, or an empty text.

    Strongest first: the annotation that a build tool writes, the labels of the base, the first step of its history.
    """
    if name := annotations.get(_BASE_NAME) or labels.get(_BASE_NAME):
        return name
    if labels.get(_UBUNTU[0]) == "ubuntu":
        return f"ubuntu {labels.get(_UBUNTU[1], '')}".strip()
    if labels.get("vendor") == "Red Hat, Inc." and labels.get("name"):
        return f"{labels['name']} {labels.get('version', '')}".strip()
    first = history[0] if history else ""
    for pattern, name in _FIRST_STEPS:
        if match := pattern.search(first):
            return name.format(*match.groups())
    return ""
