"""Lists the licence of every distribution that cdk-pull needs: `make licenses`."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

__all__ = ["license_of", "needed", "table"]

EXTRAS: Final = ("", "cdk", "network", "html")
"""What users install; the development environment is no part of what is distributed."""

_CLASSIFIER: Final = "License :: OSI Approved :: "


def needed(name: str, extras: tuple[str, ...] = ("",), found: set[str] | None = None) -> set[str]:
    """Return the names of all distributions that one needs, directly or not, with these of its extras."""
    found = set() if found is None else found
    for text in distribution(name).requires or []:
        requirement = Requirement(text)
        marker = requirement.marker
        other = canonicalize_name(requirement.name)
        applies = marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)
        if applies and other not in found:
            found.add(other)
            try:
                needed(other, ("", *requirement.extras), found)
            except PackageNotFoundError:
                found.discard(other)
    return found


def license_of(name: str) -> str:
    """Return a distribution's licence: its SPDX expression, its classifiers, or the first line of its statement."""
    metadata = distribution(name).metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classified = [
        each.removeprefix(_CLASSIFIER)
        for each in metadata.get_all("Classifier") or []
        if each.startswith(_CLASSIFIER)
    ]
    stated = str(metadata["License"] or "").strip().splitlines()
    return ", ".join(classified) or (stated[0][:60] if stated else "not stated")


def table() -> list[tuple[str, str, str]]:
    """Return name, release and licence of each distribution, sorted by name."""
    return [
        (name, distribution(name).version, license_of(name)) for name in sorted(needed("cdk-pull", EXTRAS))
    ]


def main() -> int:
    """Print the table; return 1 when a licence is not stated."""
    rows = table()
    for name, release, license_ in rows:
        print(f"{name:<34}{release:<16}{license_}")
    return 1 if any(license_ == "not stated" for _, _, license_ in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
