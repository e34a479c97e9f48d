"""Why the tasks of a service start as slowly as they do, or not at all: what ECS recorded of them, in words.

Source of the stop reasons: data/ecs_stop_reasons.json, whose rows name their own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from cdk_pull.data import facts_of
from cdk_pull.fargate.choose import choose
from cdk_pull.fargate.estimate.calibration import calibrate
from cdk_pull.fargate.estimate.measured import MeasuredGroup
from cdk_pull.fargate.estimate.pulls import Pull, group_pulls, is_cached
from cdk_pull.fargate.sizes import FargateSize, sizes
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cdk_pull.fargate.choose import Choice
    from cdk_pull.fargate.estimate.describe import Described
    from cdk_pull.fargate.estimate.pulls import PullGroup
    from cdk_pull.fargate.estimate.start import Architecture
    from cdk_pull.fargate.goal import Goal
    from cdk_pull.fargate.sizes import Os
    from cdk_pull.image.profile import ImageProfile

__all__ = [
    "Failure",
    "StopReason",
    "Why",
    "explain_starts",
    "explain_stop",
    "is_start_failure",
    "ranked_by_own_starts",
]

# What ECS calls a task that failed before its containers ran, wherever the agent, Fargate or a service event says it.
_FAILED: Final = lazy_pattern(
    r"CannotPull\w*|ResourceInitializationError|unable to pull secrets or registry auth"
    r"|The task cannot (?:pull|retrieve|find|download)|failed to (?:resolve ref|pull image)",
    re.IGNORECASE,
)
_LONGEST: Final = 8192
_PREAMBLE: Final = "unable to pull secrets or registry auth"
_GENERAL: Final = "secrets-or-auth"
_UNKNOWN_WHAT: Final = "The task failed before its containers ran, for a reason that is in no known form."
_UNKNOWN_DO: Final = (
    "Read the reason below, then the route of the subnet, the execution role and the image's name."
)


class StopReason(NamedTuple):
    """What a stop reason means.

    Attributes:
        id: of the kind, such as ``not-found``; ``unknown`` for a form that is not in the table.
        what: what happened, a sentence.
        do: what to do, a sentence or two.
        source: where the form is documented.
    """

    id: str
    what: str
    do: str
    source: str


def is_start_failure(reason: str) -> bool:
    """Tell whether a stop reason is of a task that failed while its images, secrets or network were made ready."""
    return _FAILED.search(reason[:_LONGEST]) is not None


def explain_stop(reason: str) -> StopReason | None:
    """Return what a stop reason means; None for a task that did not fail at its start."""
    text = reason[:_LONGEST]
    if not is_start_failure(text):
        return None
    # It begins reasons of many kinds, and names secrets in all of them.
    rest = text.replace(_PREAMBLE, "")
    for pattern, meaning in _table():
        if pattern.search(rest) or (meaning.id == _GENERAL and _PREAMBLE in text):
            return meaning
    return StopReason("unknown", _UNKNOWN_WHAT, _UNKNOWN_DO, "")


@cache
def _table() -> tuple[tuple[re.Pattern[str], StopReason], ...]:
    return tuple(
        (
            re.compile(row["pattern"], re.IGNORECASE | re.DOTALL),
            StopReason(row["id"], row["what"], row["do"], row["source"]),
        )
        for row in facts_of("ecs_stop_reasons")["reasons"]
    )


_FARGATE = "FARGATE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Tasks that failed at their start for one kind of reason.

    Attributes:
        meaning: in words.
        tasks: their ids, the newest first.
        reason: of the newest, as ECS recorded it.
    """

    meaning: StopReason
    tasks: tuple[str, ...]
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the failure in JSON's types."""
        return {
            "kind": self.meaning.id,
            "what": self.meaning.what,
            "do": self.meaning.do,
            "source": self.meaning.source,
            "tasks": list(self.tasks),
            "reason": self.reason,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Why:
    """What ECS recorded of the starts of a service's tasks, or of one task.

    Attributes:
        described: what it rests on.
        groups: the starts that pulled, by images and size; those of the newest task first.
        cached: starts on EC2 that found their images on the instance.
        failures: the most frequent first.
        other: tasks that neither started nor failed at their start, such as those that are still pulling.
        events: of the service, that tell of a start that failed; the newest first, each once.
    """

    described: Described
    groups: tuple[PullGroup, ...]
    cached: int
    failures: tuple[Failure, ...]
    other: int
    events: tuple[str, ...]

    @property
    def images(self) -> tuple[str, ...]:
        """The images of the newest start, or else of the task definition."""
        if self.groups:
            return tuple(image.name for image in self.groups[0].first.images)
        containers = self.described.definition.get("containerDefinitions", [])
        return tuple(str(each.get("image", "")) for each in containers)

    @property
    def os(self) -> Os:
        """The operating system of the newest start, or else of the task definition."""
        if self.groups:
            return "windows" if self.groups[0].first.os == "windows" else "linux"
        platform = self.described.definition.get("runtimePlatform") or {}
        return "windows" if str(platform.get("operatingSystemFamily", "")).startswith("WINDOWS") else "linux"

    @property
    def architecture(self) -> Architecture:
        """The CPU architecture of the task definition."""
        platform = self.described.definition.get("runtimePlatform") or {}
        return "arm64" if platform.get("cpuArchitecture") == "ARM64" else "x86_64"

    def to_json(self) -> dict[str, Any]:
        """Return the answer in JSON's types."""
        described = self.described
        return {
            described.kind: described.name,
            "cluster": described.cluster,
            "region": described.region,
            "tasks": len(described.tasks),
            "starts": [
                {
                    "launch_type": group.first.launch_type,
                    "cpu": group.first.cpu,
                    "memory_mib": group.first.memory_mib,
                    "images": [image.name for image in group.first.images],
                    "starts": len(group.pulls),
                    "seconds": group.quantiles,
                }
                for group in self.groups
            ],
            "cached_on_ec2": self.cached,
            "failures": [failure.to_json() for failure in self.failures],
            "other": self.other,
            "events": list(self.events),
        }


def explain_starts(described: Described) -> Why:
    """Return the starts and the failures of the tasks that ECS has described."""
    pulls: list[Pull] = []
    failed: dict[str, list[tuple[str, str, str, StopReason]]] = defaultdict(list)
    other = 0
    for task in described.tasks:
        pull = Pull.of_task(task)
        found = next(((text, meaning) for text in _reasons(task) if (meaning := explain_stop(text))), None)
        if found is not None:
            reason, meaning = found
            moment = str(task.get("stoppedAt") or task.get("stoppingAt") or task.get("createdAt") or "")
            identity = str(task.get("taskArn", "")).rpartition("/")[2]
            failed[meaning.id].append((moment, identity, reason, meaning))
        elif pull is not None and pull.total is not None:
            pulls.append(pull)
        else:
            other += 1
    kept = [pull for pull in pulls if not is_cached(pull)]
    groups = sorted(group_pulls(kept), key=lambda group: -group.pulls[-1].created.timestamp())
    return Why(
        described=described,
        groups=tuple(groups),
        cached=len(pulls) - len(kept),
        failures=tuple(_failures(failed)),
        other=other,
        events=tuple(dict.fromkeys(event for event in described.events if explain_stop(event))),
    )


def ranked_by_own_starts(
    why: Why, profile: ImageProfile, goal: Goal
) -> tuple[Choice, tuple[str, ...]] | None:
    """Return the ways to a start, by what the newest starts on Fargate took, and what the figures rest on.

    None where no task has started on Fargate with a size that is known.
    """
    group = next((each for each in why.groups if each.first.launch_type == _FARGATE), None)
    if group is None:
        return None
    first = group.first
    size = FargateSize(first.cpu, first.memory_mib)
    if size not in sizes(why.os):
        return None
    calibrated = calibrate(
        [MeasuredGroup.of(group, profile)], profile, images=why.images, region=first.region, os=why.os
    )
    choice = choose(
        profile,
        cpu=size.cpu,
        memory_mib=size.memory_mib,
        goal=goal,
        architecture=why.architecture,
        os=why.os,
        region=first.region,
        ephemeral_gib=_ephemeral(why.described.definition),
        model=calibrated.model,
    )
    return choice, calibrated.notes


def _failures(failed: Mapping[str, list[tuple[str, str, str, StopReason]]]) -> Iterable[Failure]:
    for tasks in sorted(failed.values(), key=lambda each: (-len(each), each[0][3].id)):
        newest_first = sorted(tasks, key=lambda each: each[:2], reverse=True)
        yield Failure(
            meaning=newest_first[0][3],
            tasks=tuple(identity for _, identity, _, _ in newest_first),
            reason=newest_first[0][2],
        )


def _reasons(task: Mapping[str, Any]) -> Iterable[str]:
    """Yield what ECS says of the end of a task, the containers' own reasons first: they say more."""
    for container in task.get("containers") or ():
        if container.get("reason"):
            yield str(container["reason"])
    if task.get("stoppedReason"):
        yield str(task["stoppedReason"])


def _ephemeral(definition: Mapping[str, Any]) -> int | None:
    storage = definition.get("ephemeralStorage") or {}
    return storage.get("sizeInGiB")
