"""How Go reads and prints the values that the ECS agent is configured with.

Source: Go 1.22, ``time.ParseDuration``, ``Duration.String``, ``strconv.ParseBool``, ``strconv.Atoi`` and
``strings.TrimSpace``. Durations are whole nanoseconds.
"""

from __future__ import annotations

__all__ = [
    "MAX_INT64",
    "SPACES",
    "format_duration",
    "parse_bool",
    "parse_duration",
    "parse_int",
    "trim_space",
]

MAX_INT64 = 2**63 - 1
"""The largest Go ``int`` and, in nanoseconds, the longest duration: about 292 years."""

# Not what Python's strip() takes off: it knows four separators more (U+001C to U+001F).
SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What ``unicode.IsSpace`` calls a space."""

_SECOND = 10**9
# Both spellings of micro: the sign U+00B5 and the Greek letter U+03BC.
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "\u03bcs": 10**3,
    "ms": 10**6,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3600 * _SECOND,
}
_SMALL = (("ms", 10**6), ("\u00b5s", 10**3), ("ns", 1))
_MAX_DIGITS = 20  # any number with as many is out of range, and Python refuses to read thousands of them
_DIGITS = "0123456789"
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


def trim_space(text: str) -> str:
    """Return the text without the spaces around it, as ``strings.TrimSpace`` does."""
    return text.strip(SPACES)


def parse_bool(text: str) -> bool | None:
    """Return what ``strconv.ParseBool`` reads, or None where it reports an error."""
    if text in _TRUE:
        return True
    return False if text in _FALSE else None


def parse_int(text: str) -> int | None:
    """Return what ``strconv.Atoi`` returns, or None where it returns 0 because of a syntax error.

    A number out of range is an error too, but Atoi returns the nearest int64 with it, and the agent uses that.
    """
    digits = text[1:] if text[:1] in {"+", "-"} else text
    if not digits:
        return None
    sign = -1 if text[0] == "-" else 1
    number = 0
    for digit in digits:
        if digit not in _DIGITS:
            return None
        number = number * 10 + int(digit)
        if number > 2**64 - 1:  # Atoi looks no further
            break
    return max(min(sign * number, MAX_INT64), -(2**63))


def parse_duration(text: str) -> int | None:
    """Return the nanoseconds that ``time.ParseDuration`` reads, or None where it reports an error."""
    rest = text[1:] if text[:1] in {"+", "-"} else text
    if rest == "0":
        return 0
    if not rest:
        return None
    total = 0
    while rest:
        whole, rest = _take(rest, _DIGITS)
        fraction = ""
        if rest.startswith("."):
            fraction, rest = _take(rest[1:], _DIGITS)
        name, rest = _take_until(rest, _DIGITS + ".")
        unit = _UNITS.get(name)
        number = int(whole.lstrip("0")[:_MAX_DIGITS] or "0")
        if unit is None or not (whole or fraction) or number > 2**63 // unit:
            return None
        total += number * unit + _fraction(fraction, unit)
        if total > 2**63:
            return None
    if text[0] == "-":
        return -total
    return total if total <= MAX_INT64 else None


def format_duration(nanoseconds: int) -> str:
    """Return the text that Go's ``Duration.String`` prints, such as ``1h30m0s``."""
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if rest == 0:
        return "0s"
    if rest < _SECOND:
        name, unit = next((name, unit) for name, unit in _SMALL if rest >= unit)
        return f"{sign}{_decimal(rest, unit)}{name}"
    minutes, seconds = divmod(rest, 60 * _SECOND)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(seconds, _SECOND)}s"
    if hours:
        return f"{sign}{hours}h{minutes}m{text}"
    return f"{sign}{minutes}m{text}" if minutes else f"{sign}{text}"


def _take(text: str, accepted: str) -> tuple[str, str]:
    rest = text.lstrip(accepted)
    return text[: len(text) - len(rest)], rest


def _take_until(text: str, stops: str) -> tuple[str, str]:
    end = next((index for index, char in enumerate(text) if char in stops), len(text))
    return text[:end], text[end:]


def _fraction(digits: str, unit: int) -> int:
    # Go keeps the digits that fit in 63 bits and then computes in floating point.
    number = 0
    scale = 1.0
    for digit in digits:
        if number > MAX_INT64 // 10 or number * 10 + int(digit) > 2**63:
            break
        number = number * 10 + int(digit)
        scale *= 10
    return int(number * (unit / scale))


def _decimal(number: int, unit: int) -> str:
    whole, part = divmod(number, unit)
    digits = f"{part:0{len(str(unit)) - 1}d}".rstrip("0") if unit > 1 else ""
    return f"{whole}.{digits}" if digits else str(whole)
