"""What a construct decided, why, what it costs and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cdk_pull.records import dataclass, field, fields

__all__ = ["METADATA_TYPE", "TEMPLATE_KEY", "Decision", "Topic"]

METADATA_TYPE = "cdk-pull:decision"
"""The type of the metadata entry that carries a decision from a construct to the cloud assembly."""

TEMPLATE_KEY = "cdk-pull"
"""The key in a resource's CloudFormation metadata under which decisions stand by topic."""

Topic = Literal[
    "image-pull-behavior",
    "fargate-image",
    "fargate-size",
    "ephemeral-storage",
    "region",
    "repository",
    "servercore",
    "fix",
    "pull-watch",
    "pre-pull",
    "docker-settings",
    "baked-images",
    "managed-instances",
    "pull-through-cache",
    "pull-endpoints",
    "replication",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """One decision, as `make synth` prints it.

    Attributes:
        topic: what the decision is about.
        decided: the outcome, such as ``1 vCPU, 2 GB``.
        why: one sentence.
        cost: what it costs or saves, and what else changes, such as ``$0.0494 per hour, $0.0370 more``.
        confidence: how sure it is, such as ``start 31-58 s with 80 % coverage``.
        details: anything more, in JSON's types.
    """

    topic: Topic
    decided: str
    why: str
    cost: str = ""
    confidence: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the decision in JSON's types."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def to_template(self) -> dict[str, Any]:
        """Return the decision as it stands in a resource's CloudFormation metadata, under its topic."""
        return {
            "decided": self.decided,
            "why": self.why,
            "cost": self.cost,
            "confidence": self.confidence,
            **self.details,
        }

    @classmethod
    def from_json(cls, said: object) -> Decision | None:
        """Return the decision that ``to_json`` wrote, by this release or a later one; None for anything else."""
        if not isinstance(said, Mapping) or not isinstance(said.get("topic"), str):
            return None
        known = {each.name: said[each.name] for each in fields(cls) if each.name in said}
        return cls(**known) if _is_complete(known) else None

    @classmethod
    def from_template(cls, topic: Topic, said: object) -> Decision | None:
        """Return the decision that ``to_template`` wrote; None for metadata of somebody else's."""
        if not isinstance(said, Mapping) or not _is_complete(said):
            return None
        texts = {name: said[name] for name in _TEXTS if name in said}
        details = {name: value for name, value in said.items() if name not in _TEXTS}
        return cls(topic=topic, **texts, details=details)


_TEXTS = ("decided", "why", "cost", "confidence")


def _is_complete(said: Mapping[str, Any]) -> bool:
    """Tell whether all texts of a decision are there; a token among them is an intrinsic function by now."""
    texts = [said.get("decided"), said.get("why"), said.get("cost", ""), said.get("confidence", "")]
    return all(isinstance(each, str | dict) for each in texts) and isinstance(
        said.get("details", {}), Mapping
    )
