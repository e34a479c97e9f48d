"""The pull behavior of EC2 capacity as a decision, as the report prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.settings import PullBehavior
from cdk_pull.agent.volume import PRICED_REGION, gp3_price
from cdk_pull.data import facts_of
from cdk_pull.decision import Decision
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cdk_pull.agent.settings import AgentSettings
    from cdk_pull.agent.volume import ImageVolume

__all__ = ["applied_decision", "capacity_decision", "docker_decision", "pre_pull_decision", "pull_decision"]

# What the agent does and what it costs, from amazon-ecs-agent 1.105.1.
_WHAT = {
    PullBehavior.DEFAULT: "asks the registry at every start, and runs the copy on the instance when that fails",
    PullBehavior.ALWAYS: "asks the registry at every start, and stops the task when that fails",
    PullBehavior.ONCE: "pulls an image name once per instance, with cleanup on",
    PullBehavior.PREFER_CACHED: "starts from the copy on the instance without asking the registry",
}
_COST = {
    PullBehavior.DEFAULT: "a stale image may run after a failed pull",
    PullBehavior.ALWAYS: "no task starts while the registry does not answer",
    PullBehavior.ONCE: "a tag that moves is not noticed: use unique tags or digests",
    PullBehavior.PREFER_CACHED: "no image is ever cleaned up, the disk grows with every deployment; "
    "a tag that moves is not noticed: use unique tags or digests",
}


def pull_decision(settings: AgentSettings, call_sites: str) -> Decision:
    """Return the decision on settings that a user requested."""
    return _decision(settings, f"requested in {call_sites}{_what(settings)}")


def capacity_decision(settings: AgentSettings, volume: ImageVolume, why: str, region: str | None) -> Decision:
    """Return the decision of a capacity provider that chose its volume, and perhaps its settings."""
    usd = volume.usd_per_month if region == PRICED_REGION else None
    return _decision(
        settings,
        why,
        f"{volume.size_gib} GiB for {volume.why}, {gp3_price(volume, region)}",
        {"volume_gib": volume.size_gib, "versions": volume.versions, "usd_per_month": usd},
    )


def pre_pull_decision(
    images: int, within_seconds: int, call_sites: str, *, finds: bool = False, disk: str = ""
) -> Decision:
    """Return the decision of a pre-pull.

    Args:
        images: their number.
        within_seconds: when it stops.
        call_sites: where it was requested.
        finds: whether it pulls those of the services on the capacity.
        disk: what became of the disk, in a clause.
    """
    of_services = ", for the services on this capacity" if finds else ""
    return Decision(
        topic="pre-pull",
        decided=f"{images} image{'' if images == 1 else 's'} pulled at boot, within {within_seconds} s",
        why=f"requested in {call_sites}{of_services}: a task whose image is on the instance does not wait for a pull",
        cost="; ".join(
            part
            for part in (
                disk,
                "the instance takes its first task later by as long as the pull takes",
                "reaches new instances only",
            )
            if part
        ),
        confidence="a failed pull is left to the task",
        details={"within_seconds": within_seconds, "images": images},
    )


def docker_decision(downloads: int, call_sites: str, overridden: Sequence[tuple[str, str]] = ()) -> Decision:
    """Return the decision of how many layers Docker downloads at once.

    Args:
        downloads: the number.
        call_sites: where it was requested.
        overridden: what does not count beside it, each with who asks for it.
    """
    usual = facts_of("ec2_pre_pull")["max_concurrent_downloads"]["default"]
    return Decision(
        topic="docker-settings",
        decided=f"Docker downloads up to {downloads} layers of an image at once, in place of {usual}",
        why=f"requested in {call_sites}: an image of many layers waits less for the registry{_instead(overridden)}",
        cost="no charge; reaches new instances only",
        confidence="releases of Docker with the containerd image store ignored it until mid-2026",
        details={"max_concurrent_downloads": downloads},
    )


def applied_decision(
    decision: Decision, settings: AgentSettings, where: str, overridden: Sequence[tuple[str, str]]
) -> Decision:
    """Return a decision with where it was applied, and what does not count beside it.

    Args:
        decision: of the nearest request.
        settings: what it comes to with the requests farther away.
        where: the scopes that have a part in it.
        overridden: what does not count, each with who asks for it.
    """
    environment = settings.to_environment()
    same = environment == decision.details["settings"]
    return replace(
        decision if same else _decision(settings, decision.why),
        why=f"{decision.why}{_instead(overridden)}",
        cost=decision.cost,
        details={
            **decision.details,
            "settings": environment,
            "applied_to": where,
            **({"instead_of": {who: what for what, who in overridden}} if overridden else {}),
        },
    )


def _instead(overridden: Sequence[tuple[str, str]]) -> str:
    return "".join(f"; in place of {what}, which {who} asks for" for what, who in overridden)


def _decision(
    settings: AgentSettings, why: str, cost: str = "", details: Mapping[str, object] | None = None
) -> Decision:
    behavior = settings.image_pull_behavior
    environment = settings.to_environment()
    rest = [f"{name}={value}" for name, value in environment.items() if name != "ECS_IMAGE_PULL_BEHAVIOR"]
    return Decision(
        topic="image-pull-behavior",
        decided=", ".join([behavior.value, *rest] if behavior else rest),
        why=why,
        cost="; ".join(
            part for part in (cost, _COST[behavior] if behavior else "", "reaches new instances only") if part
        ),
        details={"settings": environment, **(details or {})},
    )


def _what(settings: AgentSettings) -> str:
    return f": {_WHAT[settings.image_pull_behavior]}" if settings.image_pull_behavior else ""
