"""What is suppressed: by metadata, by CDK's acknowledgements, or by a baseline; for checks, fixes and the plugin alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.errors import InvalidValueError
from cdk_pull.files import read_json_object
from cdk_pull.patterns import lazy_pattern
from cdk_pull.rules.engine.finding import Suppression
from cdk_pull.rules.engine.registry import find_rule, plain_id
from cdk_pull.shapes import as_list

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_pull.template.model import Resource

__all__ = [
    "PLUGIN",
    "acknowledged_rules",
    "is_cdks_own",
    "misstated",
    "no_effect",
    "read_baseline",
    "suppressed_rules",
    "suppression",
]

PLUGIN: Final = "cdk-pull"
"""The name under which CDK knows the rules: a rule is acknowledged as ``cdk-pull::PULL…``."""

_BARE: Final = lazy_pattern(r"PULL[0-9]{3}")


def suppression(rule_id: str, resource: Resource) -> Suppression | None:
    """Return why a rule's findings on a resource do not count, or None."""
    if (reason := suppressed_rules(resource.metadata).get(rule_id)) is not None:
        return Suppression("suppressed", reason, resource.logical_id)
    return _acknowledged(rule_id, resource)


def suppressed_rules(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the reasons of ``Metadata: {cdk-pull: {suppress: [{id, reason}]}}`` of a resource, by rule id.

    Args:
        metadata: what stands under ``cdk-pull``.
    """
    found: dict[str, str] = {}
    entries = metadata.get("suppress")
    for entry in as_list(entries):
        if not no_effect(entry):
            found.setdefault(plain_id(entry["id"]), entry["reason"])
    return found


def no_effect(entry: object) -> str:
    """Return why an entry of ``suppress`` suppresses nothing; empty where it does."""
    if not isinstance(entry, Mapping) or not isinstance(rule_id := entry.get("id"), str):
        return "it names no rule by id"
    try:
        find_rule(rule_id)
    except InvalidValueError as error:
        return str(error)
    if "reason" not in entry:
        return "it gives no reason"
    reason = entry["reason"]
    if not isinstance(reason, str):
        return f"the reason must be a string: {reason!r}"
    return "" if reason.strip() else "the reason must not be empty"


def acknowledged_rules(stated: Mapping[Any, Any]) -> dict[str, str]:
    """Return the reasons of CDK's acknowledgements, by rule id, as far as they name one of our rules.

    Args:
        stated: by id, such as ``cdk-pull::PULL302``, in upper or lower case, what is stated as the reason.
    """
    found: dict[str, str] = {}
    for rule_id, reason in stated.items():
        if isinstance(rule_id, str) and not misstated(rule_id) and _is_ours(rule_id):
            found.setdefault(plain_id(rule_id), str(reason))
    return found


def misstated(rule_id: str) -> str:
    """Return why the id of an acknowledgement has no effect; empty where it has, or is another plugin's."""
    plain = plain_id(rule_id)
    if not _is_ours(rule_id):
        return f"write {PLUGIN}::{plain}" if _BARE.fullmatch(plain) else ""
    try:
        find_rule(plain)
    except InvalidValueError as error:
        return str(error)
    return ""


def is_cdks_own(rule_id: str) -> bool:
    """Tell whether CDK itself takes the id of an acknowledgement for one of our rules: it compares exactly."""
    return (
        rule_id.startswith(f"{PLUGIN}::")
        and not misstated(rule_id)
        and rule_id == f"{PLUGIN}::{plain_id(rule_id)}"
    )


def _is_ours(rule_id: str) -> bool:
    return rule_id.strip().lower().startswith(f"{PLUGIN}::")


def _acknowledged(rule_id: str, resource: Resource) -> Suppression | None:
    """Look for an acknowledgement on the resource's construct or on one around it, the app included."""
    stated = resource.template.facts.acknowledged
    path = resource.construct_path if stated else ""
    while stated:
        reason = acknowledged_rules(stated.get(path, {})).get(rule_id)
        if reason is not None:
            return Suppression("acknowledged", reason, path or "the app")
        if not path:
            break
        path = path.rpartition("/")[0]
    return None


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
