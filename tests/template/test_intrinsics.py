"""Intrinsic functions, and what stays unknown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.template.context import Context, Environment
from cdk_pull.template.intrinsics import evaluate
from cdk_pull.template.values import NO_VALUE, Unknown

HERE = Environment("123456789012", "eu-west-1")
DOCUMENT: dict[str, Any] = {
    "Parameters": {
        "Tag": {"Type": "String", "Default": "v7"},
        "Open": {"Type": "String"},
        "Zones": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Ami": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/aws/service/ecs/x"},
        "Count": {"Type": "Number", "Default": 3},
    },
    "Mappings": {"Env": {"prod": {"Size": "1024", "List": ["x", "y"]}}},
    "Conditions": {
        "Yes": {"Fn::Equals": [{"Ref": "Tag"}, "v7"]},
        "No": {"Fn::Not": [{"Condition": "Yes"}]},
        "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
        "Either": {"Fn::Or": [{"Condition": "No"}, {"Condition": "Yes"}]},
        "Perhaps": {"Fn::Equals": [{"Ref": "Open"}, "x"]},
        "NoAnyway": {"Fn::And": [{"Condition": "Perhaps"}, {"Condition": "No"}]},
        "Loop": {"Fn::Not": [{"Condition": "Loop"}]},
    },
    "Resources": {
        "Repo": {"Type": "AWS::ECR::Repository"},
        "Named": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": {"Fn::Sub": "app-${Tag}"}},
        },
        "Selfish": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": {"Fn::GetAtt": ["Selfish", "RepositoryUri"]}},
        },
    },
}


def _context(environment: Environment = HERE) -> Context:
    return Context(environment, DOCUMENT, stack_name="Api", home="t")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Tag"}, "v7"),
        ({"Ref": "Count"}, 3),
        ({"Ref": "Zones"}, ["a", "b"]),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        ({"Ref": "AWS::StackName"}, "Api"),
        ({"Ref": "AWS::NoValue"}, NO_VALUE),
        ({"Fn::Join": ["-", ["a", {"Ref": "Tag"}, 1, True]]}, "a-v7-1-true"),
        ({"Fn::Join": [",", {"Ref": "Zones"}]}, "a,b"),
        ({"Fn::Join": ["/", ["a", {"Ref": "AWS::NoValue"}, "b"]]}, "a/b"),
        ({"Fn::Sub": "${Tag}/${!Literal}/${AWS::AccountId}"}, "v7/${Literal}/123456789012"),
        ({"Fn::Sub": ["${A}-${Tag}", {"A": {"Ref": "Count"}}]}, "3-v7"),
        ({"Fn::Sub": "${Named.RepositoryUri}:1"}, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app-v7:1"),
        ({"Fn::Select": [1, {"Fn::Split": [":", "a:b:c"]}]}, "b"),
        ({"Fn::Select": ["0", ["x"]]}, "x"),
        ({"Fn::FindInMap": ["Env", "prod", "Size"]}, "1024"),
        ({"Fn::FindInMap": ["Env", "prod", "List"]}, ["x", "y"]),
        ({"Fn::FindInMap": ["Env", "test", "Size", {"DefaultValue": "256"}]}, "256"),
        ({"Fn::If": ["Yes", "a", "b"]}, "a"),
        ({"Fn::If": ["No", "a", "b"]}, "b"),
        ({"Fn::If": ["Both", "a", "b"]}, "b"),
        ({"Fn::If": ["Either", "a", "b"]}, "a"),
        ({"Fn::If": ["NoAnyway", "a", "b"]}, "b"),
        ({"Fn::If": ["Perhaps", "same", "same"]}, "same"),
        ({"Fn::Base64": {"Fn::Sub": "tag=${Tag}"}}, "tag=v7"),
        ({"Fn::GetAtt": ["Named", "Arn"]}, "arn:aws:ecr:eu-west-1:123456789012:repository/app-v7"),
        ({"Fn::GetAtt": "Named.Arn"}, "arn:aws:ecr:eu-west-1:123456789012:repository/app-v7"),
        ({"Ref": "Named"}, "app-v7"),
        ({"Fn::Length": {"Ref": "Zones"}}, 2),
        ({"Fn::ToJsonString": {"a": {"Ref": "Tag"}}}, '{"a":"v7"}'),
        ({"A": {"Ref": "Tag"}, "B": {"Ref": "AWS::NoValue"}}, {"A": "v7"}),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
    ],
)
def test_known(value: object, expected: object) -> None:
    """What the template says is evaluated as CloudFormation would."""
    assert evaluate(value, _context()) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"Ref": "Open"}, "parameter Open has no default"),
        ({"Ref": "Ami"}, "parameter Ami is read from SSM parameter /aws/service/ecs/x at deployment"),
        ({"Ref": "Nowhere"}, "Nowhere is not in the template"),
        ({"Ref": ["x"]}, "Ref is malformed"),
        ({"Fn::Join": "x"}, "Fn::Join is malformed"),
        ({"Fn::Join": ["", [["x"]]]}, "a list or an object is used as a string"),
        ({"Fn::Sub": []}, "Fn::Sub is malformed"),
        ({"Fn::Select": [5, ["a"]]}, "Fn::Select asks for item 5 of 1"),
        ({"Fn::Select": [-1, ["a"]]}, "Fn::Select is malformed"),
        ({"Fn::Split": ["", "abc"]}, "Fn::Split has no delimiter"),
        ({"Fn::FindInMap": ["Env", "test", "Size"]}, "mapping Env has no test / Size"),
        ({"Fn::FindInMap": ["Gone", "test", "Size"]}, "what mapping Gone holds is not known here"),
        ({"Fn::If": ["Perhaps", "a", "b"]}, "parameter Open has no default"),
        ({"Fn::If": ["Loop", "a", "b"]}, "Loop refers to itself"),
        ({"Fn::If": ["Gone", "a", "b"]}, "condition Gone is not declared"),
        ({"Fn::ImportValue": "x"}, "export x belongs to another stack"),
        ({"Fn::GetAtt": ["Repo", "Size"]}, "the deployment gives Repo its Size"),
        ({"Fn::GetAZs": ""}, "Fn::GetAZs is not evaluated"),
        ({"Fn::Transform": {}}, "Fn::Transform is not evaluated"),
        ({"Ref": "AWS::StackId"}, "AWS::StackId is known at deployment only"),
    ],
)
def test_unknown(value: object, reason: str) -> None:
    """What nobody can know is an Unknown with its reason, and so is what is malformed."""
    result = evaluate(value, _context())
    assert isinstance(result, Unknown)
    assert result.reason == reason


def test_a_text_keeps_its_known_pieces() -> None:
    """One unknown Ref leaves the rest of a text readable, and says which symbol it is."""
    value = {
        "Fn::Join": ["", ["#!/bin/bash\necho ECS_CLUSTER=", {"Ref": "Cluster"}, " >> /etc/ecs/ecs.config\n"]]
    }
    result = evaluate(value, _context())
    assert isinstance(result, Unknown)
    assert str(result) == "#!/bin/bash\necho ECS_CLUSTER=${Cluster} >> /etc/ecs/ecs.config\n"
    (before, cluster, after) = result.pieces
    assert (before, after) == ("#!/bin/bash\necho ECS_CLUSTER=", " >> /etc/ecs/ecs.config\n")
    assert isinstance(cluster, Unknown)
    assert (cluster.symbol, cluster.home, cluster.origin) == ("Cluster", "t", {"Ref": "Cluster"})


def test_cdk_image_of_a_repository_without_a_name() -> None:
    """The Join over Select and Split that CDK writes for a repository comes to account, Region and repository."""
    arn = {"Fn::GetAtt": ["Repo", "Arn"]}
    value = {
        "Fn::Join": [
            "",
            [
                {"Fn::Select": [4, {"Fn::Split": [":", arn]}]},
                ".dkr.ecr.",
                {"Fn::Select": [3, {"Fn::Split": [":", arn]}]},
                ".",
                {"Ref": "AWS::URLSuffix"},
                "/",
                {"Ref": "Repo"},
                ":latest",
            ],
        ]
    }
    assert str(evaluate(value, _context())) == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/${Repo}:latest"
    agnostic = evaluate(value, _context(Environment()))
    assert str(agnostic) == "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/${Repo}:latest"


def test_an_unknown_text_is_not_split_at_what_it_might_hold() -> None:
    """A parameter may hold the delimiter, so nothing is known of the parts."""
    result = evaluate({"Fn::Select": [1, {"Fn::Split": [":", {"Fn::Sub": "a:${Open}:b"}]}]}, _context())
    assert isinstance(result, Unknown)


def test_a_split_without_a_delimiter() -> None:
    """Nothing is known of it, whether the text is known or not."""
    for text in ("a", "a${AWS::Region}"):
        result = evaluate({"Fn::Split": ["", {"Fn::Sub": text}]}, _context(Environment()))
        assert isinstance(result, Unknown)
        assert result.reason == "Fn::Split has no delimiter"


def test_a_name_that_refers_to_itself_ends() -> None:
    """A repository named after its own URI is unknown, not endless."""
    result = evaluate({"Fn::GetAtt": ["Selfish", "RepositoryUri"]}, _context())
    assert isinstance(result, Unknown)
    assert result.reason == "Selfish refers to itself"


def test_depth_is_bounded() -> None:
    """A value nested beyond any template's depth is unknown rather than a crash."""
    value: object = "x"
    for _ in range(5000):
        value = {"Fn::Base64": value}
    assert isinstance(evaluate(value, _context()), Unknown)


def test_china() -> None:
    """Partition and domain follow the Region."""
    cn = _context(Environment("1", "cn-north-1"))
    assert evaluate({"Fn::Sub": "${AWS::Partition} ${AWS::URLSuffix}"}, cn) == "aws-cn amazonaws.com.cn"


NAMES = st.sampled_from(
    [
        "Ref",
        "Fn::Sub",
        "Fn::Join",
        "Fn::If",
        "Fn::Select",
        "Fn::Split",
        "Fn::GetAtt",
        "Fn::FindInMap",
        "Fn::ImportValue",
        "Fn::Base64",
        "Fn::Length",
        "Fn::ToJsonString",
        "Fn::Odd",
    ]
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.sampled_from(["Tag", "Open", "Repo", "Zones", "Yes", "Perhaps", "AWS::Region", "${Tag}", "Repo.Arn"]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=20,
)


@given(VALUES)
def test_nothing_is_raised(value: object) -> None:
    """Whatever shape a value has, it evaluates to something."""
    evaluate(value, _context())
