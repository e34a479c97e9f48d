"""A servercore build to build on, and what becomes of one that somebody pinned earlier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass
from cdk_pull.windows.catalogue import REPOSITORY, Catalogue, Release, packaged_catalogue
from cdk_pull.windows.families import fargate_family, product_of_build
from cdk_pull.windows.window import DEFAULT_LAG, Days, cache_window, cached_days, to_date, to_lag

if TYPE_CHECKING:
    from datetime import date, timedelta

    from cdk_pull.units import DurationLike

__all__ = ["BUILD_ARGUMENT", "ServerCore", "ServerCorePin", "check_build"]

BUILD_ARGUMENT: Final = "SERVERCORE_TAG"
"""The build argument of a Dockerfile that says ``FROM mcr.microsoft.com/windows/servercore:${SERVERCORE_TAG}``."""

_EXACT_TAG = lazy_pattern(r"10\.0\.([0-9]+)\.[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCorePin:
    """One servercore build for one operating system family.

    Attributes:
        family: the operating system family, such as ``WINDOWS_SERVER_2022_CORE``.
        on: the day for which the build was chosen or checked.
        tag: the exact tag, such as ``10.0.20348.1906``.
        cached_until: when the hosts of Fargate drop it; None when the catalogue does not know the build.
        why: one sentence on the choice.
        warnings: what is near, past or unknown about the build on that day.
        miss_bytes: compressed bytes that each task pulls in addition once the hosts dropped the build: its update
            layer; None where unknown. Once the base layer was replaced as well, its 1.5 to 1.8 GB come on top.
        lag: how long after a Patch Tuesday the hosts may still lack its image, as given.
    """

    family: str
    on: date
    tag: str
    cached_until: Days | None
    why: str
    warnings: tuple[str, ...] = ()
    miss_bytes: int | None = None
    lag: timedelta = DEFAULT_LAG

    @property
    def image(self) -> str:
        """The image, such as ``mcr.microsoft.com/windows/servercore:10.0.20348.1906``."""
        return f"{REPOSITORY}:{self.tag}"

    @property
    def build_args(self) -> dict[str, str]:
        """The ``build_args`` of a ``DockerImageAsset`` whose Dockerfile takes the tag as an argument."""
        return {BUILD_ARGUMENT: self.tag}


class ServerCore:
    """Chooses the servercore build that Fargate's hosts have cached: on day `on`, never by the clock."""

    @staticmethod
    def pin(
        family: str, *, on: date | str, lag: DurationLike = DEFAULT_LAG, catalogue: Catalogue | None = None
    ) -> ServerCorePin:
        """Return the build that is surely cached on a day and stays so longest.

        That is the newest monthly release, or the month before's until the lag after a Patch Tuesday is over.

        Args:
            family: such as ``WINDOWS_SERVER_2022_CORE``.
            on: the day, as a date or ``YYYY-MM-DD``. Write it into the source, so that every synth gives the same.
            lag: how long after a Patch Tuesday the hosts may still lack its image.
            catalogue: the package's own by default.

        Raises:
            UnsupportedError: for a family that Fargate does not run.
            InvalidValueError: for a day that the catalogue does not reach.
        """
        lag = to_lag(lag)
        window = cache_window(family, on, lag=lag, catalogue=catalogue)
        if window.pin is None or window.cached_until is None:
            raise InvalidValueError(
                f"no servercore build of {family} is known to be cached on this day, because {window.reason}",
                window.on.isoformat(),
                allowed="a day that the catalogue reaches",
            )
        return ServerCorePin(
            family=family,
            on=window.on,
            tag=window.pin.tag,
            cached_until=window.cached_until,
            why=window.reason,
            warnings=check_build(window.pin, window.on, lag=lag),
            miss_bytes=_miss_bytes(window.pin),
            lag=lag,
        )

    @staticmethod
    def from_tag(
        family: str,
        tag: str,
        *,
        on: date | str,
        lag: DurationLike = DEFAULT_LAG,
        catalogue: Catalogue | None = None,
    ) -> ServerCorePin:
        """Return a build that somebody chose, with warnings when it is near or past the end of its window on a day.

        Args:
            family: such as ``WINDOWS_SERVER_2022_CORE``.
            tag: an exact tag, such as ``10.0.20348.1906``.
            on: the day to judge by, as a date or ``YYYY-MM-DD``.
            lag: how long after a Patch Tuesday the hosts may still lack its image.
            catalogue: the package's own by default.

        Raises:
            UnsupportedError: for a family that Fargate does not run.
            InvalidValueError: for a tag that is not exact, or a day that is none.
            ConflictError: for a build of another Windows Server than the family's.
        """
        product = fargate_family(family)
        day, lag = to_date(on), to_lag(lag)
        match = _EXACT_TAG.fullmatch(tag)
        if match is None:
            raise InvalidValueError(
                "servercore tag names no exact build",
                tag,
                allowed=f"10.0.{product.os_build}.<revision>",
                fix=f"Floating tags such as {product.floating_tag} move; ServerCore.pin chooses an exact one",
            )
        if int(match[1]) != product.os_build:
            other = product_of_build(int(match[1]))
            raise ConflictError(
                f"servercore {tag} ({other.name if other else 'another Windows'}) cannot run on {family}: host and "
                f"container must have the same build, 10.0.{product.os_build}; choose the tag or the family to match"
            )
        catalogue = catalogue or packaged_catalogue()
        release = catalogue.find(tag)
        return ServerCorePin(
            family=family,
            on=day,
            tag=tag,
            cached_until=cached_days(release, lag=lag) if release and release.monthly else None,
            why="chosen by the user",
            warnings=check_build(release, day, lag=lag)
            if release
            else (_not_in(catalogue, product.name, tag),),
            miss_bytes=_miss_bytes(release) if release else None,
            lag=lag,
        )


def check_build(release: Release, on: date, *, lag: DurationLike = DEFAULT_LAG) -> tuple[str, ...]:
    """Return what is to be said of a build on a day: in its first month nothing after the lag, then how near its end is."""
    if not release.monthly:
        return (
            f"servercore {release.tag} is an out-of-band release: hosts cache the monthly ones; choose with ServerCore.pin",
        )
    length = to_lag(lag)
    until, arrived = cached_days(release, lag=length), release.day + length
    # From the last stage of a build's life to the first.
    stages = (
        (until.latest, f"left the hosts' cache by {until.latest}: rebuild on a newer one"),
        (until.earliest, f"leaves the hosts' cache between {until.earliest} and {until.latest}: rebuild now"),
        (
            release.patch_tuesday_after(1),
            f"is in its last month: it leaves the hosts' cache from {until.earliest} on",
        ),
        (arrived, ""),
        (release.day, f"of {release.day} may not have reached the hosts before {arrived}"),
    )
    reached = (text for since, text in stages if on >= since)
    said = next(reached, f"is of {release.day}, which is after {on}")
    return (f"servercore {release.tag} {said}",) if said else ()


def _not_in(catalogue: Catalogue, product: str, tag: str) -> str:
    last = catalogue.monthly(product)[-1]
    if int(tag.rpartition(".")[2]) > last.revision:
        return f"servercore {tag} is newer than the catalogue, which ends with {last.tag}: refresh the catalogue with cdk-pull refresh windows"
    return f"servercore {tag} is no monthly release that the catalogue knows: choose with ServerCore.pin"


def _miss_bytes(release: Release) -> int | None:
    # An image without an update layer has been rebuilt whole: a miss is then the base layer itself.
    return release.layer_bytes[-1] if release.layer_bytes else None
