"""The findings on a construct that somebody has looked at and keeps, before there is a template to read them from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdk_pull.report.decision import TEMPLATE_KEY
from cdk_pull.rules.suppress import PLUGIN
from cdk_pull.template.construct_metadata import ACKNOWLEDGED

if TYPE_CHECKING:
    import aws_cdk as cdk

__all__ = ["acknowledged", "kept"]


def acknowledged(resource: cdk.CfnResource) -> dict[str, str]:
    """Return the rules acknowledged on a resource or on a construct around it, as CDK names them, with the reasons."""
    found: dict[str, str] = {}
    for scope in resource.node.scopes:
        for entry in scope.node.metadata:
            if entry.type == ACKNOWLEDGED and isinstance(entry.data, dict):
                found |= {str(rule): str(reason) for rule, reason in entry.data.items()}
    return found


def kept(resource: cdk.CfnResource) -> set[str]:
    """Return the ids of the rules whose findings on a resource are to stay."""
    ids = set(acknowledged(resource))
    said: Any = resource.get_metadata(TEMPLATE_KEY)
    for entry in (said.get("suppress") or ()) if isinstance(said, dict) else ():
        if isinstance(entry, dict) and str(entry.get("reason", "")).strip():
            ids.add(str(entry.get("id")))
    return {each.removeprefix(f"{PLUGIN}::") for each in ids}
