from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template

from examples.existing_app import ExistingStack, adopt

CONTEXT = {"@aws-cdk/aws-autoscaling:generateLaunchTemplateInsteadOfLaunchConfig": True}


def template(*, adopted: bool) -> dict[str, Any]:
    """Return the template before or after adopting."""
    stack = ExistingStack(cdk.App(context=CONTEXT), "Stack", env=cdk.Environment(region="eu-central-1"))
    if adopted:
        adopt(stack)
    return dict(Template.from_stack(stack).to_json())


def test_adopting_changes_what_it_says_and_nothing_else() -> None:
    """Adopting by mixins keeps every logical id and changes the user data and the worker's size alone."""
    before, after = template(adopted=False), template(adopted=True)
    assert [key for key in after if key != "Resources" and after[key] != before[key]] == []
    assert list(before["Resources"]) == list(after["Resources"])
    changed = {
        (resource["Type"], part, name)
        for logical_id, resource in after["Resources"].items()
        for part in ("Properties", "Metadata", "UpdatePolicy", "DependsOn")
        for name in _changed(before["Resources"][logical_id].get(part), resource.get(part))
    }
    assert changed == {
        ("AWS::EC2::LaunchTemplate", "Properties", "LaunchTemplateData"),
        ("AWS::ECS::TaskDefinition", "Properties", "Cpu"),
        ("AWS::ECS::TaskDefinition", "Properties", "Memory"),
        ("AWS::ECS::TaskDefinition", "Metadata", "cdk-pull"),
    }


def _changed(before: Any, after: Any) -> list[str]:
    if before == after:
        return []
    assert isinstance(after, dict)
    return [name for name in after if name not in (before or {}) or after[name] != before[name]]
