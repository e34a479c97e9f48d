"""The one way in which a construct leaves its decisions in the cloud assembly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.decision import METADATA_TYPE, TEMPLATE_KEY, Decision
from cdk_pull.shapes import as_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    import aws_cdk as cdk
    from constructs import Node

__all__ = ["record", "record_in_template", "recorded_in_template"]


def record(node: Node, decision: Decision) -> None:
    """Leave a decision on a construct's node: it reaches the assembly's metadata, and never the template."""
    node.add_metadata(METADATA_TYPE, decision.to_json())


def record_in_template(
    resource: cdk.CfnResource, decisions: Iterable[Decision], *, fresh: bool = False
) -> None:
    """Leave decisions in a resource's CloudFormation metadata, each in place of an earlier one on its topic.

    Args:
        resource: the resource.
        decisions: on one topic each.
        fresh: whether the resource was made just now, and has no metadata yet.
    """
    found = {decision.topic: decision.to_template() for decision in decisions}
    if found:
        resource.add_metadata(TEMPLATE_KEY, {**({} if fresh else _metadata(resource)), **found})


def recorded_in_template(resource: cdk.CfnResource, topic: str) -> dict[str, Any] | None:
    """Return what record_in_template has left on a topic."""
    said = _metadata(resource).get(topic)
    return said if isinstance(said, dict) else None


def _metadata(resource: cdk.CfnResource) -> dict[str, Any]:
    known = resource.get_metadata(TEMPLATE_KEY)
    return as_object(known)
