from __future__ import annotations

from importlib import import_module

import pytest

from cdk_pull.agent.fixes.table import TABLE, codes_of
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.rules.engine.registry import all_rules

MODULES = {"linux": "shell", "windows": "powershell", "bottlerocket": "toml"}


def test_every_warning_has_its_row() -> None:
    """No warning is without a rule that reports it."""
    assert set(TABLE) == set(WarningCode)
    assert {row.rule for row in TABLE.values()} <= {rule.id for rule in all_rules()}


@pytest.mark.parametrize("rule", [each for each in all_rules() if each.autofix and each.autofix.codes])
def test_a_rule_fixes_what_it_reports(rule: object) -> None:
    """What a rule fixes of user data is what the table gives it."""
    assert rule.autofix.codes == codes_of(rule.id)  # type: ignore[attr-defined]


@pytest.mark.parametrize("code", TABLE)
def test_every_edit_is_there(code: WarningCode) -> None:
    """The functions that a row names exist, and a row that names none says in words what to do, or the rule does."""
    row = TABLE[code]
    for os, name in row.edits.items():
        assert name in import_module(f"cdk_pull.agent.fixes.{MODULES[os]}").__all__
    assert row.edits or row.by_hand or row.advice
