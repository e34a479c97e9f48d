"""What a construct is, asked with as few calls to JavaScript as there can be."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

if TYPE_CHECKING:
    from constructs import IConstruct

__all__ = [
    "class_name",
    "depth_of",
    "identity",
    "is_cluster",
    "is_scope",
    "is_synthesized",
    "select",
    "stage_of",
    "stages_below",
    "types_of",
    "warn",
]

_CLUSTER = frozenset({"aws-cdk-lib.aws_ecs.CfnCluster", "aws-cdk-lib.aws_ecs.ICluster"})
_NO_SCOPES = frozenset(
    {"aws-cdk-lib.CfnElement", "aws-cdk-lib.Resource", "aws-cdk-lib.aws_ecs.ContainerDefinition"}
)
# What CDK itself puts into a stack when it writes the stack's template.
_LEFT_BY_SYNTH = ("BootstrapVersion", "CDKMetadata")


def identity(construct: IConstruct) -> str:
    """Return what tells a construct from every other: jsii makes a new Python object for it at each turn."""
    return str(cast("Any", construct).__jsii_ref__.ref)


def types_of(construct: IConstruct) -> set[str]:
    """Return the jsii names of a construct's classes and, for an anonymous one, of its interfaces."""
    names = {getattr(each, "__jsii_declared_type__", None) for each in type(construct).__mro__}
    reference = cast("Any", construct).__jsii_ref__
    # An imported construct is an anonymous Resource, known by its interfaces alone.
    if names == {None}:
        names.update(getattr(reference, "interfaces", None) or ())
        names.add(reference.ref.partition("@")[0])
    return {name for name in names if name}


def class_name(construct: IConstruct) -> str:
    """Return the name of a construct's class for a message, such as ``aws_s3.Bucket``."""
    declared = getattr(type(construct), "__jsii_declared_type__", None)
    name = declared or next(iter(sorted(types_of(construct))), type(construct).__name__)
    return str(name).removeprefix("aws-cdk-lib.")


def is_cluster(construct: IConstruct) -> bool:
    """Tell whether a construct is an ECS cluster, imported or not."""
    return isinstance(construct, ecs.Cluster) or not _CLUSTER.isdisjoint(types_of(construct))


def is_scope(construct: IConstruct) -> bool:
    """Tell whether a construct is one that people put others into: an app, a stage, a stack, a pattern, their own."""
    return _NO_SCOPES.isdisjoint(types_of(construct))


def stage_of(construct: IConstruct) -> IConstruct:
    """Return the stage or app that a construct is written with; a stage is written by itself."""
    if isinstance(construct, cdk.Stage):
        return construct
    return cdk.Stage.of(construct) or construct.node.root


def stages_below(scope: IConstruct, below: list[IConstruct]) -> list[cdk.Stage]:
    """Return the stages among the constructs below a scope, without the scope itself."""
    own = identity(scope)
    return [each for each in below if isinstance(each, cdk.Stage) and identity(each) != own]


def depth_of(construct: IConstruct) -> int:
    """Return how far a construct is from the root of the tree."""
    path = construct.node.path
    return path.count("/") + 1 if path else 0


def select(scope: IConstruct, *resource_types: str) -> list[cdk.CfnResource]:
    """Return the L1 resources of some types in a scope, stages and nested stacks included, in two calls to JavaScript."""
    found = cdk.ConstructSelector.resources_of_type(*resource_types).select(scope)
    return cast("list[cdk.CfnResource]", found)


def is_synthesized(stack: cdk.Stack) -> bool:
    """Tell whether the template of a stack is written: no change reaches it any more.

    CDK shows it by what it adds to a stack then. A stack whose synthesizer adds nothing is taken for one that is not
    written yet.
    """
    return any(stack.node.try_find_child(name) is not None for name in _LEFT_BY_SYNTH)


def warn(scope: IConstruct, warning_id: str, message: str) -> None:
    """Show a warning that can be acknowledged by its id, also for an app or a stage, on which CDK shows none."""
    if not isinstance(scope, cdk.Stage):
        cdk.Annotations.of(scope).add_warning_v2(warning_id, message)
        return
    own = identity(scope)
    # Stages within are written already.
    stacks = [
        each
        for each in scope.node.find_all()
        if isinstance(each, cdk.Stack) and identity(stage_of(each)) == own and not each.nested
    ]
    path = scope.node.path or "the app"
    for stack in stacks[:1]:
        cdk.Annotations.of(stack).add_warning_v2(warning_id, f"{path}: {message}")
    if not stacks:
        cdk.Annotations.of(scope).add_warning_v2(warning_id, message)
        sys.stderr.write(f"cdk-pull: {path}: {message} [{warning_id}]\n")
