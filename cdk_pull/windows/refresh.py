"""New servercore releases, from the registry's tags and from Microsoft's list of security updates.

A tag alone says neither its date nor whether it is a month's release or an out-of-band one. The month's security
updates say which build fixes how many vulnerabilities since which day: the release of the second Tuesday is the one
of that day that has an image. A hotpatch has a lower build and no image; an out-of-band release has another day.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from cdk_pull.data.preferred import read_data
from cdk_pull.data.refreshed import Refreshed, RefreshError
from cdk_pull.image.platform import Platform
from cdk_pull.image.reference import ImageReference
from cdk_pull.image.registry.client import RegistryClient
from cdk_pull.image.registry.errors import Problem, RegistryError
from cdk_pull.image.registry.fetch import DOCUMENT_LIMITS, fetch_json
from cdk_pull.image.registry.transport import Transport
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass, field
from cdk_pull.shapes import as_object, objects_in
from cdk_pull.windows.catalogue import Catalogue, Release, patch_tuesday
from cdk_pull.windows.families import products

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_pull.image.facts import ImageFacts

__all__ = ["MCR", "MSRC", "FixedBuild", "Found", "fixed_builds", "new_releases", "refresh_windows"]

MCR: Final = "https://mcr.microsoft.com"
"""The registry of the images."""
MSRC: Final = "https://api.msrc.microsoft.com"
"""Microsoft's Security Response Center, which answers without a key."""

_BUILDS: Final = "windows_builds.csv"
_IMAGES: Final = "servercore_images.csv"
_REPOSITORY: Final = "windows/servercore"
_BUILD: Final = lazy_pattern(r"10\.0\.(\d{5})\.(\d{1,6})", re.ASCII)
_KB: Final = lazy_pattern(r"\d{7}", re.ASCII)
_MOST_PAGES: Final = 100
_TWO: Final = 2


@dataclass(frozen=True, slots=True)
class FixedBuild:
    """A build in a month's security updates.

    Attributes:
        os_build: such as 20348.
        revision: the last number.
        day: since when most of its vulnerabilities have been fixed.
        kb: such as ``KB5123456``, or empty.
    """

    os_build: int
    revision: int
    day: date
    kb: str

    @property
    def tag(self) -> str:
        """The tag that an image of this build has."""
        return f"10.0.{self.os_build}.{self.revision}"


@dataclass
class Found:
    """What a month brought.

    Attributes:
        releases: by product, its monthly release.
        notes: what was seen and not taken.
    """

    releases: dict[str, FixedBuild] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


async def refresh_windows(
    today: date, *, mcr: str = MCR, msrc: str = MSRC, ca_file: Path | None = None
) -> Refreshed:
    """Return the catalogue with the monthly releases up to a day; one bad answer changes nothing.

    Args:
        today: the last day to look for.
        mcr: the registry of the images.
        msrc: the list of security updates.
        ca_file: certificates to trust instead of the usual ones.

    Raises:
        RegistryError: when one of the two does not answer properly.
        RefreshError: for a release that cannot be right.
    """
    builds, images = read_data(_BUILDS), read_data(_IMAGES)
    catalogue = Catalogue.of_csv(builds, images)
    refreshed = Refreshed()
    rows: list[tuple[str, FixedBuild]] = []
    async with Transport(DOCUMENT_LIMITS, ca_file=ca_file) as transport:
        tags = await _tags(transport, mcr)
        for month in _months(catalogue, today):
            name = f"{month:%Y-%b}"
            try:
                document, _ = await fetch_json(transport, f"{msrc}/cvrf/v3.0/cvrf/{name}")
            except RegistryError as error:
                if error.problem is not Problem.NOT_FOUND:
                    raise
                refreshed.notes.append(f"the security updates of {name} are not published yet")
                break
            found = new_releases(catalogue, month, document, tags)
            refreshed.notes.extend(found.notes)
            rows += found.releases.items()
            catalogue = _continued(catalogue, found)
    if rows:
        facts = await _images(rows, mcr, ca_file)
        refreshed.files[_BUILDS] = _with_rows(builds, [_build_row(*row) for row in rows])
        refreshed.files[_IMAGES] = _with_rows(images, [_image_row(*row, facts[row[1].tag]) for row in rows])
        refreshed.changes.extend(
            f"{name}: {release.day} {release.kb or '(no KB)'} {release.tag}" for name, release in rows
        )
        # What is written is what will be read: it has to be a catalogue.
        Catalogue.of_csv(refreshed.files[_BUILDS], refreshed.files[_IMAGES])
    return refreshed


def fixed_builds(document: Mapping[str, Any], month: date) -> list[FixedBuild]:
    """Return the builds of Windows Server in a month's security updates.

    Args:
        document: of the API, CVRF in JSON.
        month: its Patch Tuesday.

    Raises:
        RefreshError: when it is of another month, or has no such build.
    """
    tracking = as_object(document.get("DocumentTracking"))
    name = as_object(as_object(tracking.get("Identification")).get("ID")).get("Value")
    if name != f"{month:%Y-%b}":
        raise RefreshError(
            f"the security updates of {month:%Y-%b} say that they are of {name!r}; nothing is changed"
        )
    days: dict[tuple[int, int], Counter[date]] = {}
    kbs: dict[tuple[int, int], Counter[str]] = {}
    known = {product.os_build for product in products().values()}
    for vulnerability in objects_in(document.get("Vulnerability")):
        day = _first_day(vulnerability)
        for build, kb in _fixed_by(vulnerability):
            if day and build[0] in known:
                days.setdefault(build, Counter())[day] += 1
                kbs.setdefault(build, Counter())[kb] += 1
    if not days:
        raise RefreshError(
            f"the security updates of {name} name no build of Windows Server; nothing is changed"
        )
    return [
        FixedBuild(*build, day=counts.most_common(1)[0][0], kb=kbs[build].most_common(1)[0][0])
        for build, counts in sorted(days.items())
    ]


def new_releases(catalogue: Catalogue, month: date, document: Mapping[str, Any], tags: set[str]) -> Found:
    """Return each product's monthly release of a month that the catalogue does not have.

    Args:
        catalogue: with everything before the month.
        month: its Patch Tuesday.
        document: its security updates.
        tags: of the registry.

    Raises:
        RefreshError: for a release that does not continue the catalogue.
    """
    found = Found()
    builds = fixed_builds(document, month)
    for product in products().values():
        months = catalogue.monthly(product.name)
        if not months or months[-1].day >= month:
            continue
        mine = [build for build in builds if build.os_build == product.os_build]
        on_the_day = [build for build in mine if build.day == month]
        found.notes += [
            f"{product.name}: {build.tag} of {build.day} is out of band (Patch Tuesday is {month}) and not taken"
            for build in mine
            if build.day != month and build.revision > months[-1].revision
        ]
        with_image = [build for build in on_the_day if build.tag in tags]
        found.notes += [
            f"{product.name}: {build.tag} has no image, as hotpatches and images not yet published have none"
            for build in on_the_day
            if build.tag not in tags and build.revision > months[-1].revision
        ]
        if not with_image:
            continue
        newest = max(with_image, key=lambda build: build.revision)
        if newest.revision <= months[-1].revision:
            message = f"{product.name}: the release of {month} is {newest.tag}, not above {months[-1].tag} of {months[-1].day}; nothing is changed"
            raise RefreshError(message)
        if newest.day - months[-1].day > timedelta(days=40):
            message = f"{product.name}: {newest.tag} of {month} follows {months[-1].tag} of {months[-1].day} with a month between; nothing is changed"
            raise RefreshError(message)
        found.releases[product.name] = newest
    return found


def _continued(catalogue: Catalogue, found: Found) -> Catalogue:
    """Return a catalogue with a month's releases, which the next month has to continue."""
    new = (
        Release(
            product=name,
            day=release.day,
            monthly=True,
            build=f"{release.os_build}.{release.revision}",
            kb=release.kb,
        )
        for name, release in found.releases.items()
    )
    return Catalogue(releases=(*catalogue.releases, *new))


def _months(catalogue: Catalogue, today: date) -> list[date]:
    """Return the Patch Tuesdays up to a day that one of the products lacks."""
    newest = min(catalogue.monthly(name)[-1].day for name in products() if catalogue.monthly(name))
    months, month = [], newest
    while (month := patch_tuesday(month.year + month.month // 12, month.month % 12 + 1)) <= today:
        months.append(month)
    return months


async def _tags(transport: Transport, mcr: str) -> set[str]:
    """Return every tag of one build, over all pages."""
    url = f"{mcr}/v2/{_REPOSITORY}/tags/list"
    tags: set[str] = set()
    for _ in range(_MOST_PAGES):
        content, answer = await fetch_json(transport, url)
        listed = content.get("tags")
        if content.get("name") != _REPOSITORY or not isinstance(listed, list):
            raise RefreshError(f"{url} answers without the tags of {_REPOSITORY}; nothing is changed")
        tags |= {tag for tag in listed if isinstance(tag, str) and _BUILD.fullmatch(tag)}
        link = re.match(r'\s*<([^>]+)>\s*;\s*rel="?next"?', answer.headers.get("Link", ""))
        if link is None:
            if not tags:
                raise RefreshError(f"{url} lists no tag of a build; nothing is changed")
            return tags
        following = urljoin(url, link[1])
        if urlsplit(following)[:_TWO] != urlsplit(url)[:_TWO]:
            raise RefreshError(f"{url} leads to another host for its next page; nothing is changed")
        url = following
    raise RefreshError(f"{url} has more than {_MOST_PAGES} pages; nothing is changed")


async def _images(
    rows: list[tuple[str, FixedBuild]], mcr: str, ca_file: Path | None
) -> dict[str, ImageFacts]:
    """Look the images of new releases up: their layers are what recognises a base."""
    async with RegistryClient(lambda _: None, ca_file=ca_file, plain_http=mcr.startswith("http:")) as client:
        answers = await asyncio.gather(
            *(
                client.look_up(
                    ImageReference(registry=urlsplit(mcr).netloc, repository=_REPOSITORY, tag=release.tag),
                    Platform("windows", "amd64", os_version=f"10.0.{release.os_build}"),
                )
                for _, release in rows
            )
        )
    for (_, release), facts in zip(rows, answers, strict=True):
        if facts.profile.os_version != release.tag:
            message = (
                f"the image {release.tag} says that it is {facts.profile.os_version}; nothing is changed"
            )
            raise RefreshError(message)
    return {release.tag: facts for (_, release), facts in zip(rows, answers, strict=True)}


def _build_row(product: str, release: FixedBuild) -> dict[str, str]:
    return {
        "product": product,
        "month_patch_tuesday": release.day.isoformat(),
        "type": "B",
        "kb": release.kb,
        "build": f"{release.os_build}.{release.revision}",
        "source": f"MSRC CVRF {release.day:%Y-%b}; tag on MCR",
    }


def _image_row(product: str, release: FixedBuild, facts: ImageFacts) -> dict[str, str]:
    row = {
        **_build_row(product, release),
        "date": release.day.isoformat(),
        "tag": release.tag,
        "manifest_list_digest": facts.digest,
        "platform_manifest_digest": facts.profile.digest,
        "total_compressed_bytes": str(facts.profile.compressed_bytes),
        "source": "MCR",
    }
    for name, layer in zip(("base", "update"), facts.profile.layers, strict=False):
        row |= {f"{name}_layer_digest": layer.digest, f"{name}_layer_bytes": str(layer.compressed_bytes)}
    return row


def _with_rows(table: str, rows: list[dict[str, str]]) -> str:
    """Return a table with rows added behind the last of their product."""
    reader = csv.DictReader(io.StringIO(table))
    old = list(reader)
    names = list(reader.fieldnames or ())
    order = list(dict.fromkeys(row["product"] for row in (*old, *rows)))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted((*old, *rows), key=lambda row: order.index(row["product"])))
    return text.getvalue()


def _first_day(vulnerability: Mapping[str, Any]) -> date | None:
    """Return when a vulnerability was first listed."""
    history = objects_in(vulnerability.get("RevisionHistory"))
    days = sorted(str(revision.get("Date", ""))[:10] for revision in history)
    try:
        return date.fromisoformat(days[0]) if days else None
    except ValueError:
        return None


def _fixed_by(vulnerability: Mapping[str, Any]) -> set[tuple[tuple[int, int], str]]:
    """Return the builds that fix a vulnerability, each with its KB."""
    found = set()
    for remediation in objects_in(vulnerability.get("Remediations")):
        match = _BUILD.fullmatch(str(remediation.get("FixedBuild", "")))
        if match:
            kb = str(as_object(remediation.get("Description")).get("Value", ""))
            found.add(((int(match[1]), int(match[2])), f"KB{kb}" if _KB.fullmatch(kb) else ""))
    return found
