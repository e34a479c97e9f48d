from __future__ import annotations

import pytest

from cdk_pull.template.assembly import Assembly
from cdk_pull.template.context import Context, Environment
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.model import Template
from cdk_pull.template.values import Unknown


def template(name: str, region: str | None, value: object) -> Template:
    """Return the template of a stack with one output."""
    document = {"Resources": {}, "Outputs": {"Out": {"Value": value}}}
    context = Context(Environment(region=region), document, stack_name=name, home=f"{name}-{region}")
    return Template(key=context.home, name=name, document=document, context=context)


def asked(argument: object) -> object:
    """Evaluate Fn::GetStackOutput among three stacks."""
    oregon = template("A", "us-west-2", {"Ref": "AWS::Region"})
    assembly = Assembly(
        "all", [template("A", "eu-west-1", "ireland"), oregon, template("B", None, "anywhere")]
    )
    return evaluate({"Fn::GetStackOutput": argument}, assembly.templates[-1].context)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ({"StackName": "A", "OutputName": "Out", "Region": "us-west-2"}, "us-west-2"),
        ({"StackName": "A", "OutputName": "Out", "Region": "eu-west-1"}, "ireland"),
        ({"StackName": "A", "OutputName": "Out"}, "ireland"),
        ({"StackName": "B", "OutputName": "Out", "Region": {"Ref": "AWS::Region"}}, "anywhere"),
        ({"StackName": "B", "OutputName": {"Fn::Join": ["", ["O", "ut"]]}}, "anywhere"),
        (
            {
                "StackName": "arn:aws:cloudformation:us-west-2:111122223333:stack/A/*",
                "OutputName": "Out",
                "Region": "us-west-2",
                "RoleArn": "arn",
            },
            "us-west-2",
        ),
    ],
)
def test_known(argument: object, value: str) -> None:
    """An output is found by stack name, or by the name in an ARN, in the Region that is asked for."""
    assert asked(argument) == value


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ({"StackName": "C", "OutputName": "Out"}, "no stack C with an output Out is here"),
        ({"StackName": "A", "OutputName": "Other"}, "no stack A with an output Other is here"),
        (
            {"StackName": "A", "OutputName": "Out", "Region": "eu-north-1"},
            "no stack A with an output Out is here",
        ),
        ({"StackName": {"Ref": "AWS::AccountId"}, "OutputName": "Out"}, "the stack's account is not known"),
        ({"StackName": ["A"], "OutputName": "Out"}, "Fn::GetStackOutput is malformed"),
        ("A.Out", "Fn::GetStackOutput is malformed"),
    ],
)
def test_unknown(argument: object, reason: str) -> None:
    """What is not here, or not well formed, is unknown with the reason."""
    value = asked(argument)
    assert isinstance(value, Unknown)
    assert value.reason.startswith(reason)


def test_without_links() -> None:
    """A template by itself does not know another stack's output."""
    value = evaluate({"Fn::GetStackOutput": {"StackName": "A", "OutputName": "Out"}}, Context())
    assert isinstance(value, Unknown)
    assert value.reason == "output Out belongs to stack A"


def test_output_that_refers_to_itself() -> None:
    """A circle ends as an unknown."""
    circle = template("A", None, {"Fn::GetStackOutput": {"StackName": "A", "OutputName": "Out"}})
    value = evaluate(
        circle.document["Outputs"]["Out"]["Value"], Assembly("all", [circle]).templates[0].context
    )
    assert isinstance(value, Unknown)
    assert value.reason == "Out refers to itself"
