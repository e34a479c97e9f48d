"""Is an instance ECS capacity, which operating system does it run, which cluster does it join? Here alone.

The answer comes from what the reader computes of its user data, from its image, and from what refers to it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from cdk_pull.agent.readers.cloud_init.parts import is_mime, kind_of
from cdk_pull.agent.readers.ec2launch import are_tasks
from cdk_pull.agent.readers.toml_tokens import stand_in
from cdk_pull.errors import ConflictError, InvalidValueError
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from cdk_pull.agent.readers.reading import Reading
    from cdk_pull.agent.variables import OperatingSystem

__all__ = [
    "Image",
    "Instance",
    "checked_operating_system",
    "detect",
    "image_of",
    "instance_of",
    "operating_system",
    "written_for",
]

_SYSTEMS: Final[tuple[OperatingSystem, ...]] = ("linux", "windows", "bottlerocket")
_WINDOWS = lazy_pattern(
    r"<(powershell|script)>|\[(System\.)?Environment\]::SetEnvironmentVariable|\bInitialize-ECSAgent\b",
    re.IGNORECASE,
)
_BOTTLEROCKET = lazy_pattern(r"^[ \t]*\[[ \t]*settings[ \t]*[.\]]", re.MULTILINE)
_SHELL = lazy_pattern(r"^#!|/etc/ecs\b", re.MULTILINE)

# The names of AWS's images, without punctuation: CDK makes a logical id out of the name of an SSM parameter. Of each the
# operating system, and whether it starts the ECS agent by itself. The first that is a part of a name holds.
_IMAGES: Final[tuple[tuple[str, OperatingSystem, bool], ...]] = (
    ("awsservicebottlerocketawsecs", "bottlerocket", True),
    ("awsservicebottlerocket", "bottlerocket", False),
    ("bottlerocketawsecs", "bottlerocket", True),
    ("ecsoptimizedimageid", "windows", True),
    ("awsserviceamiwindows", "windows", False),
    ("awsserviceecsoptimizedami", "linux", True),
    ("awsserviceamiamazonlinux", "linux", False),
    ("awsservicecanonicalubuntu", "linux", False),
)
# By the name of the image: amzn2-ami-ecs-hvm-2.0.…, al2023-ami-ecs-hvm-…, Windows_Server-2022-English-Full-ECS_Optimized-….
_BY_NAME: Final = lazy_pattern(
    r"(?:amzn|al20)[^/]{0,40}-ecs-|windows_server-[^/]{0,60}ecs_optimized", re.IGNORECASE
)
_OWN: Final = lazy_pattern(r"ami-[0-9a-f]{6,17}")


@dataclass(frozen=True, slots=True)
class Image:
    """What is known of a machine image from the reference to it.

    Attributes:
        os: the operating system; None where the reference does not tell.
        ecs: whether it starts the ECS agent by itself, with an empty configuration; None where that is unknown.
        own: whether it is named by an id, so that it may be anybody's, with a configuration of its own.
    """

    os: OperatingSystem | None = None
    ecs: bool | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Instance:
    """What an instance is to Amazon ECS.

    Attributes:
        joins: whether it joins a cluster; None where that is unknown.
        why: what shows that, or why it is unknown, in a clause.
        os: the operating system; None where nothing tells.
    """

    joins: bool | None
    why: str
    os: OperatingSystem | None


def instance_of(reading: Reading, image: Image, *, referred: str = "") -> Instance:
    """Return what an instance is.

    Args:
        reading: what its user data comes to.
        image: its image.
        referred: what makes it capacity of a cluster from outside, such as a capacity provider, in a clause.
    """
    os = image.os or reading.os
    if referred:
        return Instance(joins=True, why=referred, os=os)
    if reading.agent.evidence:
        return Instance(joins=True, why=f"its user data: {reading.agent.evidence}", os=os)
    if image.ecs:
        return Instance(joins=True, why="its image starts the ECS agent", os=os)
    unknown = next((each for each in reading.unknown if each.variable is None), None)
    if unknown is not None:
        return Instance(joins=None, why=f"its user data is not known: {unknown.reason}", os=os)
    if image.ecs is None:
        return Instance(joins=None, why="its image is not known, and may start the ECS agent", os=os)
    return Instance(joins=False, why="neither its user data nor its image has the ECS agent", os=os)


def image_of(reference: object) -> Image:
    """Return what a reference to an image tells: an id, an SSM parameter, a name, or CloudFormation's value."""
    text = reference if isinstance(reference, str) else json.dumps(reference, default=str)
    plain = re.sub(r"[^a-z0-9]", "", text.lower())
    for name, os, ecs in _IMAGES:
        if name in plain:
            return Image(os, ecs)
    if _BY_NAME.search(text):
        return Image("windows" if "windows" in plain else "linux", ecs=True)
    if "windows" in plain:
        return Image("windows")
    return Image(own=_OWN.fullmatch(text.strip()) is not None)


def detect(user_data: str) -> OperatingSystem | None:
    """Return the operating system that user data is written for, or None where the text does not tell.

    TOML with shell in it is taken for Bottlerocket's: it has the one and nobody wants the other there.
    """
    # CDK puts a shebang before the TOML of an image that it takes for Linux; TOML takes the line for a comment.
    if user_data.startswith("#!") and _BOTTLEROCKET.search(user_data) and _has_settings(user_data):
        return "bottlerocket"
    if kind_of(user_data) or is_mime(user_data):
        return "linux"
    if _WINDOWS.search(user_data) or are_tasks(user_data):
        return "windows"
    if _BOTTLEROCKET.search(user_data) or _has_settings(user_data):
        return "bottlerocket"
    return "linux" if "/etc/ecs" in user_data else None


def written_for(user_data: str) -> OperatingSystem | None:
    """Return the operating system that user data is written for, also where shell stands below a blank line."""
    return detect(user_data) or ("linux" if _SHELL.search(user_data) else None)


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
    raise InvalidValueError("invalid operating_system", value, allowed=_SYSTEMS)


def operating_system(
    user_data: str, image: object, *, asked: OperatingSystem | None = None, os_type: str = ""
) -> OperatingSystem:
    """Return the operating system of a launch.

    Args:
        user_data: its text.
        image: the reference to its image, as in the template.
        asked: what the user says it is.
        os_type: what CDK takes it for: ``LINUX``, ``WINDOWS`` or nothing; it takes Bottlerocket for Linux.

    Raises:
        ConflictError: when a shell script would reach Bottlerocket.
        InvalidValueError: when nothing tells.
    """
    written = written_for(user_data)
    system = asked or image_of(image).os or written
    if system == "bottlerocket" and written == "linux":
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


def _has_settings(user_data: str) -> bool:
    if "settings" not in user_data:
        return False
    import tomllib  # noqa: PLC0415 - slow to import, and reached by little user data

    try:
        return "settings" in tomllib.loads(stand_in(user_data).text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
