"""Templates that refer to one another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.template.assembly import Assembly, from_document
from cdk_pull.template.context import Context
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.model import Template
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = {"Fn::Sub": "${AWS::Region}"}


def nested(children: dict[str, dict[str, Any]], parent: dict[str, Any]) -> Template:
    """Return a template whose nested-stack resources stand for others."""
    documents = {"parent": {"Resources": parent}, **children}
    templates = {
        name: Template(key=name, name=name, document=document, context=Context(document=document, home=name))
        for name, document in documents.items()
    }
    assembly = Assembly("all", templates.values())
    for name in children:
        resource = templates["parent"].resource(name)
        assert resource is not None
        assembly.nest(resource, templates[name])
    return templates["parent"]


def stack(**parameters: object) -> dict[str, Any]:
    """Return a nested-stack resource."""
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"Parameters": parameters}}


def test_siblings_with_parameters_of_one_name() -> None:
    """A parameter may come from a sibling's parameter of the same name."""
    child = {
        "Parameters": {"Image": {"Type": "String"}},
        "Outputs": {"Image": {"Value": {"Fn::Sub": "${Image}-x"}}},
        "Resources": {},
    }
    first = stack(Image="nginx:1")
    second = stack(Image={"Fn::GetAtt": ["First", "Outputs.Image"]})
    parent = nested({"First": child, "Second": child}, {"First": first, "Second": second})
    assert evaluate({"Fn::GetAtt": ["Second", "Outputs.Image"]}, parent.context) == "nginx:1-x-x"


def test_subnets_of_a_nested_stack() -> None:
    """Names that a parent joins with commas are the items of the list that its nested stack declares."""
    child = {
        "Parameters": {"Subnets": {"Type": "List<AWS::EC2::Subnet::Id>"}},
        "Outputs": {"Last": {"Value": {"Fn::Select": [1, {"Ref": "Subnets"}]}}},
        "Resources": {},
    }
    subnet = {"Type": "AWS::EC2::Subnet"}
    joined = {"Fn::Join": [",", [{"Ref": "A"}, {"Ref": "B"}]]}
    parent = nested({"Child": child}, {"A": subnet, "B": subnet, "Child": stack(Subnets=joined)})
    last = evaluate({"Fn::GetAtt": ["Child", "Outputs.Last"]}, parent.context)
    assert parent.context.links is not None
    assert (last.symbol, last.home) == ("B", "parent")


def _repositories(value: Callable[[Any], Any], count: int = 30) -> dict[str, Any]:
    repositories = {
        f"R{number}": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": value({"Ref": f"R{number + 1}"})},
        }
        for number in range(count)
    }
    last = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": ""}}
    return {"Resources": {**repositories, f"R{count}": last}}


@pytest.mark.parametrize("copies", [1, 2, 9])
def test_values_that_ask_for_one_another(copies: int) -> None:
    """Each value is worked out once, however many ask for it: thirty that each double the next end at once."""
    document = _repositories(lambda following: {"Fn::Join": ["", [following] * copies]})
    context = from_document(document).templates[0].context
    assert evaluate({"Ref": "R0"}, context) == ""


def test_a_long_chain() -> None:
    """Values that ask for one another a hundred times over are unknown in the end, however deep the caller is."""
    document = _repositories(lambda following: {"Fn::Sub": f"${{{following['Ref']}.Arn}}"}, 300)
    context = from_document(document).templates[0].context

    def called(depth: int) -> Any:
        return called(depth - 1) if depth else evaluate({"Ref": "R0"}, context)

    assert isinstance(called(80), Unknown)


@pytest.mark.parametrize(("stage", "value"), [("prod", "large"), ("test", "small")])
def test_exports_under_conditions(stage: str, value: str) -> None:
    """Of two outputs that export one name, the one counts whose condition holds."""
    prod = {"Fn::Equals": [stage, "prod"]}
    document = {
        "Conditions": {"Prod": prod, "Test": {"Fn::Not": [{"Condition": "Prod"}]}},
        "Outputs": {
            "A": {"Condition": "Prod", "Value": "large", "Export": {"Name": "size"}},
            "B": {"Condition": "Test", "Value": "small", "Export": {"Name": "size"}},
        },
        "Resources": {},
    }
    context = from_document(document).templates[0].context
    assert evaluate({"Fn::ImportValue": "size"}, context) == value


def test_exports_of_two_regions() -> None:
    """An export is looked for in the importing stack's own account and Region."""
    documents = {
        region: {"Outputs": {"O": {"Value": REGION, "Export": {"Name": "here"}}}, "Resources": {}}
        for region in ("eu-west-1", "us-east-1")
    }
    templates = [
        from_document(document, name=region, region=region).templates[0]
        for region, document in documents.items()
    ]
    Assembly("all", templates)
    values = [evaluate({"Fn::ImportValue": "here"}, template.context) for template in templates]
    assert values == ["eu-west-1", "us-east-1"]
