"""Where each character of a string stands in the text, whatever the style it is written in."""

from __future__ import annotations

import json
from typing import Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.template.scalars import Scalar, read_scalar
from cdk_pull.template.source import Source

LINES: Final = st.lists(
    st.sampled_from(["foo", "  more", "", "- x", "a: b", "é", "'q'", "# c", "x\t "]), max_size=6
)


def _strings(source: str) -> list[tuple[str, str, Scalar | None]]:
    """Return each string of a YAML text with its style and what was read of it."""
    found = []
    for event in yaml.parse(source, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.ScalarEvent) and event.start_mark and event.end_mark:
            start, end = event.start_mark.index, event.end_mark.index
            scalar = read_scalar(source, start, end, event.style or "", event.value)
            found.append((event.value, event.style or "", scalar))
    return found


@given(
    LINES,
    st.sampled_from(["|", "|-", "|+", ">", ">-", "|2", "!Sub |", "&a >"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_blocks(lines: list[str], header: str, ending: str, last: bool) -> None:  # noqa: FBT001 - drawn
    """Each character of a block that is read stands where the text has it, and an edit there gives what it should."""
    body = "".join(f"  {line}{ending}" if line else ending for line in ["begin", *lines])
    source = f"k: {header}{ending}{body}" + (f"z: 1{ending}" if last else "")
    value, _, scalar = _strings(source)[1]
    assert scalar is not None
    for at, character in enumerate(value):
        if character not in " \n":
            assert source[scalar.offsets[at]] == character
    region = scalar.region(0, 5, "other")
    assert region is not None
    start, end, text = region
    assert Source("t", f"{source[:start]}{text}{source[end:]}").document["k"] in (
        f"other{value[5:]}",
        {"Fn::Sub": f"other{value[5:]}"},
    )


@given(
    st.text(alphabet="ab \n'\"\\tué:#x0", max_size=14),
    st.sampled_from(["", "'", '"']),
    st.text(alphabet="ab'\"\\é $", max_size=4),
)
def test_flow(text: str, quote: str, new: str) -> None:
    """In plain and quoted text an edit gives what it should, or the text no longer reads as that."""
    if "\\\n" in text:
        return  # what follows an escaped line end loses its blanks
    indented = text.replace("\n", "\n  ")
    source = f"k: {quote}{indented}{quote}\nz: 1\n"
    try:
        before = _strings(source)
    except yaml.YAMLError:
        return
    if len(before) != 4 or before[1][2] is None:
        return
    value, style, scalar = before[1]
    assert scalar is not None
    region = scalar.region(0, len(value), new)
    assert region is not None
    start, end, written = region
    if style:
        assert _strings(f"{source[:start]}{written}{source[end:]}")[1][0] == new


@given(st.text(max_size=20), st.text(max_size=5), st.data())
def test_json(value: str, new: str, data: st.DataObject) -> None:
    """In JSON any part of a string can be replaced, escapes included."""
    source = json.dumps({"k": value}, ensure_ascii=data.draw(st.booleans()))
    scalar = read_scalar(source, 6, len(source) - 1, "json", value)
    assert scalar is not None
    start = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(start, len(value)))
    region = scalar.region(start, end, new)
    assert region is not None
    first, behind, text = region
    edited = f"{source[:first]}{text}{source[behind:]}"
    assert json.loads(edited) == {"k": f"{value[:start]}{new}{value[end:]}"}


@pytest.mark.parametrize(
    ("block", "start", "end", "new", "expected"),
    [
        ("|\n  a\n  b\n", 2, 4, "", "|\n  a\n"),
        ("|\n  a\n  b\n", 0, 0, "x\n\ny\n", "|\n  x\n\n  y\n  a\n  b\n"),
        ("|-\n  a\n  b\nz: 1\n", 3, 3, "\nc", "|-\n  a\n  b\n  c\nz: 1\n"),
        ("|\r\n  a\r\n  b\r\n", 1, 1, "\nx", "|\r\n  a\r\n  x\r\n  b\r\n"),
        ("|4\n      a\n    b\n", 4, 5, "c", "|4\n      a\n    c\n"),
        (">\n  a\n\n  b\n", 2, 2, "x\n", ">\n  a\n\n  x\n\n  b\n"),
        ("'a''b'\n", 1, 2, "''", "'a''''b'\n"),
        ('"a\\tb"\n', 1, 2, "\n", '"a\\nb"\n'),
        ("a b\n", 1, 2, "\n", None),
    ],
)
def test_lines(block: str, start: int, end: int, new: str, expected: str | None) -> None:
    """Whole lines come with their indentation and the line ends of the file; what a style cannot hold is refused."""
    source = f"k: {block}"
    scalar = _strings(source)[1][2]
    assert scalar is not None
    region = scalar.region(start, end, new)
    after = None if region is None else f"{source[: region[0]]}{region[2]}{source[region[1] :]}"
    assert after == (None if expected is None else f"k: {expected}")
