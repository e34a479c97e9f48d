from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.go_values import (
    MAX_INT64,
    format_duration,
    parse_bool,
    parse_duration,
    parse_int,
    trim_space,
)

HOUR, MINUTE, SECOND = 3600 * 10**9, 60 * 10**9, 10**9


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("-0", 0),
        ("+5s", 5 * SECOND),
        ("-5s", -5 * SECOND),
        ("1h1h", 2 * HOUR),
        ("1m2h", MINUTE + 2 * HOUR),
        (".5s", SECOND // 2),
        ("1.s", SECOND),
        ("1.5h", 90 * MINUTE),
        ("1us", 1000),
        ("1\u00b5s", 1000),
        ("1\u03bcs", 1000),
        ("0.3333333333333333333h", 20 * MINUTE),
        ("9223372036854775807ns", MAX_INT64),
        ("-9223372036854775808ns", -(2**63)),
        ("0.9223372036854775807h", 3320413933267),
        ("00000000000000000000000000000001h", HOUR),
        ("1" + "0" * 5000 + "ns", None),
        ("9223372036854775808ns", None),
        ("-9223372036854775808ns1ns", None),
        ("3000000h", None),
        ("", None),
        ("+", None),
        ("5", None),
        (".s", None),
        ("1d", None),
        ("1H", None),
        ("1 h", None),
        (" 1h", None),
        ("1h ", None),
        ("--1h", None),
        ("1h-", None),
        ("1e3s", None),
        ("\u0661s", None),
        ('"1h"', None),
    ],
)
def test_parse_duration(text: str, nanoseconds: int | None) -> None:
    """A duration is read as Go's time.ParseDuration reads it, overflow and odd spellings included."""
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1100, "1.1\u00b5s"),
        (2_200_000, "2.2ms"),
        (SECOND, "1s"),
        (90 * MINUTE, "1h30m0s"),
        (30 * MINUTE, "30m0s"),
        (24 * HOUR, "24h0m0s"),
        (-5 * MINUTE, "-5m0s"),
        (HOUR + 5, "1h0m0.000000005s"),
        (MAX_INT64, "2562047h47m16.854775807s"),
        (-(2**63), "-2562047h47m16.854775808s"),
    ],
)
def test_format_duration(nanoseconds: int, text: str) -> None:
    """A duration is printed as Go's Duration.String prints it."""
    assert format_duration(nanoseconds) == text


@given(st.integers(min_value=-(2**63), max_value=MAX_INT64))
def test_durations_survive_printing(nanoseconds: int) -> None:
    """What is printed reads back as the same length."""
    assert parse_duration(format_duration(nanoseconds)) == nanoseconds


@given(st.text(alphabet="0123456789.hmsnu\u00b5+- d", max_size=30))
def test_any_text_is_a_duration_or_none(text: str) -> None:
    """No text makes the parser fail, and what it reads is in the range of an int64."""
    found = parse_duration(text)
    assert found is None or -(2**63) <= found <= MAX_INT64


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("+7", 7),
        ("-7", -7),
        ("007", 7),
        ("9223372036854775807", MAX_INT64),
        ("9223372036854775808", MAX_INT64),
        ("-9223372036854775809", -(2**63)),
        ("99999999999999999999999999x", MAX_INT64),
        ("999999999999999999x", None),
        ("", None),
        ("+", None),
        ("1_000", None),
        ("0x10", None),
        ("1e2", None),
        (" 7", None),
        ("7 ", None),
        ("5.5", None),
        ("\u0667", None),
    ],
)
def test_parse_int(text: str, number: int | None) -> None:
    """A number is read as strconv.Atoi returns it, which is the nearest int64 when it is out of range."""
    assert parse_int(text) == number


@given(st.integers(min_value=-(2**63), max_value=MAX_INT64))
def test_numbers_survive_printing(number: int) -> None:
    """Every int64 reads back."""
    assert parse_int(str(number)) == number


def test_parse_bool() -> None:
    """Exactly the twelve spellings of strconv.ParseBool are booleans."""
    true = ["1", "t", "T", "true", "TRUE", "True"]
    false = ["0", "f", "F", "false", "FALSE", "False"]
    others = ["", "tRue", "yes", "on", "Y", " true", '"true"', "2", "truE"]
    assert [parse_bool(text) for text in true + false + others] == [True] * 6 + [False] * 6 + [None] * 9


def test_trim_space() -> None:
    """Spaces are Go's: the no-break space is one, the byte order mark and the unit separator are none."""
    assert trim_space("\u00a0\t a b\u3000\r\n") == "a b"
    assert trim_space("\ufeffa\x1f") == "\ufeffa\x1f"
