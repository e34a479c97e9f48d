"""What the user data and the image of a launch tell: its operating system, and whether it joins ECS."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING

from cdk_pull.agent.instance import detect
from cdk_pull.agent.readers.toml_tokens import stand_in
from cdk_pull.errors import ConflictError, InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_pull.agent.variables import OperatingSystem

__all__ = [
    "checked_operating_system",
    "image_system",
    "joins_cluster",
    "joins_ecs",
    "operating_system",
    "told_system",
]

_SYSTEMS: tuple[OperatingSystem, ...] = ("linux", "windows", "bottlerocket")

# Parts of the public SSM parameters' names, without punctuation: CDK makes a logical id out of such a name.
_IMAGES: dict[str, OperatingSystem] = {
    "awsservicebottlerocket": "bottlerocket",
    "awsserviceamiwindows": "windows",
    "awsserviceecsoptimizedami": "linux",
    "awsserviceamiamazonlinux": "linux",
}
_ECS_IMAGES = ("awsservicebottlerocketawsecs", "awsserviceecsoptimizedami", "ecsoptimizedimageid")

_SHELL = re.compile(r"^#!|/etc/ecs\b", re.MULTILINE)
_JOINS = re.compile(r"\bECS_CLUSTER\b|\b(?i:Initialize-ECSAgent)\b|/etc/ecs/ecs\.config\b")
_NAMED = r"(?:\bECS_CLUSTER|-Cluster|^\s*(?:ecs\.)?cluster)[\"'\s,=]*{}(?![\w-])"


def checked_operating_system(value: str | None) -> OperatingSystem | None:
    """Return an operating system as given.

    Raises:
        InvalidValueError: for a name that is none.
    """
    for system in _SYSTEMS:
        if value == system:
            return system
    if value is None:
        return None
    raise InvalidValueError("operating_system is not one that the ECS agent runs on", value, allowed=_SYSTEMS)


def image_system(image: object) -> OperatingSystem | None:
    """Return the operating system of an image, or None for one that its reference does not tell."""
    name = _plain(image)
    return next((system for part, system in _IMAGES.items() if part in name), None)


def told_system(text: str, image: object) -> OperatingSystem | None:
    """Return the operating system that the image tells, or else the user data; None where neither does."""
    return image_system(image) or _written_for(text)


def _written_for(text: str) -> OperatingSystem | None:
    return detect(text) or ("linux" if _SHELL.search(text) else None)


def operating_system(
    text: str, image: object, *, asked: OperatingSystem | None = None, os_type: str = ""
) -> OperatingSystem:
    """Return the operating system of a launch.

    Args:
        text: its user data.
        image: the reference to its image, as in the template.
        asked: what the user says it is.
        os_type: what CDK takes it for: ``LINUX``, ``WINDOWS`` or nothing; it takes Bottlerocket for Linux.

    Raises:
        ConflictError: when a shell script would reach Bottlerocket.
        InvalidValueError: when nothing tells.
    """
    written_for = _written_for(text)
    system = asked or told_system(text, image)
    if system == "bottlerocket" and written_for == "linux":
        raise ConflictError(
            "the image is Bottlerocket, but its user data is a shell script, which Bottlerocket cannot read: pass "
            "machine_image_type=ecs.MachineImageType.BOTTLEROCKET to the AsgCapacityProvider or to add_capacity"
        )
    if system is None and os_type in {"LINUX", "WINDOWS"}:
        system = checked_operating_system(os_type.lower())
    if system is None:
        raise InvalidValueError(
            "neither the user data nor the image tells the operating system",
            image,
            allowed="an image of a public SSM parameter, or user data that shows it",
            fix="Pass operating_system='linux', 'windows' or 'bottlerocket' to ImagePullBehavior.",
        )
    return system


def joins_ecs(text: str, image: object) -> bool:
    """Tell whether a launch is ECS capacity: it names a cluster, or its image starts the ECS agent by itself."""
    if _JOINS.search(text) or any(part in _plain(image) for part in _ECS_IMAGES):
        return True
    if detect(text) != "bottlerocket":
        return False
    try:
        settings = tomllib.loads(stand_in(text).text).get("settings")
    except tomllib.TOMLDecodeError:
        return "settings.ecs" in text
    return isinstance(settings, dict) and "ecs" in settings


def joins_cluster(text: str, pieces: Iterable[object], names: Iterable[object]) -> bool:
    """Tell whether a launch joins the cluster of one of these names.

    Args:
        text: the user data, with a placeholder where CloudFormation fills something in.
        pieces: what it fills in.
        names: the cluster's names: literal ones, and references to it.
    """
    filled_in = list(pieces)
    return any(
        re.search(_NAMED.format(re.escape(name)), text, re.MULTILINE)
        if isinstance(name, str)
        else _contains(filled_in, name)
        for name in names
    )


def _contains(value: object, reference: object) -> bool:
    """Tell whether a reference is anywhere in an intrinsic, also as ``${Name}`` of an Fn::Sub."""
    if value == reference:
        return True
    if isinstance(value, str):
        return isinstance(reference, dict) and f"${{{reference.get('Ref')}}}" in value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_contains(each, reference) for each in inner)


def _plain(image: object) -> str:
    return re.sub(r"[^a-z0-9]", "", json.dumps(image).lower())
