"""The registry and the pages."""

from __future__ import annotations

from pathlib import Path

import pytest

import cdk_pull
from cdk_pull.errors import InvalidValueError
from cdk_pull.rules.engine.page import document, page_of
from cdk_pull.rules.engine.registry import Rule, all_rules, documented_rules, find_rule
from scripts.rules_page import subjects

DOCS = Path(__file__).parents[3] / "docs" / "rules.md"

SECTIONS = ("What it does", "Why it matters", "Example", "Use instead", "Fix safety", "References")


def test_each_file_is_a_rule() -> None:
    """The rules are those that have a file in checks/, each once and in the order of their ids."""
    checks = Path(__file__).parents[3] / "cdk_pull" / "rules" / "checks"
    files = sorted(path.name[:7].upper() for path in checks.glob("pull*.py"))
    assert [rule.id for rule in all_rules()] == files
    assert (Path(cdk_pull.__file__).parent / "data" / "rules.json").read_text(encoding="utf-8") == subjects()


@pytest.mark.parametrize("rule", documented_rules(), ids=lambda rule: rule.id)
def test_every_rule_is_complete(rule: Rule) -> None:
    """Title, fix and sources fit one line, and no section of the page is empty."""
    assert rule.title
    assert rule.fix
    assert rule.sources
    assert all("\n" not in text for text in (rule.title, rule.fix, *rule.sources))
    assert rule.section_titles == SECTIONS
    for section in rule.page.split("\n## ")[1:]:
        assert section.partition("\n")[2].strip()
    assert page_of(rule).startswith(f"# {rule.id}: {rule.title}\n\nSeverity: {rule.severity.value}.")


def test_find_rule() -> None:
    """An id is found in either case and in CDK's form; another one is an error."""
    assert find_rule("pull201").id == find_rule(" cdk-pull::PULL201").id == "PULL201"
    with pytest.raises(InvalidValueError, match="no rule has this id: 'x'"):
        find_rule("x")


def test_the_docs_are_current() -> None:
    """docs/rules.md is what scripts/rules_page.py writes."""
    assert DOCS.read_text(encoding="utf-8") == document()
