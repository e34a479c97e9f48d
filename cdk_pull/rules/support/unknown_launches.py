"""What rules on capacity say of launches whose user data, disks or cluster are not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.not_evaluated import Missing, NotEvaluated
from cdk_pull.template.ecs.capacity import BEHAVIOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.readers.reading import Unknown
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.capacity import Capacity
    from cdk_pull.template.ecs.services import Service

__all__ = ["unknown_behavior", "unknown_disk", "unknown_instances", "unknown_settings"]

_BEHAVIOR: Final = Missing(
    "launch of unknown pull behavior",
    "launches of unknown pull behavior",
    "read on an instance what runs there: `cdk-pull agent FILE`",
)
_SETTING: Final = Missing(
    "agent setting of unknown value", "agent settings of unknown value", _BEHAVIOR.advice
)
_DISK: Final = Missing(
    "disk of unknown size", "disks of unknown size", "state the size in BlockDeviceMappings"
)
_INSTANCES: Final = Missing(
    "service on EC2 whose instances are not known",
    "services on EC2 whose instances are not known",
    "check the template of its instances together with it",
)


def unknown_behavior(capacity: Capacity) -> NotEvaluated | None:
    """Return why the pull behavior of a launch is not known; None where it is, or where a warning tells of it."""
    reading = capacity.reading
    if any(each.variable == BEHAVIOR for each in reading.warnings):
        return None
    unread = next((each for each in reading.unknown if each.variable in {None, BEHAVIOR}), None)
    if unread is not None:
        reason = _at_line(unread)
    elif capacity.behavior is None and not reading.unknown:
        reason = "cfn-init sets it in a way that is not followed"
    elif capacity.sets_behavior:
        return None
    elif capacity.is_opaque:
        reason = "only the deployment knows whole lines of the user data"
    elif capacity.runs_a_file:
        reason = "the user data runs a script that is not in the template"
    else:
        return None
    return NotEvaluated(
        missing=_BEHAVIOR, name=capacity.resource.logical_id, reason=reason, path=capacity.path
    )


def unknown_settings(capacity: Capacity) -> Iterator[NotEvaluated]:
    """Yield the variables of the agent that the user data names and whose value is not known, but for the pull behavior."""
    for each in capacity.reading.unknown:
        if each.variable not in {None, BEHAVIOR}:
            name = f"{each.variable} of {capacity.resource.logical_id}"
            yield NotEvaluated(missing=_SETTING, name=name, reason=_at_line(each), path=capacity.path)


def _at_line(unknown: Unknown) -> str:
    return f"{unknown.reason} (line {unknown.line} of the user data)" if unknown.line else unknown.reason


def unknown_disk(capacity: Capacity, reason: str) -> NotEvaluated:
    """Return what a rule says of a launch when it does not know the disk that holds the images."""
    return NotEvaluated(missing=_DISK, name=capacity.resource.logical_id, reason=reason, path=capacity.base)


def unknown_instances(service: Service, context: CheckContext) -> NotEvaluated | None:
    """Return why nothing is known of the instances that a service on EC2 runs on; None where it is."""
    if service.launch_type is not None and (service.launch_type != "EC2" or service.capacities):
        return None
    name = service.resource.logical_id
    if service.launch_type is None:
        reason = "its launch type or its capacity providers are given at deployment"
    else:
        may = context.ecs.may_join
        launches = ", ".join(f"{each.resource.logical_id} ({each.instance.why})" for each in may[:3])
        reason = (
            f"these may join its cluster: {launches}"
            if may
            else "no launch of the templates joins its cluster"
        )
    return NotEvaluated(missing=_INSTANCES, name=name, reason=reason, path=service.start.path)
