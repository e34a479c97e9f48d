"""What others have written is printed in one safe way."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.printing import json_safe, line_safe, log_safe, printable, xml_safe

COMMANDS = [
    "::error::x",
    "  ::add-mask::x",
    "\t::set-output name=a::b",
    "##[error]x",
    "a ##[group]x",
    "##vso[task.setvariable variable=a]b",
    "x ##VSO[task.complete]",
    "##teamcity[buildStop]",
    "::::",
    "::",
]
HOSTILE = st.text(st.sampled_from(list(":#[] vso\n\tateamcity\x1b\u202e\ud800a"))) | st.text()


def _is_command(line: str) -> bool:
    """Tell whether a runner acts on a line: as GitHub's and Azure's agents look at it."""
    low = line.lower()
    return line.lstrip().startswith("::") or any(mark in low for mark in ("##[", "##vso[", "##teamcity["))


@pytest.mark.parametrize("line", COMMANDS)
def test_commands(line: str) -> None:
    """What a runner takes for a command is broken up by a blank, and nothing is left out."""
    assert _is_command(line)
    assert not _is_command(line_safe(line))
    assert line_safe(line).replace(" ", "") == line.replace(" ", "")


@pytest.mark.parametrize("line", ["", "a::b", "PULL101: x", "# a", "## title", "#[a]", "a: ::b", "vso[a]"])
def test_other_lines(line: str) -> None:
    """Other lines stay as they are."""
    assert line_safe(line) == line


@given(HOSTILE)
def test_any_text(text: str) -> None:
    """No text has a command in it any longer, in a log, in JSON or in XML, where it says what it said."""
    assert not any(map(_is_command, log_safe(text).split("\n")))
    document = json_safe(json.dumps({"a": text}, indent=1))
    assert not any(map(_is_command, document.split("\n")))
    assert json.loads(document) == {"a": text}


@given(HOSTILE)
def test_any_text_in_xml(text: str) -> None:
    """XML says what it said, without a command in it."""
    element = ET.Element("a", name=printable(text))
    element.text = "\n".join(map(printable, text.split("\n")))
    document = xml_safe(ET.tostring(element, encoding="unicode"))
    assert not any(map(_is_command, document.split("\n")))
    again = ET.fromstring(document)  # noqa: S314 - our own
    assert (again.text or "", again.get("name")) == (element.text, printable(text))


@given(st.text())
def test_printable(text: str) -> None:
    """A printable text has as many characters, in one line."""
    assert len(printable(text)) == len(text)
    assert printable(text).isprintable()
    assert printable(printable(text)) == printable(text)
