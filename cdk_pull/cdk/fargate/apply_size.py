"""Carries out a sizing decision on a task definition in the construct tree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.synth.decisions import record_in_template
from cdk_pull.fargate.sizes import Os, check_architecture
from cdk_pull.windows.families import fargate_family

if TYPE_CHECKING:
    from constructs import IConstruct

    from cdk_pull.fargate.estimate.start import Architecture
    from cdk_pull.fargate.sizing import Sized

__all__ = ["Platform", "is_token", "platform_of", "region_of", "tell"]

_REGIONS: WeakKeyDictionary[cdk.Stack, str | None] = WeakKeyDictionary()
_TOKEN = "${Token["  # noqa: S105 - the mark of CDK's string tokens, not a secret


def is_token(value: object) -> bool:
    """Tell whether a value is filled in later, without a call to JavaScript for the many that are plain."""
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int):
        # CDK encodes a number token as a float far below any whole number that a person writes.
        return False
    if isinstance(value, str) and _TOKEN not in value:
        return False
    # JavaScript cannot be handed a value that is no number.
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return bool(cdk.Token.is_unresolved(value))


class Platform(NamedTuple):
    """What a task's size and start depend on of its runtime platform."""

    os: Os = "linux"
    architecture: Architecture = "x86_64"


def platform_of(runtime_platform: object) -> Platform:
    """Return the platform of a resolved runtime platform of Fargate; Linux on x86_64 where it says nothing.

    Raises:
        UnsupportedError: for a Windows Server that Fargate does not run.
        InvalidValueError: for Windows on ARM64, or a Windows family that ECS does not have.
    """
    family = _entry(runtime_platform, "operatingSystemFamily")
    architecture: Architecture = (
        "arm64" if _entry(runtime_platform, "cpuArchitecture") == "ARM64" else "x86_64"
    )
    if not family.startswith("WINDOWS"):
        return Platform("linux", architecture)
    fargate_family(family)
    check_architecture(architecture, "windows")
    return Platform("windows", architecture)


def _entry(runtime_platform: object, name: str) -> str:
    """Return an entry as text, of the form of L1 properties or of L2 properties, whose values are objects."""
    if not isinstance(runtime_platform, dict):
        return ""
    value = cast("dict[str, Any]", runtime_platform).get(name, "")
    if isinstance(value, dict):
        value = next(iter(cast("dict[str, Any]", value).values()), "")
    return str(value)


def region_of(stack: cdk.Stack) -> str | None:
    """Return a stack's Region, asked for once, or None where it can be deployed to any."""
    if stack not in _REGIONS:
        region = stack.region
        _REGIONS[stack] = None if is_token(region) else region
    return _REGIONS[stack]


def tell(
    scope: IConstruct | None, definition: ecs.CfnTaskDefinition, sized: Sized, *, fresh: bool = False
) -> None:
    """Leave the decisions in the template's metadata, where ``cdk-pull decisions`` reads them, and show the warning.

    Args:
        scope: the construct that the user knows, the L2 where there is one; None to find it out.
        definition: the L1, whose metadata the template has.
        sized: what was decided.
        fresh: whether the definition was made just now, and has no metadata yet.
    """
    record_in_template(definition, sized.decisions, fresh=fresh)
    if sized.warning:
        if scope is None:
            holder = definition.node.scope
            scope = holder if isinstance(holder, ecs.TaskDefinition) else definition
        cdk.Annotations.of(scope).add_warning_v2(sized.warning.id, sized.warning.message)
