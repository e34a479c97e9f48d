from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
# The page of the rules is made of their docstrings, which show what is wrong beside what is right.
PAGES = sorted({ROOT / "README.md", *(ROOT / "docs").rglob("*.md")} - {ROOT / "docs" / "rules.md"})
SNIPPET = re.compile(r"^( *)```python[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def _lines(text: str) -> list[str]:
    return dedent(text).strip("\n").splitlines()


def is_part_of(snippet: str, source: str) -> bool:
    """Tell whether a snippet's lines follow one another in a source, at whatever indentation."""
    wanted, lines = _lines(snippet), source.splitlines()
    return any(
        dedent("\n".join(lines[start : start + len(wanted)])).splitlines() == wanted
        for start in range(len(lines) - len(wanted) + 1)
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_snippet_is_part_of_an_example(page: Path) -> None:
    """Each Python snippet of a page stands word for word in a file that the tests synthesize."""
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").rglob("*.py"))]
    snippets = [match.group(2) for match in SNIPPET.finditer(page.read_text(encoding="utf-8"))]
    strangers = [snippet for snippet in snippets if not any(is_part_of(snippet, text) for text in sources)]
    assert strangers == []


@pytest.mark.parametrize(
    ("snippet", "expected"),
    [
        ("a = 1\n", True),
        ("if a:\n    b = 2\n", True),
        ("    if a:\n        b = 2\n", True),
        ("a = 1\n\nif a:\n    b = 2\n", True),
        ("a = 1\nif a:\n", False),
        ("a = 2\n", False),
        ("b = 2\n", True),
        ("if a:\nb = 2\n", False),
    ],
)
def test_what_counts_as_a_part(snippet: str, *, expected: bool) -> None:
    """Lines count as a part when they are the source's, all, in order and equally indented to one another."""
    source = "def f():\n    a = 1\n\n    if a:\n        b = 2\n    return b\n"
    assert is_part_of(snippet, source) is expected
