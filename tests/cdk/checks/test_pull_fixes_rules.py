"""Every rule that PullFixes fixes, on the templates that fail it."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aws_cdk as cdk
import pytest
from aws_cdk import cloudformation_include as include

import cdk_pull as pull
from cdk_pull.rules.engine.registry import Rule, all_rules
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.template.assembly import from_document

if TYPE_CHECKING:
    from cdk_pull.rules.engine.finding import Finding

FIXTURES: Final = Path(__file__).parents[2] / "rules" / "fixtures"
Fixed: Final = [rule for rule in all_rules() if rule.autofix is not None]
ACCOUNT: Final = "111122223333"
# Faults of user data that nobody but a person can fix, by fixture; findings of other rules say so themselves.
LEFT: Final = {"PULL110/fail_table.yaml": "a whole table that Bottlerocket has not for ECS"}
# What is not safe in the fixtures of a rule that has safe fixes, too.
WEIGHED: Final = frozenset(
    {
        "PULL106/fail_no_cluster.yaml",
        "PULL106/fail_own_ami.yaml",
        "PULL108/fail.yaml",
        "PULL113/fail.yaml",
        "PULL117/fail_no_shebang.yaml",
        "PULL117/fail_typographic.yaml",
    }
)


def _fixtures(rule: Rule) -> list[str]:
    return [f"{rule.id}/{path.name}" for path in sorted((FIXTURES / rule.id).glob("fail*.yaml"))]


ALL: Final = [(rule, name) for rule in Fixed for name in _fixtures(rule)]


def _template(name: str, *fixes: pull.PullFixes) -> dict[str, Any]:
    """Return what CDK writes for a fixture, with fixes applied to the app."""
    text = (FIXTURES / name).read_text(encoding="utf-8")
    region = _region(name)
    app = cdk.App()
    stack = cdk.Stack(app, "S", env=cdk.Environment(account=ACCOUNT, region=region) if region else None)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        # CDK's class has it as required.
        file.write(text.replace("ImageId: ami-1\n", "ImageId: ami-1\n      InstanceType: m7i.large\n"))
        file.flush()
        include.CfnInclude(stack, "Template", template_file=file.name)
    for each in fixes:
        cdk.Mixins.of(app).apply(each)
    template: dict[str, Any] = app.synth().get_stack_by_name("S").template
    return template


def _region(name: str) -> str | None:
    said = re.search(r"^# region: (.*)$", (FIXTURES / name).read_text(encoding="utf-8"), re.MULTILINE)
    return said[1] if said else None


def _found(name: str, template: dict[str, Any]) -> list[Finding]:
    assembly = from_document(template, account=ACCOUNT, region=_region(name))
    return [*check([assembly], Options(select=(name.partition("/")[0],))).findings]


def _to_fix(name: str, template: dict[str, Any]) -> list[Finding]:
    """Return the findings that name the mixin, but for those that are known to need a person all the same."""
    return [each for each in _found(name, template) if "(in CDK: PullFixes" in each.fix and name not in LEFT]


def _fixes(rule: Rule) -> pull.PullFixes:
    return pull.PullFixes(unsafe=[rule.id] if rule.autofix and rule.autofix.unsafe else [])


@pytest.mark.parametrize(("rule", "name"), ALL, ids=[name for _, name in ALL])
def test_the_rule_finds_nothing_after_the_fix(rule: Rule, name: str) -> None:
    """What the rule found is fixed, no logical id changes, and a second time nothing does."""
    before = _template(name)
    assert _found(name, before)
    after = _template(name, _fixes(rule))
    assert _to_fix(name, after) == []
    assert (after == before) == (not _to_fix(name, before))
    assert [*after["Resources"]] == [*before["Resources"]]
    fixes = _fixes(rule)
    assert _template(name, fixes, fixes, _fixes(rule)) == after


@pytest.mark.parametrize(("rule", "name"), ALL, ids=[name for _, name in ALL])
def test_only_what_is_safe_is_done_unasked(rule: Rule, name: str) -> None:
    """Without being named, a fix that a person has to weigh changes nothing."""
    before, after = _template(name), _template(name, pull.PullFixes(select=[rule.id]))
    assert rule.autofix is not None
    left = not rule.autofix.safe or name in WEIGHED or not _to_fix(name, before)
    assert (after == before) == left
    assert bool(_found(name, after)) == left


@pytest.mark.parametrize(("rule", "name"), ALL, ids=[name for _, name in ALL])
def test_other_findings_do_not_come(rule: Rule, name: str) -> None:
    """No fix brings a finding that was not there before it."""
    document = _template(name, _fixes(rule))
    region = _region(name)
    before = check([from_document(_template(name), account=ACCOUNT, region=region)]).findings
    after = check([from_document(document, account=ACCOUNT, region=region)]).findings
    known = {(each.rule, each.logical_id) for each in before}
    # A behaviour that takes effect for the first time is then judged, and an image in a cache needs a role to fetch it.
    expected = {("PULL102", "Launch"), ("PULL306", "Td")}
    assert {(each.rule, each.logical_id) for each in after} - known <= expected


@pytest.mark.parametrize("rule", Fixed, ids=lambda rule: rule.id)
def test_each_fix_is_declared(rule: Rule) -> None:
    """The rule names the mixin, and its page says how to apply it and what changes in the deployed stack."""
    assert rule.autofix is not None
    assert rule.mixin
    page = rule.autofix.page(rule.id)
    assert page.endswith(f"This changes {rule.autofix.changes.value}.")
    assert ("`PullFixes()`" in page) == bool(rule.autofix.safe)
    assert (f'`PullFixes(unsafe=["{rule.id}"])`' in page) == bool(rule.autofix.unsafe)
