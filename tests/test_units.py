from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.units import bytes_of, format_bytes, parse_bytes, to_timedelta


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0B", 0),
        ("1024 b", 1024),
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


@pytest.mark.parametrize("text", ["", "MB", "-1MB", "1e9", "NaN", "1,5GB", "1GB2", "5 m", "٣MB", True, None])
def test_what_is_no_size(text: Any) -> None:
    """Anything else is refused by name, with the forms that are right."""
    with pytest.raises(InvalidValueError, match=r"^compressed is not a size in bytes: .*such as '800MB'"):
        parse_bytes(text, "compressed")


@pytest.mark.parametrize("text", ["0", "650", " 2.4 ", 800, 1.5])
def test_a_size_without_a_unit_is_refused(text: Any) -> None:
    """Nobody can tell megabytes from bytes, so that neither is guessed."""
    with pytest.raises(InvalidValueError) as error:
        parse_bytes(text, "compressed")
    assert str(error.value) == (
        f"compressed has no unit: {text!r}; allowed: a number with B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, "
        "GiB, TiB, such as '800MB' or '2.4GB'"
    )


class _Size:
    """A size as CDK has it, in KiB and in bytes."""

    def __init__(self, count: float) -> None:
        self._count = count

    def to_kibibytes(self) -> float:
        """Return KiB."""
        return self._count / 1024

    def to_bytes(self) -> float:
        """Return bytes, or refuse as CDK does for a token in another unit."""
        if self._count == 0:
            raise RuntimeError("Size must be specified as 'Size.bytes()' here\n  at Function")
        return self._count


def test_a_size_of_cdk_is_taken_and_a_token_refused() -> None:
    """What CDK counts in whatever unit is bytes; a size that is filled in later is not known at synth."""
    assert parse_bytes(_Size(838860800.0)) == 838860800
    for token in (_Size(-1.8881545897087626e289), _Size(0)):
        with pytest.raises(
            InvalidValueError, match=r"^compressed is not known at synth: .*; allowed: a size without"
        ):
            parse_bytes(token, "compressed")


def test_a_number_is_taken_under_a_name_that_says_bytes() -> None:
    """``compressed_bytes=650`` says its unit; beside ``compressed`` it is a conflict, and half a byte is none."""
    assert bytes_of({"size_bytes": 650}, "size", "size_bytes") == 650
    assert bytes_of({"size_bytes": 650.0}, "size", "size_bytes") == 650
    assert bytes_of({"size": "1kB"}, "size", "size_bytes") == 1000
    assert bytes_of({}, "size", "size_bytes") is None
    with pytest.raises(
        ConflictError, match=r"^size='1kB' and size_bytes=1000 are both given: keep one of them$"
    ):
        bytes_of({"size": "1kB", "size_bytes": 1000}, "size", "size_bytes")
    for wrong in (-1, 0.5, True, "650", 10**19):
        with pytest.raises(
            InvalidValueError, match=r"^size_bytes is not a number of bytes: .*a whole number from 0$"
        ):
            bytes_of({"size_bytes": wrong}, "size", "size_bytes")


@pytest.mark.parametrize("text", ["1000001TB", "9" * 400 + "GB", f"{2**61}B"])
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
