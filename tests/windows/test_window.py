from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError, UnsupportedError
from cdk_pull.windows.catalogue import packaged_catalogue
from cdk_pull.windows.window import cache_window, to_date

CORE_2019, CORE_2022 = "WINDOWS_SERVER_2019_CORE", "WINDOWS_SERVER_2022_CORE"


@pytest.mark.parametrize(
    ("family", "on", "tags", "pin", "earliest", "latest"),
    [
        # AWS's own examples, two days after a Patch Tuesday and eleven.
        (CORE_2019, "2023-08-10", "ltsc2019 4737 4645", "4645", "2023-09-12", "2023-09-19"),
        (CORE_2022, "2023-08-10", "ltsc2022 1906 1850", "1850", "2023-09-12", "2023-09-19"),
        (CORE_2019, "2024-04-20", "ltsc2019 5696 5576", "5696", "2024-06-11", "2024-06-18"),
        (CORE_2022, "2024-04-20", "ltsc2022 2402 2340", "2402", "2024-06-11", "2024-06-18"),
        # The edges of the lag, of the catalogue, and of the month.
        (CORE_2022, "2024-04-08", "ltsc2022 2340 2322", "2340", "2024-05-14", "2024-05-21"),
        (CORE_2022, "2024-04-09", "ltsc2022 2402 2340", "2340", "2024-05-14", "2024-05-21"),
        (CORE_2022, "2024-04-15", "ltsc2022 2402 2340", "2340", "2024-05-14", "2024-05-21"),
        (CORE_2022, "2024-04-16", "ltsc2022 2402 2340", "2402", "2024-06-11", "2024-06-18"),
        (CORE_2022, "2023-02-14", "ltsc2022 1547 1487", "1487", "2023-03-14", "2023-03-21"),
        (CORE_2022, "2026-10-12", "ltsc2022 5622 5499", "5622", "2026-11-10", "2026-11-17"),
        # The month whose floating tag was moved and whose hotpatch shares the day.
        (CORE_2022, "2025-05-06", "ltsc2022 3453 3328", "3453", "2025-06-10", "2025-06-17"),
    ],
)
def test_cached(family: str, on: str, tags: str, pin: str, earliest: str, latest: str) -> None:
    """The floating tag and the two newest months are cached, and the pin is the month before's during the lag."""
    window = cache_window(family, on).to_json()
    build = "17763" if "2019" in family else "20348"
    floating, *revisions = tags.split()
    assert window["status"] == "cached"
    assert window["tags"] == [floating, *(f"10.0.{build}.{revision}" for revision in revisions)]
    assert window["safe_pin"] == f"10.0.{build}.{pin}"
    assert window["cached_until"] == {"earliest": earliest, "latest": latest}


@pytest.mark.parametrize(
    "family", [CORE_2019, CORE_2022, "WINDOWS_SERVER_2019_FULL", "WINDOWS_SERVER_2022_FULL"]
)
@pytest.mark.parametrize(
    ("on", "reason"),
    [
        (
            "2026-11-23",
            "ends with the release of 2026-09-08; the next one was due on 2026-10-13, and 2026-11-23",
        ),
        ("2026-10-13", "is not before that: refresh the catalogue with cdk-pull refresh windows"),
        ("9999-12-31", "refresh the catalogue with cdk-pull refresh windows"),
        ("2023-02-13", "answers from 2023-02-14 on; 2023-02-13 is before that"),
        ("2022-05-05", "2022-05-05 is before that"),
        ("0001-01-01", "0001-01-01 is before that"),
    ],
)
def test_unknown(family: str, on: str, reason: str) -> None:
    """Outside the catalogue the answer is unknown, with the reason, and nothing that could be taken for cached."""
    window = cache_window(family, on).to_json()
    assert reason in window.pop("reason")
    assert window == {
        "family": family,
        "date": on,
        "status": "unknown",
        "tags": [],
        "safe_pin": None,
        "cached_from": None,
        "cached_until": None,
        "notes": [],
    }


def test_lag_is_a_setting() -> None:
    """Without a lag the newest month's build is the pin on its very day."""
    window = cache_window(CORE_2022, "2024-04-09", lag=timedelta(0)).to_json()
    assert window["safe_pin"] == "10.0.20348.2402"
    assert window["cached_from"] == {"earliest": "2024-04-09", "latest": "2024-04-09"}
    assert window["cached_until"] == {"earliest": "2024-06-11", "latest": "2024-06-11"}


@pytest.mark.parametrize("lag", [timedelta(days=-1), timedelta(days=28)])
def test_lag_out_of_bounds(lag: timedelta) -> None:
    """A lag of a month or more would leave nothing that is surely cached."""
    with pytest.raises(
        InvalidValueError, match=r"lag after Patch Tuesday is out of bounds: .*; allowed: 0 to 27 days"
    ):
        cache_window(CORE_2022, "2024-04-09", lag=lag)


@pytest.mark.parametrize("lag", [7, "7 days", None])
def test_lag_without_a_unit(lag: Any) -> None:
    """A bare number could be hours or days."""
    with pytest.raises(InvalidValueError, match="lag is not a duration"):
        cache_window(CORE_2022, "2024-04-09", lag=lag)


def test_note_on_moved_floating_tag() -> None:
    """The floating tag is noted from the day on which an out-of-band release moved it, until the next month."""
    moved = (
        "ltsc2022 was moved to the out-of-band build 20348.4297 on 2025-10-24, which the hosts need not have: "
        "build on 10.0.20348.4294"
    )
    notes = {on: cache_window(CORE_2022, on).notes for on in ("2025-10-23", "2025-10-24", "2025-11-11")}
    assert notes == {
        "2025-10-23": (),
        "2025-10-24": (moved,),
        "2025-11-11": (),
    }


def test_family_of_ec2_only() -> None:
    """A family that Fargate does not run has no window."""
    with pytest.raises(UnsupportedError, match="Fargate does not run WINDOWS_SERVER_2025_CORE"):
        cache_window("WINDOWS_SERVER_2025_CORE", "2026-09-20")


@given(
    st.sampled_from([CORE_2019, CORE_2022]),
    st.dates(date(2023, 2, 14), date(2026, 10, 12)),
    st.integers(0, 27).map(lambda days: timedelta(days=days)),
)
def test_pin_is_cached_either_way(family: str, on: date, lag: timedelta) -> None:
    """Whether the hosts follow a Patch Tuesday at once or after the whole lag, they hold the pin."""
    window = cache_window(family, on, lag=lag)
    months = packaged_catalogue().monthly(
        "windows-server-2019" if "2019" in family else "windows-server-2022"
    )
    assert window.pin is not None
    assert window.cached_until is not None
    for delay in (timedelta(0), lag):
        held = [release for release in months if release.day + delay <= on][-2:]
        assert window.pin in held
    assert on < window.cached_until.earliest <= window.pin.day + timedelta(days=63)


@pytest.mark.parametrize("on", [date(2024, 4, 20), datetime(2024, 4, 20, 23, 59, tzinfo=UTC), "2024-04-20"])
def test_to_date(on: date | str) -> None:
    """A day may be a date, a moment or a text."""
    assert to_date(on) == date(2024, 4, 20)


@pytest.mark.parametrize(
    "on", ["2024-4-20", "20240420", "2024-W16-6", "2024-02-30", "today", "", "2024-04-20T00:00"]
)
def test_malformed_date(on: str) -> None:
    """A text that is no day as YYYY-MM-DD is refused."""
    with pytest.raises(InvalidValueError, match=r"date is malformed: .*; allowed: a day as YYYY-MM-DD"):
        to_date(on)
