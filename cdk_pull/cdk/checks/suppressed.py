"""The findings on a construct that somebody has looked at and keeps, before there is a template to read them from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.cdk.ec2.capacity import identity
from cdk_pull.decision import TEMPLATE_KEY
from cdk_pull.rules.engine.registry import plain_id
from cdk_pull.template.construct_metadata import ACKNOWLEDGED

if TYPE_CHECKING:
    import aws_cdk as cdk

__all__ = ["acknowledged", "kept"]


def acknowledged(resource: cdk.CfnResource, seen: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return the rules acknowledged on a resource or on a construct around it, as CDK names them, with the reasons.

    Args:
        resource: the resource.
        seen: what was found on constructs before; most are around many resources.
    """
    found: dict[str, str] = {}
    for scope in resource.node.scopes:
        key = identity(scope)
        if key not in seen:
            seen[key] = {
                str(rule): str(reason)
                for entry in scope.node.metadata
                if entry.type == ACKNOWLEDGED and isinstance(entry.data, dict)
                for rule, reason in entry.data.items()
            }
        found |= seen[key]
    return found


def kept(resource: cdk.CfnResource) -> set[str]:
    """Return the ids of the rules whose findings on a resource are to stay."""
    ids = set(acknowledged(resource, {}))
    said: Any = resource.get_metadata(TEMPLATE_KEY)
    for entry in (said.get("suppress") or ()) if isinstance(said, dict) else ():
        if isinstance(entry, dict) and str(entry.get("reason", "")).strip():
            ids.add(str(entry.get("id")))
    return {plain_id(each) for each in ids}
