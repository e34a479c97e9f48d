"""What is acknowledged or suppressed on a construct, before there is a template to read it from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.decision import TEMPLATE_KEY
from cdk_pull.rules.engine.suppress import acknowledged_rules, suppressed_rules
from cdk_pull.shapes import as_object
from cdk_pull.template.construct_metadata import ACKNOWLEDGED

if TYPE_CHECKING:
    from constructs import IConstruct

__all__ = ["acknowledged", "acknowledged_above", "kept"]


def _on(scope: IConstruct) -> dict[str, str]:
    """Return what is acknowledged on a construct itself, by the id that its author wrote."""
    return {
        str(rule): str(reason)
        for entry in scope.node.metadata
        if entry.type == ACKNOWLEDGED and isinstance(entry.data, dict)
        for rule, reason in entry.data.items()
    }


def acknowledged_above(app: IConstruct) -> dict[str, dict[str, str]]:
    """Return what is acknowledged on an app and its stages, by construct path: no template has it."""
    found = {}
    waiting = [app]
    while waiting:
        scope = waiting.pop()
        if rules := _on(scope):
            found[scope.node.path] = rules
        waiting += [each for each in scope.node.children if isinstance(each, cdk.Stage)]
    return found


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
            seen[key] = _on(scope)
        found |= seen[key]
    return found


def kept(resource: cdk.CfnResource) -> set[str]:
    """Return the ids of the rules whose findings on a resource are to stay."""
    said: Any = resource.get_metadata(TEMPLATE_KEY)
    return {
        *acknowledged_rules(acknowledged(resource, {})),
        *suppressed_rules(as_object(said)),
    }
