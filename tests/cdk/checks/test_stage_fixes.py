"""Task definitions of nested stacks, whose templates CDK names before it validates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull

if TYPE_CHECKING:
    from pathlib import Path

    from constructs import Construct, IConstruct

ENV: Final = cdk.Environment(account="111122223333", region="eu-west-1")
WEB: Final = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.0.0"


def task(scope: Construct) -> None:
    """Add a task definition of a size that Fargate does not run."""
    definition = ecs.FargateTaskDefinition(scope, "Task", cpu=256, memory_limit_mib=8192)
    definition.add_container("app", image=ecs.ContainerImage.from_registry(WEB))


@pytest.mark.parametrize("fixed", [False, True])
def test_a_nested_stack_is_deployed_anew(tmp_path: Path, *, fixed: bool) -> None:
    """CDK names a nested stack's template by what is in it: a fix changes the name, or it would never be deployed."""
    named: list[list[str]] = []
    for fixes in ([], [pull.PullFixes()] if fixed else []):
        app = cdk.App(outdir=str(tmp_path / str(len(named))))
        stack = cdk.Stack(app, "S", env=ENV)
        inner = cdk.NestedStack(cdk.NestedStack(stack, "Outer"), "Inner")
        task(inner)
        cdk.Mixins.of(app).apply(*fixes)
        app.synth()
        assets = json.loads((tmp_path / str(len(named)) / "S.assets.json").read_text(encoding="utf-8"))
        named.append(sorted(assets["files"]))
    assert (named[0] == named[1]) != fixed
    assert bool({*named[0]} & {*named[1]}) != fixed


def test_what_an_aspect_adds_is_there() -> None:
    """A container that an aspect adds to a task of a nested stack is not lost."""
    app = cdk.App()
    cdk.Mixins.of(app).apply(pull.PullFixes())
    nested = cdk.NestedStack(cdk.Stack(app, "S", env=ENV), "Nested")
    task(nested)

    @jsii.implements(cdk.IAspect)
    class Sidecar:
        def visit(self, node: IConstruct) -> None:
            if isinstance(node, ecs.FargateTaskDefinition):
                image = ecs.ContainerImage.from_registry(WEB)
                node.add_container("sidecar", image=image)

    cdk.Aspects.of(app).add(Sidecar())
    (body,) = Template.from_stack(nested).find_resources("AWS::ECS::TaskDefinition").values()
    assert [each["Name"] for each in body["Properties"]["ContainerDefinitions"]] == ["app", "sidecar"]
    assert (body["Properties"]["Cpu"], body["Properties"]["Memory"]) == ("1024", "8192")
