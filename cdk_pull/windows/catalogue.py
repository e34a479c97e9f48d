"""The catalogue of servercore images: which build was released when, of which layers its image is made, and its tags.

Source: data/windows_builds.csv (releases) and data/servercore_images.csv (images); each row has its own source.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Final, NamedTuple

from cdk_pull.data import facts_of
from cdk_pull.data.preferred import load_data
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass
from cdk_pull.windows.families import products

__all__ = [
    "REPOSITORY",
    "Catalogue",
    "Release",
    "ServercoreTag",
    "build_of_tag",
    "packaged_catalogue",
    "patch_tuesday",
    "read_servercore_tag",
]

REPOSITORY: Final = "mcr.microsoft.com/windows/servercore"
"""Where Microsoft publishes the image."""

_TUESDAY = 1
_MONTHLY = "B"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One servercore image.

    Attributes:
        product: such as ``windows-server-2022``.
        day: of its release; of a monthly one, its Patch Tuesday.
        monthly: whether it is the month's security release ("B"), which Fargate caches, or an out-of-band one.
        build: such as ``20348.1906``; a text without numbers where nobody recorded the build.
        kb: such as ``KB5029250``, or empty.
        platform_digest: of the image's manifest, or empty.
        layer_digests: of the base layer and, where the image has one, the month's update layer; empty when unknown.
        layer_bytes: their compressed sizes; None where unknown.
    """

    product: str
    day: date
    monthly: bool
    build: str
    kb: str = ""
    platform_digest: str = ""
    layer_digests: tuple[str, ...] = ()
    layer_bytes: tuple[int | None, ...] = ()

    @property
    def tag(self) -> str:
        """The tag that names this build and never moves, such as ``10.0.20348.1906``."""
        return f"10.0.{self.build}"

    @property
    def revision(self) -> int:
        """The last number of the build, which orders builds; 0 where nobody recorded the build."""
        revision = self.build.partition(".")[2]
        return int(revision) if revision.isdecimal() else 0

    def patch_tuesday_after(self, months: int) -> date:
        """Return the Patch Tuesday some months after the month of this release."""
        month = self.day.year * 12 + self.day.month - 1 + months
        return patch_tuesday(month // 12, month % 12 + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Releases in order of product, day and build."""

    releases: tuple[Release, ...]

    @classmethod
    def of_csv(cls, builds: str, images: str) -> Catalogue:
        """Read the two tables; what the second says of an image completes what the first says of its build."""
        # Of the other types in the table of builds, hotpatches and previews have no image, and an out-of-band
        # release has one only if the table of images says so.
        rows = [
            {**row, "date": row["month_patch_tuesday"]} for row in _rows(builds) if row["type"] == _MONTHLY
        ]
        found = {(row["build"], row["date"]): _release(row) for row in (*rows, *_rows(images))}
        return cls(releases=tuple(sorted(found.values(), key=lambda it: (it.product, it.day, it.revision))))

    def monthly(self, product: str) -> tuple[Release, ...]:
        """Return a product's monthly releases, oldest first, the highest build where a day has two."""
        of_day = {
            release.day: release
            for release in self.releases
            if release.monthly and release.product == product
        }
        return tuple(of_day.values())

    def horizon(self, product: str) -> date:
        """Return the first day on which a release is due that the catalogue does not have, 28 or 35 days after its last."""
        return self.monthly(product)[-1].patch_tuesday_after(1)

    def find(self, tag: str) -> Release | None:
        """Return the release of an exact tag, the monthly one or else the earliest, or None."""
        matches = [release for release in self.releases if release.tag == tag]
        return next((release for release in matches if release.monthly), matches[0] if matches else None)

    def out_of_band(self, product: str, since: date, until: date) -> tuple[Release, ...]:
        """Return the releases between two days, both included, that moved the floating tag off the monthly build."""
        return tuple(
            release
            for release in self.releases
            if release.product == product and not release.monthly and since <= release.day <= until
        )


def patch_tuesday(year: int, month: int) -> date:
    """Return the second Tuesday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(_TUESDAY - first.weekday()) % 7 + 7)


@cache
def packaged_catalogue() -> Catalogue:
    """Return the catalogue that the package carries, or one's own where ``cdk-pull refresh`` has written one."""
    return load_data(_complete, "windows_builds.csv", "servercore_images.csv")


def _complete(builds: str, images: str) -> Catalogue:
    catalogue = Catalogue.of_csv(builds, images)
    for product in products():
        # The window is two months wide.
        if len(catalogue.monthly(product)) < 2:  # noqa: PLR2004
            raise ValueError(f"fewer than two months of {product}")
    return catalogue


def _rows(table: str) -> list[dict[str, str]]:
    import csv  # noqa: PLC0415 - slow to import, and most who import this module ask for no catalogue

    return list(csv.DictReader(table.splitlines()))


def _release(row: dict[str, str]) -> Release:
    layers = [
        (digest, row.get(f"{layer}_layer_bytes"))
        for layer in ("base", "update")
        if (digest := row.get(f"{layer}_layer_digest"))
    ]
    return Release(
        product=row["product"],
        day=date.fromisoformat(row["date"]),
        monthly=row["type"] == _MONTHLY,
        build=row["build"],
        kb=row["kb"],
        platform_digest=row.get("platform_manifest_digest", ""),
        layer_digests=tuple(digest for digest, _ in layers),
        layer_bytes=tuple(int(size) if size else None for _, size in layers),
    )


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
