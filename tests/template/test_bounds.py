"""Templates of a few bytes that stand for more than memory holds: evaluated within bounds, and said to be too large."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.report.formats import render
from cdk_pull.rules.engine.runner import check
from cdk_pull.template.assembly import from_document
from cdk_pull.template.context import TOO_LARGE, Context, Environment
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.load import load
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECONDS, BYTES = 5, 300_000_000
MAP = {"Fn::FindInMap": ["M", "a", "b"]}


def _task(image: Any, **more: Any) -> dict[str, Any]:
    container = {"Name": "c", "Image": image}
    properties = {
        "RequiresCompatibilities": ["FARGATE"],
        "Cpu": "256",
        "Memory": "512",
        "ContainerDefinitions": [container],
        **more,
    }
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}


def _nested(value: Any, levels: int, around: Callable[[Any], Any]) -> Any:
    for _ in range(levels):
        value = around(value)
    return value


def _of(value: Any, **sections: Any) -> dict[str, Any]:
    return {**sections, "Resources": {"T": _task(value)}}


def _many(value: Any, number: int, **sections: Any) -> dict[str, Any]:
    return {**sections, "Resources": {f"T{index}": _task(value) for index in range(number)}}


def _parameter(default: str, kind: str = "String") -> dict[str, Any]:
    return {"P": {"Type": kind, "Default": default}}


DOCUMENTS: dict[str, Any] = {
    "a map of itself twice": _of(
        {"Fn::Select": [0, MAP]}, Mappings={"M": {"a": {"b": [MAP, MAP]}}}
    ),
    "a map of itself ten times": _of({"Fn::Join": ["", MAP]}, Mappings={"M": {"a": {"b": [MAP] * 10}}}),
    "a chain of maps": _of(
        {"Fn::Join": ["", {"Fn::FindInMap": ["M", "a0", "b"]}]},
        Mappings={"M": {f"a{i}": {"b": [{"Fn::FindInMap": ["M", f"a{i + 1}", "b"]}] * 2} for i in range(99)}},
    ),
    "two maps of each other": _of(
        {"Fn::Join": ["", MAP]},
        Mappings={
            "M": {"a": {"b": [{"Fn::FindInMap": ["N", "a", "b"]}] * 3}},
            "N": {"a": {"b": [MAP] * 3}},
        },
    ),
    "strings of strings": _of(_nested('"', 45, lambda value: {"Fn::ToJsonString": [value]})),
    "strings of objects": _of(_nested("\\", 30, lambda value: {"Fn::ToJsonString": {"a": value}})),
    "strings of a large parameter": _of(
        _nested([{"Ref": "P"}] * 50, 3, lambda value: {"Fn::ToJsonString": value}),
        Parameters=_parameter('"' * 400_000),
    ),
    "a large parameter in many": _many({"Fn::Sub": "${P}-"}, 1500, Parameters=_parameter("x" * 500_000)),
    "a large parameter joined": _many(
        {"Fn::Join": ["-", [{"Ref": "P"}] * 400]}, 100, Parameters=_parameter("x" * 2000)
    ),
    "a long list in many": _many(
        {"Fn::Select": ["7", {"Ref": "P"}]}, 1500, Parameters=_parameter("," * 400_000, "CommaDelimitedList")
    ),
    "a long string split in many": _many(
        {"Fn::Join": ["", {"Fn::Split": ["a", {"Ref": "P"}]}]}, 1500, Parameters=_parameter("a" * 400_000)
    ),
    "unknown pieces in many": _many({"Fn::Sub": "${O}" * 2000}, 60, Parameters={"O": {"Type": "String"}}),
    "conditions of conditions": {
        "Conditions": {f"C{i}": {"Fn::Or": [{"Condition": f"C{i + 1}"}] * 10} for i in range(90)},
        "Resources": {"T": {**_task("x"), "Condition": "C0"}},
    },
    "a loop of loops": {
        "Transform": "AWS::LanguageExtensions",
        "Resources": _nested({"T${X}": _task("a")}, 20, lambda value: {"Fn::ForEach::L": ["X", ["1", "2"], value]}),
    },
    "four thousand containers": {
        "Resources": {
            "T": _task("x", ContainerDefinitions=[{"Name": f"c{i}", "Image": f"nginx:{i}"} for i in range(4000)])
        }
    },
    "four thousand lines of user data": {
        "Resources": {
            "L": {
                "Type": "AWS::AutoScaling::LaunchConfiguration",
                "Properties": {
                    "UserData": {
                        "Fn::Base64": "#!/bin/bash\n" + "echo ECS_IMAGE_PULL_BEHAVIOR=Once >> /etc/ecs/ecs.config\n" * 4000
                    }
                },
            }
        }
    },
    "invalid sizes": {"Resources": {f"T{i}": _task("x", Cpu=300 + i, Memory=1000 + i) for i in range(4000)}},
    "huge sizes": {"Resources": {f"T{i}": _task("x", Cpu=10**400, Memory="9" * 400) for i in range(200)}},
    "huge numbers": _of({"Fn::Sub": ["${A}", {"A": 10**4000}]}),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_within_bounds(name: str, tmp_path: Path) -> None:
    """Each ends within 5 s and 300 MB in a report that can be read."""
    file = tmp_path / "t.json"
    file.write_text(json.dumps(DOCUMENTS[name]))
    assert file.stat().st_size < 1_000_000
    begin = time.process_time()
    loaded = load([file])
    result = check(loaded.assemblies)
    json.loads(render(result, "json"))
    assert time.process_time() - begin < SECONDS
    assert [finding.message for finding in result.findings if finding.rule == "PULL000"] == []
    assert all("report it" not in error for error in result.errors)


@pytest.mark.parametrize("name", ["a map of itself ten times", "a chain of maps", "strings of strings"])
def test_memory(name: str) -> None:
    """What once took gigabytes takes a few megabytes."""
    tracemalloc.start()
    check([from_document(DOCUMENTS[name])])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < BYTES / 10


@pytest.mark.parametrize(
    "name",
    ["strings of strings", "a large parameter in many", "a long string split in many", "a long list in many"],
)
def test_what_is_too_large_is_said(name: str) -> None:
    """What was cut off is an error of the report, so that no silence reads as nothing found."""
    result = check([from_document(DOCUMENTS[name], name="t")])
    assert result.errors == (
        f"t is {TOO_LARGE} in full; write its values out, or split it into smaller templates",
    )


def test_the_value_is_an_explicit_unknown() -> None:
    """The value itself says why it is unknown."""
    (assembly,) = (from_document(DOCUMENTS["strings of strings"]),)
    task = assembly.templates[0].resource("T")
    assert task is not None
    value = task.values["ContainerDefinitions"][0]["Image"]
    assert isinstance(value, Unknown)
    assert value.reason == TOO_LARGE


def test_one_large_value_hides_no_other() -> None:
    """What a value takes too much of is not taken from the others."""
    document = _of(_nested('"', 45, lambda value: {"Fn::ToJsonString": [value]}))
    document["Resources"]["U"] = _task({"Fn::Sub": "nginx:${AWS::Region}"}, Cpu="300")
    result = check([from_document(document, region="eu-west-1")])
    assert "PULL201" in {finding.rule for finding in result.findings if finding.logical_id == "U"}


def test_large_templates_are_checked_in_full() -> None:
    """A template far beyond what CloudFormation takes is not cut off: each resource brings steps of its own."""
    context = Context(Environment(region="eu-west-1"))
    value = [{"Ref": "AWS::Region"}] * 30
    for _ in range(20_000):
        evaluate(value, context)
    assert not context.cut_off
