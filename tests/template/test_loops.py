"""``Fn::ForEach`` of the language extensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.template.assembly import from_document
from cdk_pull.template.errors import TemplateError
from cdk_pull.template.load import load

if TYPE_CHECKING:
    from pathlib import Path


def _resources(resources: dict[str, Any], **sections: Any) -> dict[str, Any]:
    document = {"Transform": ["AWS::LanguageExtensions"], "Resources": resources, **sections}
    return from_document(document, name="t").templates[0].context.resources


def test_a_loop_is_written_out() -> None:
    """Names, Refs and texts take the variable's value; ``&{}`` only its letters and digits."""
    task = {"Type": "T", "Properties": {"Family": {"Ref": "Name"}, "Image": {"Fn::Sub": "a:${Name}"}}}
    assert _resources({"Fn::ForEach::Tasks": ["Name", ["x-1", "y"], {"Task&{Name}": task}]}) == {
        "Taskx1": {"Type": "T", "Properties": {"Family": "x-1", "Image": {"Fn::Sub": "a:x-1"}}},
        "Tasky": {"Type": "T", "Properties": {"Family": "y", "Image": {"Fn::Sub": "a:y"}}},
    }


def test_loops_within_loops() -> None:
    """An inner loop sees the outer variable, in its list as well, and properties can be made by a loop."""
    inner = {"Fn::ForEach::B": ["J", [{"Ref": "I"}, "k"], {"R${I}${J}": {"Type": "T", "Properties": {}}}]}
    loop = {"Fn::ForEach::C": ["P", ["X", "Y"], {"Size${P}": {"Ref": "P"}}]}
    found = _resources({"Fn::ForEach::A": ["I", ["i"], inner], "Plain": {"Type": "T", "Properties": loop}})
    assert list(found) == ["Rii", "Rik", "Plain"]
    assert found["Plain"]["Properties"] == {"SizeX": "X", "SizeY": "Y"}


def test_a_list_from_a_parameter() -> None:
    """A parameter's default is gone over; without one the loop is written out once, with its variable as it is."""
    loop = {"Fn::ForEach::A": ["I", {"Ref": "Names"}, {"R${I}": {"Type": "T"}}]}
    names = {"Type": "CommaDelimitedList", "Default": "a, b"}
    assert list(_resources(loop, Parameters={"Names": names})) == ["Ra", "Rb"]
    assert list(_resources(loop, Parameters={"Names": {"Type": "CommaDelimitedList"}})) == ["R${I}"]


def test_what_is_no_loop_stays() -> None:
    """A malformed loop, and one of a template without the language extensions, makes no resources."""
    odd = {"Fn::ForEach::A": ["I", ["a"]], "Fn::ForEach::B": 5}
    assert _resources(odd) == odd
    loop = {"Fn::ForEach::A": ["I", ["a"], {"R${I}": {"Type": "T"}}]}
    assert from_document({"Resources": loop}).templates[0].context.resources == loop


def test_loops_that_multiply() -> None:
    """Loops that would fill the memory are refused."""
    body: dict[str, Any] = {"R": {"Type": "T"}}
    for level in range(9):
        body = {f"Fn::ForEach::L{level}": [f"V{level}", [str(n) for n in range(20)], body]}
    with pytest.raises(TemplateError, match="t makes more than 5000000 characters by Fn::ForEach"):
        _resources(body)


def test_lines_of_a_loop(tmp_path: Path) -> None:
    """A resource that a loop makes stands where the loop's body names it."""
    file = tmp_path / "t.yaml"
    file.write_text(
        "Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::Tasks:\n    - Name\n    - [a, b]\n"
        "    - Task${Name}:\n        Type: AWS::ECS::TaskDefinition\n        Properties:\n          Cpu: 1\n"
    )
    (assembly,) = load([file]).assemblies
    tasks = assembly.templates[0].of_type("AWS::ECS::TaskDefinition")
    assert [(each.logical_id, each.line("Properties", "Cpu")) for each in tasks] == [
        ("Taska", 9),
        ("Taskb", 9),
    ]
