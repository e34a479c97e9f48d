"""A pull behaviour as a decision, in the words of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.settings import PullBehavior
from cdk_pull.report.decision import Decision

if TYPE_CHECKING:
    from cdk_pull.agent.settings import AgentSettings

__all__ = ["pull_decision"]

# What the agent does and what it costs, from amazon-ecs-agent 1.105.1.
_WHAT = {
    PullBehavior.DEFAULT: "asks the registry at every start, and runs the copy on the instance when that fails",
    PullBehavior.ALWAYS: "asks the registry at every start, and stops the task when that fails",
    PullBehavior.ONCE: "pulls an image name once per instance, with clean-up on",
    PullBehavior.PREFER_CACHED: "starts from the copy on the instance without asking the registry",
}
_COST = {
    PullBehavior.DEFAULT: "a stale image may run after a failed pull",
    PullBehavior.ALWAYS: "no task starts while the registry is out of reach",
    PullBehavior.ONCE: "a tag that moves is not noticed: use unique tags or digests",
    PullBehavior.PREFER_CACHED: "no image is ever cleaned up, the disk grows with every deployment; "
    "a tag that moves is not noticed: use unique tags or digests",
}


def pull_decision(settings: AgentSettings, place: str) -> Decision:
    """Return the decision that a mixin's settings are."""
    behavior = settings.image_pull_behavior
    environment = settings.to_environment()
    return Decision(
        topic="image-pull-behavior",
        decided=" ".join(f"{name}={value}" for name, value in environment.items())
        if behavior is None
        else behavior,
        why=f"asked for in {place}" + (f": {_WHAT[behavior]}" if behavior else ""),
        cost="reaches new instances only" + (f"; {_COST[behavior]}" if behavior else ""),
        confidence="read in the agent's source",
        details={"settings": environment},
    )
