"""How a construct leaves its decision in the cloud assembly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.report.decision import METADATA_TYPE, Decision

if TYPE_CHECKING:
    from constructs import IConstruct

__all__ = ["record"]


def record(construct: IConstruct, decision: Decision) -> None:
    """Leave a decision on a construct: it reaches the assembly's metadata, and never the template."""
    construct.node.add_metadata(METADATA_TYPE, decision.to_json())
