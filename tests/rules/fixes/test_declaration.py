from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest

from cdk_pull.rules.engine.registry import all_rules, find_rule
from cdk_pull.rules.engine.runner import Options, check
from cdk_pull.rules.fixes.apply import fix_tasks
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.support.image_facts import ImageFactsBook
from cdk_pull.template.assembly import from_document

DOCS: Final = Path(__file__).parents[3] / "docs" / "fixes.md"
WEB: Final = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.0.0"


@pytest.mark.parametrize(
    ("fix", "expected"),
    [
        (Autofix(changes=Changes.IMAGE, safe="x"), "PullFixes() does it where it is certain what was meant"),
        (Autofix(changes=Changes.IMAGE, unsafe="x"), 'PullFixes(unsafe=["PULL1"]) does it'),
        (
            Autofix(changes=Changes.IMAGE, safe="x", unsafe="y"),
            'PullFixes() does it where that is safe, PullFixes(unsafe=["PULL1"]) elsewhere, too',
        ),
    ],
)
def test_hint(fix: Autofix, expected: str) -> None:
    """A finding's fix says which call of the mixin does it."""
    assert fix.hint("PULL1") == expected


def test_the_docs_have_every_fix() -> None:
    """docs/fixes.md has each fixed rule in its table, and says in the right column whether it is safe."""
    said: dict[str, tuple[bool, bool]] = {}
    for ids, safe, unsafe in re.findall(
        r"^\| (PULL[^|]*) \| ?([^|]*)\| ?([^|]*)\|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE
    ):
        for rule_id in ids.split(", "):
            said[rule_id] = bool(safe.strip()), bool(unsafe.strip())
    assert said == {
        rule.id: (bool(rule.autofix.safe), bool(rule.autofix.unsafe)) for rule in all_rules() if rule.autofix
    }


def _template(**properties: Any) -> dict[str, Any]:
    task = {"RequiresCompatibilities": ["FARGATE"], "Cpu": "256", "Memory": "512", **properties}
    return {"Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": task}}}


def _fixed(template: dict[str, Any], *ids: str) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    made = fix_tasks(lambda: from_document(template), [find_rule(each) for each in ids], ImageFactsBook())
    properties: dict[str, Any] = template["Resources"]["Task"]["Properties"]
    return properties, [(each.rule.id, each.patch.value) for each in made]


def test_fixes_build_on_one_another() -> None:
    """A rule sees what the one before it has changed."""
    containers = [{"Name": "app", "Image": "python:3.12", "Memory": 700}]
    template = _template(Memory="8192", ContainerDefinitions=containers)
    properties, made = _fixed(template, "PULL201", "PULL207", "PULL209")
    assert (properties["Cpu"], properties["Memory"]) == ("1024", "8192")
    assert containers[0]["Image"] == "python:3.12-slim"
    assert [rule for rule, _ in made] == ["PULL201", "PULL201", "PULL207"]


def test_a_size_that_nothing_holds_stays() -> None:
    """Where no Fargate size is large enough, or a number is none, nothing is changed."""
    for cpu in ("99999", "many"):
        template = _template(Cpu=cpu)
        assert _fixed(template, "PULL201") == (template["Resources"]["Task"]["Properties"], [])


def test_a_list_with_a_condition_stays() -> None:
    """Containers that a condition adds have no certain place."""
    listed = [
        {"Fn::If": ["C", {"Name": "a", "Image": "redis"}, {"Ref": "AWS::NoValue"}]},
        {"Image": "python:3.12"},
    ]
    _, made = _fixed(_template(ContainerDefinitions=listed), "PULL207")
    assert made == []


def test_what_is_suppressed_stays() -> None:
    """A suppression with a reason keeps the finding and what it is about."""
    template = _template(Memory="8192")
    reason = {"id": "PULL201", "reason": "a test of ours"}
    template["Resources"]["Task"]["Metadata"] = {"cdk-pull": {"suppress": [reason]}}
    assert _fixed(template, "PULL201")[1] == []


def test_only_findings_that_are_fixed_say_so() -> None:
    """The fix line of a finding names the mixin where it changes something."""
    far = {"Name": "far", "Image": WEB.replace("eu-west-1", "us-east-1")}
    template = _template(ContainerDefinitions=[far])
    for region, hinted in (("eu-west-1", True), (None, False)):
        [finding] = check([from_document(template, region=region)], Options(select=("PULL301",))).findings
        assert ('(in CDK: PullFixes(unsafe=["PULL301"]) does it)' in finding.fix) == hinted


@pytest.mark.parametrize(("kind", "hinted"), [("LaunchTemplate", True), ("Instance", False)])
def test_a_single_instance_has_no_hint(kind: str, *, hinted: bool) -> None:
    """PullFixes leaves the user data of a single instance alone, so that its findings do not name it."""
    script = {"Fn::Base64": "#!/bin/bash\necho ECS_IMAGE_PULL_BEHAVIOR=Once >> /etc/ecs/ecs.config\n"}
    settings = {"UserData": script}
    properties = {"LaunchTemplateData": settings} if hinted else settings
    resource = {"Type": f"AWS::EC2::{kind}", "Properties": properties}
    (finding,) = check(
        [from_document({"Resources": {"One": resource}})], Options(select=("PULL104",))
    ).findings
    assert ("PullFixes() does it" in finding.fix) == hinted
