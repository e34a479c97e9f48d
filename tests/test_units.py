from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import InvalidValueError
from cdk_pull.units import format_bytes, parse_bytes, to_timedelta


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("1024", 1024),
        ("800MB", 800_000_000),
        (" 2.4 gb ", 2_400_000_000),
        ("1GiB", 2**30),
        ("1.5 KiB", 1536),
        ("0.4B", 0),
        ("2TB", 2 * 10**12),
    ],
)
def test_sizes_as_people_write_them(text: str, count: int) -> None:
    """Powers of 1000, and of 1024 for those who spell the i."""
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "1e9", "NaN", "1,5GB", "1GB2", "5 m", "٣MB", 800, None])
def test_what_is_no_size(text: Any) -> None:
    """Anything else is refused by name, with the forms that are right."""
    with pytest.raises(InvalidValueError, match=r"^compressed is not a size in bytes: .*such as '800MB'"):
        parse_bytes(text, "compressed")


@pytest.mark.parametrize("text", ["1000001TB", "9" * 5000, "9" * 400 + "GB", f"{2**61}"])
def test_what_is_no_size_of_anything(text: str) -> None:
    """More than an exabyte is refused, before arithmetic with it ends in an overflow."""
    with pytest.raises(InvalidValueError, match=r"^size is beyond counting: "):
        parse_bytes(text)


@given(st.text())
def test_any_text_is_a_size_or_refused(text: str) -> None:
    """There is no third way."""
    try:
        assert parse_bytes(text) >= 0
    except InvalidValueError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right


@given(st.integers(min_value=0, max_value=10**15))
def test_what_is_shown_is_read_back(count: int) -> None:
    """To the three digits that are shown."""
    assert "e" not in format_bytes(count)
    assert parse_bytes(format_bytes(count)) == pytest.approx(count, rel=0.006)


def test_durations() -> None:
    """A bare number has no unit."""
    assert to_timedelta("lag", timedelta(days=1)) == timedelta(days=1)
    with pytest.raises(InvalidValueError, match=r"^lag is not a duration: 7; allowed: aws_cdk"):
        to_timedelta("lag", 7)  # type: ignore[arg-type]
