"""The cloud assembly of an app, a stage or a stack, for a test."""

from __future__ import annotations

import aws_cdk as cdk

from cdk_pull.cdk.synth.constructs import stage_of

__all__ = ["synthesized"]


def synthesized(construct: object) -> tuple[str, str] | None:
    """Return the folder of the cloud assembly that a construct is in, and the path of a stack; None for anything else.

    An app or a stage is synthesized, as is the stage of a stack; CDK does that once.
    """
    if isinstance(construct, cdk.Stage):
        return construct.synth().directory, ""
    if isinstance(construct, cdk.Stack):
        stage = stage_of(construct)
        if isinstance(stage, cdk.Stage):
            return stage.synth().directory, construct.node.path
    return None
