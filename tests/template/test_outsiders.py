"""Who may change a resource in a way that nobody can read."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.template.assembly import from_document
from cdk_pull.template.outsiders import Outsiders

TABLE = {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": "vpc-1"}}
GIVEN = {"Table": {"Ref": "Table"}}


def _asked(document: dict[str, Any]) -> tuple[str, bool]:
    assembly = from_document(document)
    table = assembly.templates[0].resource("Table")
    assert table is not None
    outsiders = Outsiders(assembly)
    return outsiders.on(table), outsiders.exported(table)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, ""),
        ({"It": {"Type": "Custom::Routes", "Properties": GIVEN}}, "custom resource It"),
        ({"It": {"Type": "AWS::CloudFormation::CustomResource", "Properties": {"A": [GIVEN]}}}, "custom resource It"),
        ({"It": {"Type": "Custom::Routes", "Properties": {"Text": {"Fn::Sub": "a-${Table}"}}}}, "custom resource It"),
        ({"It": {"Type": "Custom::Routes", "Properties": {"Other": {"Ref": "It"}}}}, ""),
        ({"It": {"Type": "Custom::LogRetention", "Properties": GIVEN}}, ""),
        ({"It": {"Type": "AWS::EC2::Route", "Properties": {"RouteTableId": {"Ref": "Table"}}}}, ""),
        (
            {"It": {"Type": "AWS::CloudFormation::Stack", "Properties": {"Parameters": GIVEN}}},
            "nested stack It, which is not read",
        ),
    ],
)  # fmt: skip
def test_who_is_given_it(more: dict[str, Any], said: str) -> None:
    """Custom resources and nested stacks that are not read may change what they are given, and nothing else may."""
    assert _asked({"Resources": {"Table": TABLE, **more}}) == (said, False)


@pytest.mark.parametrize(("output", "exported"), [({"Export": {"Name": "t"}}, True), ({}, False)])
def test_exports(output: dict[str, Any], exported: bool) -> None:  # noqa: FBT001 - of a table
    """What a template that is checked alone exports, another stack may refer to."""
    document = {"Resources": {"Table": TABLE}, "Outputs": {"T": {"Value": {"Ref": "Table"}, **output}}}
    assert _asked(document) == ("", exported)
