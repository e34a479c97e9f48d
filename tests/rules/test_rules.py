"""Every rule on its fixtures: what fails is found at its line, in the words that the fixture states."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdk_pull.rules.engine.registry import all_rules
from scripts.rule_fixtures import found, state, stated

FIXTURES = Path(__file__).parent / "fixtures"


def _name(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/fail*.yaml")), ids=_name)
def test_what_fails_is_found(path: Path) -> None:
    """A failing template gives the findings that it states: line, severity, message and fix.

    `python -m scripts.rule_fixtures` states them anew; read the difference, it is what users read.
    """
    findings = found(path, path.parent.name)
    assert stated(path) == findings
    assert findings


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/pass*.yaml")), ids=_name)
def test_what_passes_is_not_found(path: Path) -> None:
    """A passing template gives no finding of its rule."""
    assert found(path, path.parent.name) == []


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_every_rule_has_fixtures(rule: object) -> None:
    """For each rule there is a template that fails and one that passes."""
    folder = FIXTURES / str(getattr(rule, "id", ""))
    assert list(folder.glob("fail*.yaml"))
    assert list(folder.glob("pass*.yaml"))


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/*.yaml")), ids=_name)
def test_no_rule_fails_on_any_fixture(path: Path) -> None:
    """All rules together run on every fixture without an exception."""
    assert [line for line in found(path) if "failed here" in line] == []


def test_a_fixture_is_stated_anew(tmp_path: Path) -> None:
    """Comments that state something else are replaced, and nothing is changed the second time."""
    path = tmp_path / "PULL201" / "fail.yaml"
    path.parent.mkdir()
    text = (FIXTURES / "PULL201" / "fail.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("error:", "info:"), encoding="utf-8")
    assert (state(path), path.read_text(encoding="utf-8"), state(path)) == (True, text, False)
