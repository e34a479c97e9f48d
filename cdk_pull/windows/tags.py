"""What the tags of Microsoft's images, and of official images on Windows, tell of their build.

Source: data/windows_families.json.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from cdk_pull.data import facts_of
from cdk_pull.patterns import lazy_pattern
from cdk_pull.windows.catalogue import packaged_catalogue

__all__ = ["ServercoreTag", "build_of_tag", "read_servercore_tag"]

_EXACT: Final = lazy_pattern(r"10\.0\.[0-9]{5}\.[0-9]{1,6}")
# Builds have five digits: 10.0.1 is a version of .NET.
_BUILD: Final = lazy_pattern(r"10\.0\.([0-9]{5})(?![0-9])")
_SERVERCORE: Final = lazy_pattern(r"(?P<name>[0-9A-Za-z.]+?)(?:-(?P<kb>KB[0-9]+))?(?:-amd64)?")


class ServercoreTag(NamedTuple):
    """What a tag of servercore names.

    Attributes:
        exact: the tag of one build, such as ``10.0.20348.1906``; empty where the tag moves.
        floating: whether it moves with every release, such as ``ltsc2022``.
    """

    exact: str = ""
    floating: bool = False


def read_servercore_tag(tag: str) -> ServercoreTag | None:
    """Return what a tag of servercore names; None for one that the catalogue's images do not have.

    The same images have tags with ``-amd64`` at their end, and some with the release's KB.
    """
    match = _SERVERCORE.fullmatch(tag)
    if match is None:
        return None
    name, kb = match["name"], match["kb"]
    if _EXACT.fullmatch(name):
        return ServercoreTag(exact=name)
    build = _builds().get(name.lower())
    if build is None:
        return None
    if kb is None:
        return ServercoreTag(floating=True)
    releases = packaged_catalogue().releases
    named = (each.tag for each in releases if each.kb == kb and each.build.startswith(f"{build}."))
    exact = next(named, "")
    return ServercoreTag(exact=exact) if exact else None


def build_of_tag(tag: str) -> int | None:
    """Return the third number of the build that a tag names, such as 20348 for ``8.0-nanoserver-ltsc2022``, or None."""
    stated = _BUILD.search(tag)
    if stated:
        return int(stated[1])
    builds = _builds()
    return next((builds[word] for word in reversed(tag.lower().split("-")) if word in builds), None)


@cache
def _builds() -> dict[str, int]:
    builds: dict[str, int] = facts_of("windows_families")["builds"]
    return builds
