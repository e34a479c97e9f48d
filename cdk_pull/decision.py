"""What a construct decided, why, what it costs and how sure it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["METADATA_TYPE", "TEMPLATE_KEY", "Decision", "Topic"]

METADATA_TYPE = "cdk-pull:decision"
"""The type of the metadata entry that carries a decision from a construct to the cloud assembly."""

TEMPLATE_KEY = "cdk-pull"
"""The key in a resource's CloudFormation metadata under which decisions stand by topic."""

Topic = Literal[
    "image-pull-behavior",
    "fargate-size",
    "ephemeral-storage",
    "region",
    "repository",
    "servercore",
    "fix",
    "pull-watch",
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
        return asdict(self)

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
    def from_template(cls, topic: Topic, said: Mapping[str, Any]) -> Decision:
        """Return the decision that ``to_template`` wrote."""
        fields = ("decided", "why", "cost", "confidence")
        return cls(
            topic=topic,
            **{name: said[name] for name in fields},
            details={name: value for name, value in said.items() if name not in fields},
        )
