"""Parameters: their types, and what a nested stack is given."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.template.context import Context
from cdk_pull.template.values import Unknown


def parameter(declaration: dict[str, Any], *arguments: Any) -> Any:
    """Return what a parameter comes to, by its default or as it is given."""
    given = dict(zip("P", arguments, strict=False))
    context = Context(document={"Parameters": {"P": declaration}}, arguments=given)
    return context.parameter("P")


@pytest.mark.parametrize(
    ("kind", "default", "value"),
    [
        ("String", "0256", "0256"),
        ("Number", 256, 256),
        ("CommaDelimitedList", "a, b ,c", ["a", "b", "c"]),
        ("CommaDelimitedList", True, ["true"]),
        ("List<Number>", [80, 443], ["80", "443"]),
        ("AWS::EC2::KeyPair::KeyName", "key", "key"),
        ("AWS::SSM::Parameter::Name", "/a/b", "/a/b"),
    ],
)
def test_by_its_type(kind: str, default: object, value: object) -> None:
    """A default, or what a nested stack is given, is read as the type says."""
    assert parameter({"Type": kind, "Default": default}) == value
    assert parameter({"Type": kind}, default) == value


@pytest.mark.parametrize(
    ("declaration", "arguments", "reason"),
    [
        ({"Type": "String"}, [], "parameter P has no default"),
        ({"Type": "String", "Default": {"Ref": "X"}}, [], "parameter P has no default"),
        (
            {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"},
            [],
            "parameter P is read from SSM parameter /a at deployment",
        ),
        (
            {"Type": "AWS::SSM::Parameter::Value<String>"},
            ["/given"],
            "parameter P is read from SSM parameter /given at deployment",
        ),
        ({"Type": "CommaDelimitedList"}, [Unknown(reason="nobody knows")], "nobody knows"),
    ],
)
def test_unknown(declaration: dict[str, Any], arguments: list[object], reason: str) -> None:
    """What the deployment alone knows has its reason."""
    value = parameter(declaration, *arguments)
    assert isinstance(value, Unknown)
    assert value.reason == reason


def test_a_list_of_which_items_are_unknown() -> None:
    """A text of names with commas between them is a list of these names, known or not."""
    subnet = Unknown(reason="the deployment gives Subnet its name", symbol="Subnet", never=",")
    given = Unknown(reason=subnet.reason, pieces=(subnet, ",subnet-2"))
    assert parameter({"Type": "List<AWS::EC2::Subnet::Id>"}, given) == [subnet, "subnet-2"]
