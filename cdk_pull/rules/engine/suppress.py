"""Findings that somebody has looked at and keeps: by CDK's acknowledgement, by metadata, or by a baseline."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.files import read_json_object
from cdk_pull.rules.engine.finding import Suppression
from cdk_pull.rules.engine.registry import plain_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cdk_pull.template.model import Resource

__all__ = ["PLUGIN", "metadata_entries", "read_baseline", "suppression"]

PLUGIN: Final = "cdk-pull"
"""The name under which CDK knows the rules: a rule is acknowledged as ``cdk-pull::PULL…``."""


def suppression(rule_id: str, resource: Resource) -> Suppression | None:
    """Return why a rule's findings on a resource do not count, or None."""
    for entry in metadata_entries(resource):
        if (
            _same_rule(entry.get("id"), rule_id)
            and isinstance(reason := entry.get("reason"), str)
            and reason.strip()
        ):
            return Suppression("suppressed", reason, resource.logical_id)
    return _acknowledged(rule_id, resource)


def metadata_entries(resource: Resource) -> list[dict[str, Any]]:
    """Return ``Metadata: {cdk-pull: {suppress: [{id, reason}]}}`` of a resource, as far as it has that form."""
    entries = resource.metadata.get("suppress")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _same_rule(stated: object, rule_id: str) -> bool:
    return isinstance(stated, str) and plain_id(stated) == rule_id


def _acknowledged(rule_id: str, resource: Resource) -> Suppression | None:
    """Look for an acknowledgement on the resource's construct or on one around it, the app included."""
    acknowledged = resource.template.facts.acknowledged
    path = resource.construct_path if acknowledged else ""
    while True:
        reason = acknowledged.get(path, {}).get(f"{PLUGIN}::{rule_id}")
        if reason is not None:
            return Suppression("acknowledged", reason, path or "the app")
        if not path:
            return None
        path = path.rpartition("/")[0]


def read_baseline(path: Path) -> Mapping[str, int]:
    """Return the fingerprints of an earlier ``cdk-pull check --format json``, and how often each occurred.

    Raises:
        InvalidValueError: for a file that cannot be read or is no such report.
    """
    allowed = "what cdk-pull check --format json has written"
    findings = read_json_object(path, "baseline", allowed=allowed).get("findings")
    keys = (
        [each["fingerprint"] for each in findings if isinstance(each, dict) and "fingerprint" in each]
        if isinstance(findings, list)
        else []
    )
    if not isinstance(findings, list) or len(keys) < len(findings):
        raise InvalidValueError("baseline has no list of findings", str(path), allowed=allowed)
    return Counter(map(str, keys))
