from __future__ import annotations

from datetime import date

import pytest

from cdk_pull.errors import ConflictError, InvalidValueError, UnsupportedError
from cdk_pull.windows.pin import ServerCore, ServerCorePin
from cdk_pull.windows.window import Days

FAMILY = "WINDOWS_SERVER_2022_CORE"


def test_pin() -> None:
    """A pin has the tag, the image, the build argument, its end and what a miss costs."""
    pin = ServerCore.pin(FAMILY, on="2026-09-20")
    assert pin == ServerCorePin(
        family=FAMILY,
        on=date(2026, 9, 20),
        tag="10.0.20348.5622",
        cached_until=Days(earliest=date(2026, 11, 10), latest=date(2026, 11, 17)),
        why="10.0.20348.5622 is the newest monthly release, of 2026-09-08, and stays cached longest",
        miss_bytes=730469634,
    )
    assert pin.image == "mcr.microsoft.com/windows/servercore:10.0.20348.5622"
    assert pin.build_args == {"SERVERCORE_TAG": "10.0.20348.5622"}


def test_pin_during_the_lag() -> None:
    """During the lag the month before's build is chosen, and that it is in its last month is said."""
    pin = ServerCore.pin(FAMILY, on=date(2026, 9, 9))
    assert pin.tag == "10.0.20348.5499"
    assert pin.warnings == (
        "servercore 10.0.20348.5499 is in its last month: it leaves the hosts' cache from 2026-10-13 on",
    )


def test_pin_past_the_horizon() -> None:
    """A day that the catalogue does not reach is an error that says to refresh it."""
    with pytest.raises(InvalidValueError) as caught:
        ServerCore.pin(FAMILY, on="2026-11-23")
    assert str(caught.value) == (
        f"no servercore build of {FAMILY} is known to be cached on this day, because the catalogue of "
        "windows-server-2022 ends with the release of 2026-09-08; the next one was due on 2026-10-13, and 2026-11-23 "
        "is not before that: refresh the catalogue with cdk-pull refresh windows: '2026-11-23'; allowed: a day that the catalogue reaches"
    )


@pytest.mark.parametrize(
    ("on", "warnings"),
    [
        ("2026-07-13", ("servercore 10.0.20348.5386 is of 2026-07-14, which is after 2026-07-13",)),
        (
            "2026-07-14",
            ("servercore 10.0.20348.5386 of 2026-07-14 may not have reached the hosts before 2026-07-21",),
        ),
        ("2026-07-21", ()),
        ("2026-08-10", ()),
        (
            "2026-08-11",
            (
                "servercore 10.0.20348.5386 is in its last month: it leaves the hosts' cache from 2026-09-08 on",
            ),
        ),
        (
            "2026-09-07",
            (
                "servercore 10.0.20348.5386 is in its last month: it leaves the hosts' cache from 2026-09-08 on",
            ),
        ),
        (
            "2026-09-08",
            (
                "servercore 10.0.20348.5386 leaves the hosts' cache between 2026-09-08 and 2026-09-15: rebuild now",
            ),
        ),
        (
            "2026-09-15",
            ("servercore 10.0.20348.5386 left the hosts' cache by 2026-09-15: rebuild on a newer one",),
        ),
        (
            "2030-01-01",
            ("servercore 10.0.20348.5386 left the hosts' cache by 2026-09-15: rebuild on a newer one",),
        ),
    ],
)
def test_from_tag_near_and_past_its_end(on: str, warnings: tuple[str, ...]) -> None:
    """A build is warned of during the lag, fine in its first month, noted in its second, warned of from the second Patch Tuesday on."""
    pin = ServerCore.from_tag(FAMILY, "10.0.20348.5386", on=on)
    assert pin.warnings == warnings
    assert pin.cached_until == Days(earliest=date(2026, 9, 8), latest=date(2026, 9, 15))


@pytest.mark.parametrize(
    ("tag", "warning"),
    [
        (
            "10.0.20348.4297",
            "servercore 10.0.20348.4297 is an out-of-band release: hosts cache the monthly ones",
        ),
        (
            "10.0.20348.9999",
            "is newer than the catalogue, which ends with 10.0.20348.5622: refresh the catalogue with cdk-pull refresh windows",
        ),
        ("10.0.20348.2529", "servercore 10.0.20348.2529 is an out-of-band release"),
        ("10.0.20348.2530", "is no monthly release that the catalogue knows: choose with ServerCore.pin"),
    ],
)
def test_from_tag_not_monthly(tag: str, warning: str) -> None:
    """A build that is no monthly release of the catalogue has no known end, and a warning."""
    pin = ServerCore.from_tag(FAMILY, tag, on="2026-09-20")
    assert pin.cached_until is None
    assert len(pin.warnings) == 1
    assert warning in pin.warnings[0]


@pytest.mark.parametrize(
    "tag", ["ltsc2022", "latest", "10.0.20348", "10.0.20348.5386-amd64", "KB5122882", ""]
)
def test_from_tag_not_exact(tag: str) -> None:
    """Only a tag that names a build is a pin."""
    with pytest.raises(InvalidValueError) as caught:
        ServerCore.from_tag(FAMILY, tag, on="2026-09-20")
    assert str(caught.value) == (
        f"servercore tag names no exact build: {tag!r}; allowed: 10.0.20348.<revision>. "
        "Floating tags such as ltsc2022 move; ServerCore.pin chooses an exact one"
    )


@pytest.mark.parametrize(
    ("family", "tag", "whose"),
    [
        ("WINDOWS_SERVER_2022_FULL", "10.0.17763.9121", "windows-server-2019"),
        ("WINDOWS_SERVER_2019_CORE", "10.0.20348.5386", "windows-server-2022"),
        ("WINDOWS_SERVER_2022_CORE", "10.0.26100.33438", "windows-server-2025"),
        ("WINDOWS_SERVER_2022_CORE", "10.0.14393.1", "another Windows"),
    ],
)
def test_from_tag_of_another_server(family: str, tag: str, whose: str) -> None:
    """Host and container must match."""
    with pytest.raises(ConflictError) as caught:
        ServerCore.from_tag(family, tag, on="2026-09-20")
    assert f"servercore {tag} ({whose}) cannot run on {family}: host and container must have" in str(
        caught.value
    )


def test_family_of_ec2_only() -> None:
    """A family that Fargate does not run cannot be pinned."""
    with pytest.raises(UnsupportedError, match="containers-roadmap#2754"):
        ServerCore.pin("WINDOWS_SERVER_2025_FULL", on="2026-09-20")
    with pytest.raises(UnsupportedError, match="containers-roadmap#2754"):
        ServerCore.from_tag("WINDOWS_SERVER_2025_FULL", "10.0.26100.33438", on="2026-09-20")
