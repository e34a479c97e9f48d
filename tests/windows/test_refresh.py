from __future__ import annotations

import asyncio
import copy
import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.data.preferred import read_data
from cdk_pull.data.refreshed import Refreshed, RefreshError
from cdk_pull.image.registry.errors import RegistryError
from cdk_pull.windows.catalogue import Catalogue
from cdk_pull.windows.refresh import fixed_builds, refresh_windows
from cdk_pull.windows.window import cache_window
from tests.image.registry.fake import Registry
from tests.image.registry.layouts import Image, layer, manifest_of
from tests.image.registry.servers import https_server

if TYPE_CHECKING:
    from collections.abc import Iterator

OCTOBER, NOVEMBER = date(2026, 10, 13), date(2026, 11, 10)
TODAY = date(2026, 11, 23)
RELEASES = {
    OCTOBER: {17763: 9250, 20348: 5750, 26100: 33600},
    NOVEMBER: {17763: 9400, 20348: 5880, 26100: 33800},
}
PATHS = {OCTOBER: "/cvrf/v3.0/cvrf/2026-Oct", NOVEMBER: "/cvrf/v3.0/cvrf/2026-Nov"}


def vulnerability(day: date, *builds: str, kb: str = "5129999") -> dict[str, Any]:
    """Return a vulnerability that these builds fix, in the form of Microsoft's API."""
    return {
        "CVE": "CVE-2026-1",
        "RevisionHistory": [
            {"Number": "1.1", "Date": "2026-12-01T08:00:00"},
            {"Number": "1.0", "Date": f"{day}T07:00:00"},
        ],
        "Remediations": [
            {
                "Description": {"Value": kb},
                "ProductID": ["1"],
                "Type": 2,
                "SubType": "Security Update",
                "FixedBuild": f"10.0.{build}",
            }
            for build in builds
        ],
    }


def updates(month: date, builds: dict[int, int]) -> dict[str, Any]:
    """Return a month's security updates, with a hotpatch, an out-of-band release and Windows 11 among them."""
    monthly = [f"{os_build}.{revision}" for os_build, revision in builds.items()]
    out_of_band = month.replace(day=24)
    listed = [vulnerability(month, *monthly) for _ in range(5)]
    listed += [vulnerability(month, f"20348.{builds[20348] - 4}", "26100.7000", kb="5128888")]
    listed += [vulnerability(out_of_band, f"20348.{builds[20348] + 3}", kb="5127777")]
    listed += [{"CVE": "ADV1"}, vulnerability(month, "nonsense")]
    return {
        "DocumentTracking": {"Identification": {"ID": {"Value": f"{month:%Y-%b}"}}},
        "Vulnerability": listed,
    }


class Microsoft(Registry):
    """Both servers in one: the registry with its tags in two pages, and the security updates."""

    def __init__(self) -> None:
        super().__init__()
        self.updates = {month: updates(month, builds) for month, builds in RELEASES.items()}
        self.listed: list[list[str]] = [["ltsc2022", "10.0.20348.5622", "latest"], ["10.0.14393.1"]]
        for builds in RELEASES.values():
            for os_build, revision in builds.items():
                self.release(os_build, revision)
        self.release(20348, RELEASES[OCTOBER][20348] + 3)
        self.tag_pages()
        for month, path in PATHS.items():
            self.replies[path] = lambda _, month=month: (200, {}, json.dumps(self.updates[month]).encode())  # type: ignore[misc]

    def release(self, os_build: int, revision: int) -> None:
        """Publish an image."""
        tag = f"10.0.{os_build}.{revision}"
        image = Image((layer("gzip"), layer("none", seed=2)), os="windows", os_version=tag)
        self.tags[tag] = manifest_of(image, self.store)
        self.listed[1].append(tag)

    def tag_pages(self) -> None:
        """Serve the tags in two pages."""
        path = "/v2/windows/servercore/tags/list"

        def page(count: int) -> tuple[int, dict[str, str], bytes]:
            first = count % 2 == 1
            body = {"name": "windows/servercore", "tags": self.listed[0 if first else 1]}
            headers = {"Link": '</v2/windows/servercore/tags/list?last=x&n=3>; rel="next"'} if first else {}
            return 200, headers, json.dumps(body).encode()

        self.replies[path] = page


@pytest.fixture
def microsoft() -> Iterator[Microsoft]:
    """Run both servers."""
    made = Microsoft()
    with https_server(made.handler(), None) as made.host:
        yield made


def refresh(microsoft: Microsoft, today: date = TODAY) -> Refreshed:
    """Refresh from the servers."""
    url = f"http://{microsoft.host}"
    return asyncio.run(refresh_windows(today, mcr=url, msrc=url))


def test_two_months(microsoft: Microsoft) -> None:
    """Two months that the catalogue lacks are added, with the layers of their images; the window then reaches the day."""
    refreshed = refresh(microsoft)
    assert refreshed.changes == [
        "windows-server-2019: 2026-10-13 KB5129999 10.0.17763.9250",
        "windows-server-2022: 2026-10-13 KB5129999 10.0.20348.5750",
        "windows-server-2025: 2026-10-13 KB5129999 10.0.26100.33600",
        "windows-server-2019: 2026-11-10 KB5129999 10.0.17763.9400",
        "windows-server-2022: 2026-11-10 KB5129999 10.0.20348.5880",
        "windows-server-2025: 2026-11-10 KB5129999 10.0.26100.33800",
    ]
    assert refreshed.notes == [
        "windows-server-2022: 10.0.20348.5753 of 2026-10-24 is out of band (Patch Tuesday is 2026-10-13) and not taken",
        "windows-server-2022: 10.0.20348.5746 has no image, as hotpatches and images not yet published have none",
        "windows-server-2022: 10.0.20348.5883 of 2026-11-24 is out of band (Patch Tuesday is 2026-11-10) and not taken",
        "windows-server-2022: 10.0.20348.5876 has no image, as hotpatches and images not yet published have none",
    ]
    catalogue = Catalogue.of_csv(
        refreshed.files["windows_builds.csv"], refreshed.files["servercore_images.csv"]
    )
    window = cache_window("WINDOWS_SERVER_2022_CORE", TODAY, catalogue=catalogue)
    assert window.tags == ("ltsc2022", "10.0.20348.5880", "10.0.20348.5750")
    release = catalogue.find("10.0.20348.5880")
    assert release is not None
    assert release.layer_digests == (layer("gzip").digest, layer("none", seed=2).digest)
    assert release.layer_bytes == (len(layer("gzip").data), len(layer("none", seed=2).data))


def test_every_former_row_stays(microsoft: Microsoft) -> None:
    """The new tables are the former ones with rows added."""
    for name, text in refresh(microsoft).files.items():
        new = text.splitlines()
        assert set(read_data(name).splitlines()) <= set(new)
        assert len(new) == len(read_data(name).splitlines()) + 6


def test_nothing_new(microsoft: Microsoft) -> None:
    """Before the next Patch Tuesday, and before its updates are published, nothing is new."""
    assert refresh(microsoft, date(2026, 10, 12)) == Refreshed()
    microsoft.replies[PATHS[OCTOBER]] = lambda _: (404, {}, b"")
    assert refresh(microsoft) == Refreshed(notes=["the security updates of 2026-Oct are not published yet"])


def test_an_image_that_is_not_published_yet(microsoft: Microsoft) -> None:
    """A product without an image waits, the others do not."""
    microsoft.listed[1].remove("10.0.17763.9250")
    refreshed = refresh(microsoft, OCTOBER)
    assert [line.split(":")[0] for line in refreshed.changes] == [
        "windows-server-2022",
        "windows-server-2025",
    ]
    assert "windows-server-2019: 10.0.17763.9250 has no image" in refreshed.notes[0]


def test_answers_that_cannot_be_right(microsoft: Microsoft) -> None:
    """Each wrong answer is an error that says what is wrong, and nothing comes of it."""
    october = microsoft.updates[OCTOBER]

    def wrong(change: dict[str, Any]) -> str:
        microsoft.updates[OCTOBER] = copy.deepcopy(october) | change
        with pytest.raises(RefreshError) as error:
            refresh(microsoft)
        microsoft.updates[OCTOBER] = october
        assert "nothing is changed" in str(error.value)
        return str(error.value)

    assert "say that they are of '2026-Nov'" in wrong(
        {"DocumentTracking": updates(NOVEMBER, RELEASES[NOVEMBER])["DocumentTracking"]}
    )
    assert "say that they are of None" in wrong({"DocumentTracking": []})
    assert "name no build of Windows Server" in wrong({"Vulnerability": None})
    microsoft.release(20348, 5000)
    falling = [vulnerability(OCTOBER, "20348.5000")]
    assert "the release of 2026-10-13 is 10.0.20348.5000, not above 10.0.20348.5622" in wrong(
        {"Vulnerability": falling}
    )
    other_day = [vulnerability(date(2026, 10, 14), "20348.5750")]
    microsoft.updates[OCTOBER] = october | {"Vulnerability": other_day}
    del microsoft.updates[NOVEMBER]["Vulnerability"][:]
    assert "name no build of Windows Server" in wrong({"Vulnerability": []})


def test_a_month_between(microsoft: Microsoft) -> None:
    """A release that does not follow the last month's is refused: a month is missing."""
    microsoft.updates[OCTOBER]["Vulnerability"] = [vulnerability(OCTOBER, "17763.9250", "26100.33600")]
    with pytest.raises(
        RefreshError,
        match=r"10\.0\.20348\.5880 of 2026-11-10 follows 10\.0\.20348\.5622 .* with a month between",
    ):
        refresh(microsoft)


def test_an_image_of_another_build(microsoft: Microsoft) -> None:
    """A tag whose image says another build is refused."""
    image = Image((layer("gzip"),), os="windows", os_version="10.0.20348.1")
    microsoft.tags["10.0.20348.5750"] = manifest_of(image, microsoft.store)
    with pytest.raises(
        RefreshError, match=r"the image 10\.0\.20348\.5750 says that it is 10\.0\.20348\.1; nothing"
    ):
        refresh(microsoft)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "does not answer with a JSON object"),
        (b'{"name": "other", "tags": []}', "answers without the tags of windows/servercore"),
        (b'{"name": "windows/servercore", "tags": ["ltsc2022"]}', "lists no tag of a build"),
    ],
)
def test_tags_that_are_none(microsoft: Microsoft, body: bytes, message: str) -> None:
    """A registry that lists something else is an error."""
    microsoft.replies["/v2/windows/servercore/tags/list"] = lambda _: (200, {}, body)
    with pytest.raises((RefreshError, RegistryError), match=message):
        refresh(microsoft)


def test_a_next_page_elsewhere(microsoft: Microsoft) -> None:
    """The list of tags is not followed to another host, nor for ever."""
    body = b'{"name": "windows/servercore", "tags": ["10.0.20348.5622"]}'
    path = "/v2/windows/servercore/tags/list"
    microsoft.replies[path] = lambda _: (200, {"Link": '<https://evil.example/tags>; rel="next"'}, body)
    with pytest.raises(RefreshError, match="leads to another host"):
        refresh(microsoft)
    microsoft.replies[path] = lambda _: (200, {"Link": f'<{path}>; rel="next"'}, body)
    with pytest.raises(RefreshError, match="more than 100 pages"):
        refresh(microsoft)


def test_the_day_of_a_build() -> None:
    """A build's day and KB are those of most of its vulnerabilities."""
    document = updates(OCTOBER, RELEASES[OCTOBER])
    late = vulnerability(date(2026, 10, 20), "20348.5750", kb="5120000")
    document["Vulnerability"].append(late)
    (found,) = [build for build in fixed_builds(document, OCTOBER) if build.tag == "10.0.20348.5750"]
    assert (found.day, found.kb) == (OCTOBER, "KB5129999")
