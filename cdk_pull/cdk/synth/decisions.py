"""How a construct whose template may not change leaves its decision in the cloud assembly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.decision import METADATA_TYPE, Decision

if TYPE_CHECKING:
    from constructs import Node

__all__ = ["record"]


def record(node: Node, decision: Decision) -> None:
    """Leave a decision on a construct's node: it reaches the assembly's metadata, and never the template."""
    node.add_metadata(METADATA_TYPE, decision.to_json())
