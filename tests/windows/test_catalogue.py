from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from cdk_pull.windows.catalogue import Catalogue, Release, packaged_catalogue, patch_tuesday

BUILDS = """\
product,month_patch_tuesday,type,kb,build,source
windows-server-2022,2024-05-14,HOTPATCH,KB1,20348.2458,x
windows-server-2022,2024-05-14,B,KB2,20348.2461,x
windows-server-2022,2024-04-09,B,KB3,20348.2402,x
windows-server-2022,2024-05-14,OOB,KB4,20348.2462,x
windows-server-2022,2024-05-14,PREVIEW,KB5,20348.2463,x
"""
IMAGES = """\
product,date,type,kb,build,platform_manifest_digest,base_layer_digest,base_layer_bytes,update_layer_digest,update_layer_bytes
windows-server-2022,2024-05-14,B,KB2,20348.2461,sha256:p,sha256:a,1000,sha256:b,200
windows-server-2022,2024-05-20,OOB,,20348.2465,,sha256:a,,,
windows-server-2022,2024-05-21,OOB,,unknown-respin,,,,,
"""


def test_of_csv() -> None:
    """Monthly builds and published images are merged; hotpatches, previews and unpublished releases are left out."""
    product = "windows-server-2022"
    assert Catalogue.of_csv(BUILDS, IMAGES).releases == (
        Release(product=product, day=date(2024, 4, 9), monthly=True, build="20348.2402", kb="KB3"),
        Release(
            product=product,
            day=date(2024, 5, 14),
            monthly=True,
            build="20348.2461",
            kb="KB2",
            platform_digest="sha256:p",
            layer_digests=("sha256:a", "sha256:b"),
            layer_bytes=(1000, 200),
        ),
        Release(
            product=product,
            day=date(2024, 5, 20),
            monthly=False,
            build="20348.2465",
            layer_digests=("sha256:a",),
            layer_bytes=(None,),
        ),
        Release(product=product, day=date(2024, 5, 21), monthly=False, build="unknown-respin"),
    )


def test_revisions_are_numbers() -> None:
    """Of two builds on one day the higher number counts, although it sorts lower as text."""
    rows = "windows-server-2025,2026-01-13,B,,26100.{},x\n"
    builds = BUILDS.splitlines()[0] + "\n" + rows.format(9999) + rows.format(32230)
    (release,) = Catalogue.of_csv(builds, IMAGES.splitlines()[0]).monthly("windows-server-2025")
    assert (release.build, release.revision, release.tag) == ("26100.32230", 32230, "10.0.26100.32230")


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [(2023, 8, 8), (2024, 10, 8), (2024, 4, 9), (2025, 7, 8), (2026, 9, 8), (2024, 5, 14)],
)
def test_patch_tuesday(year: int, month: int, day: int) -> None:
    """Patch Tuesday is the second Tuesday of the month."""
    assert patch_tuesday(year, month) == date(year, month, day)


def test_patch_tuesday_after_turns_the_year() -> None:
    """Two months after November comes January."""
    release = Release(product="p", day=date(2025, 11, 11), monthly=True, build="1.2")
    assert [release.patch_tuesday_after(months) for months in (0, 1, 2)] == [
        date(2025, 11, 11),
        date(2025, 12, 9),
        date(2026, 1, 13),
    ]


@pytest.mark.parametrize(
    ("product", "months"),
    [("windows-server-2019", 45), ("windows-server-2022", 45), ("windows-server-2025", 24)],
)
def test_packaged_releases(product: str, months: int) -> None:
    """The packaged catalogue has every month up to 2026-09, each on Patch Tuesday, builds rising."""
    releases = packaged_catalogue().monthly(product)
    assert len(releases) == months
    assert all(release.day == release.patch_tuesday_after(0) for release in releases)
    for earlier, later in pairwise(releases):
        assert later.day == earlier.patch_tuesday_after(1)
        assert later.revision > earlier.revision
    assert releases[-1].day == date(2026, 9, 8)
    assert packaged_catalogue().horizon(product) == date(2026, 10, 13)


def test_packaged_images() -> None:
    """An image of the packaged catalogue has its layers with their sizes, and the right one of 2025-04."""
    catalogue = packaged_catalogue()
    newest = catalogue.find("10.0.20348.5622")
    april = [
        release.build for release in catalogue.monthly("windows-server-2022") if release.day.year == 2025
    ]
    assert newest is not None
    assert (len(newest.layer_digests), newest.layer_bytes) == (2, (1489019076, 730469634))
    assert april[3] == "20348.3453"
    assert catalogue.find("10.0.20348.1") is None


def test_out_of_band() -> None:
    """Only out-of-band releases that published an image are listed, on the day they did."""
    moves = packaged_catalogue().out_of_band("windows-server-2022", date(2025, 1, 1), date(2025, 12, 31))
    assert [(release.build, release.day.isoformat()) for release in moves] == [
        ("20348.3566", "2025-04-17"),
        ("20348.3566", "2025-04-25"),
        ("20348.4297", "2025-10-24"),
    ]
