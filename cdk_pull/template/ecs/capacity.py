"""EC2 capacity: what launches container instances, its user data, and the agent settings that come of it."""

from __future__ import annotations

import base64
import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.agent.instance import Image, Instance, image_of, instance_of
from cdk_pull.agent.pieces import Marked
from cdk_pull.agent.user_data import read_any
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import replace
from cdk_pull.shapes import as_object, objects_in
from cdk_pull.template.context import section, value_at
from cdk_pull.template.ecs.holders import HOLDERS
from cdk_pull.template.ecs.init import INIT, Place, Program, program
from cdk_pull.template.values import Unknown, as_text, is_not_false, is_text, pieces_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.fixes.advice import Advice
    from cdk_pull.agent.readers.reading import Reading
    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.template.model import PathStep, Resource

__all__ = ["BEHAVIOR", "INIT_CALL", "Capacity", "launch_specifications"]

BEHAVIOR: Final = "ECS_IMAGE_PULL_BEHAVIOR"

_SPECIFICATIONS: Final = ("Properties", "SpotFleetRequestConfigData", "LaunchSpecifications")

# What cfn-init does for the agent, where it is not followed.
_ECS_TEXT: Final = lazy_pattern(
    r"/etc/ecs/|Initialize-ECSAgent|ECS_IMAGE_PULL_BEHAVIOR|amazon-ecs-agent", re.IGNORECASE
)
# Neither in a comment nor on an instance is the name spelled as it has to be; the reader judges that.
_MENTIONS: Final = lazy_pattern(r"^(?![ \t]*#).*image[-_]?pull[-_]?behav", re.IGNORECASE | re.MULTILINE)
# A script that is not in the user data, which may write to ecs.config as well.
_RUNS_A_FILE: Final = lazy_pattern(
    r"\.ps1\b|\|[ \t]*(?:sudo[ \t]+)?(?:ba)?sh\b"
    r"|(?:^|[;&|/])[ \t]*(?:sudo[ \t]+)?(?:(?:ba)?sh|source|\.)[ \t]+(?![-<]|/etc/)\S"
    r"|(?:^|[;&|])[ \t]*(?:sudo[ \t]+)?[^\s#;&|]*\.sh\b",
    re.MULTILINE,
)
INIT_CALL: Final = "cfn-init"
"""The command that does what the metadata of a resource says."""
_MOVES_IMAGES: Final = lazy_pattern(
    r"^(?![ \t]*#).*(?:/var/lib/(?:docker|containerd)\b|\bdata-root\b)", re.MULTILINE
)


class Capacity:
    """One launch template, launch configuration or instance that runs the ECS agent.

    Attributes:
        resource: what holds the user data.
        base: where its settings stand, below the resource.
        groups: the Auto Scaling groups that launch from it.
        providers: the capacity providers of these groups.
        batch: the compute environments of AWS Batch that launch from it.
        clusters: what tells its clusters, as :func:`cdk_pull.template.ecs.view.identity` gives it.
    """

    def __init__(self, resource: Resource, base: tuple[PathStep, ...] | None = None) -> None:
        self.resource = resource
        self.base = HOLDERS[resource.type] if base is None else base
        self.groups: list[Resource] = []
        self.providers: list[Resource] = []
        self.batch: list[Resource] = []
        self.clusters: set[str] = set()

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Its launch settings, evaluated."""
        values = value_at(self.resource.values, self.base[1:])
        return as_object(values)

    @property
    def path(self) -> tuple[PathStep, ...]:
        """Where its user data stands, below the resource; where it would, when it has none."""
        return (*self.base, "UserData") if "UserData" in self.settings else self.base

    @cached_property
    def user_data(self) -> str | Unknown:
        """The user data as text; empty where there is none."""
        text = text_of(self.settings.get("UserData")) or ""
        return _decoded(text) or text if isinstance(text, str) and self._as_it_stands else text

    @property
    def is_encoded(self) -> bool:
        """Whether EC2 gets the user data as base64, which it takes alone."""
        text = text_of(self.settings.get("UserData"))
        return not (isinstance(text, str) and text and self._as_it_stands) or bool(_decoded(text))

    @cached_property
    def _as_it_stands(self) -> bool:
        """Whether CloudFormation hands the user data on as it stands, without Fn::Base64."""
        value = value_at(self.resource.body, (*self.base, "UserData"))
        return value is not None and "Fn::Base64" not in json.dumps(value, default=str)

    @cached_property
    def ami(self) -> str:
        """The image id, or the SSM parameter that it is read from; empty where the template does not tell."""
        value = self.settings.get("ImageId")
        if isinstance(value, Unknown) and value.pieces:
            return str(value)
        if isinstance(value, Unknown) and value.symbol:
            parameters = section(self.resource.template.document, "Parameters")
            declared = parameters.get(value.symbol)
            return str(declared.get("Default", "")) if isinstance(declared, dict) else ""
        return as_text(value) if is_text(value) else ""

    @cached_property
    def image(self) -> Image:
        """What its machine image is."""
        return image_of(self.ami)

    @cached_property
    def instance(self) -> Instance:
        """Whether its instances join a cluster, why, and which operating system they run."""
        referred = ""
        if self.providers:
            referred = f"the capacity provider {self.providers[0].logical_id} launches it"
        elif self.batch:
            referred = f"the compute environment {self.batch[0].logical_id} launches it"
        elif self._program is None and _ECS_TEXT.search(self._init):
            referred = "cfn-init configures the agent"
        return instance_of(self.reading, self.image, referred=referred)

    @cached_property
    def is_ecs(self) -> bool:
        """Whether its instances are container instances."""
        # Of most launches nothing has to be read: what does not name ECS has nothing to do with it.
        named = "ecs" in str(self.script).lower() or bool(self._init)
        return bool(named or self.providers or self.batch or self.image.ecs) and self.instance.joins is True

    @property
    def cluster_names(self) -> Iterator[list[str | Unknown]]:
        """The names of the clusters that its user data may join, each as its known and unknown pieces."""
        unknown = {str(each): each for each in pieces_of(self.script) if isinstance(each, Unknown)}
        for name in self.reading.agent.clusters:
            parts = self._marked.parts(name)
            yield [unknown.get(part, part) if isinstance(part, str) else part for part in parts]

    @cached_property
    def _init(self) -> str:
        """What cfn-init does on the instances, as text; the group may carry it in place of the launch settings."""
        documents = [
            section(section(resource.body, "Metadata"), INIT) for resource in (self.resource, *self.groups)
        ]
        return "".join(json.dumps(document, default=str) for document in documents if document)

    @property
    def uses_init(self) -> bool:
        """Whether cfn-init writes more of the configuration, in a way that is not followed."""
        called = INIT_CALL in str(self.user_data) and self._program is None
        return called and bool(_ECS_TEXT.search(self._init))

    @property
    def follows_init(self) -> bool:
        """Whether what cfn-init does is in the script, in the place of its call."""
        return self._program is not None

    @cached_property
    def _program(self) -> Program | None:
        return program(self.user_data, [self.resource, *self.groups]) if self._init else None

    @property
    def script(self) -> str | Unknown:
        """The user data, with what cfn-init does in the place of its call."""
        return self._program.text if self._program is not None else self.user_data

    def place(self, line: int) -> Place:
        """Return where a line of the script stands."""
        places = self._program.places if self._program is not None else ()
        found = places[line - 1] if 0 < line <= len(places) else Place(None, (), line)
        return found if found.resource is not None else Place(self.resource, self.path, found.line)

    @property
    def os(self) -> OperatingSystem | None:
        """The operating system, by the image or else by the user data; None where neither tells."""
        return self.image.os or self.reading.os

    @property
    def is_opaque(self) -> bool:
        """Whether whole lines of the user data are known at deployment only."""
        pieces = pieces_of(self.user_data)
        return any(
            isinstance(piece, Unknown) and (index == 0 or str(pieces[index - 1]).endswith("\n"))
            for index, piece in enumerate(pieces)
        )

    @cached_property
    def reading(self) -> Reading:
        """The agent settings that the user data really produces."""
        return read_any(self._marked.text, self.image.os, self._names)

    @cached_property
    def advice(self) -> tuple[Advice, ...]:
        """For each warning of the reading, what to write in place of what it is about."""
        from cdk_pull.agent.fixes.advice import advise  # noqa: PLC0415 - slow to import, and only for what is wrong

        found = advise(self._marked.text, self.reading.os or "linux", self.reading)
        return tuple(replace(each, text="".join(map(str, self._marked.parts(each.text)))) for each in found)

    @cached_property
    def _marked(self) -> Marked[Unknown]:
        """The script with a mark for each piece that is not known."""
        # A cluster's name is a bare word, which TOML takes in quotes alone; what it is does not matter.
        bare = self.image.os == "bottlerocket"
        return Marked.of(
            str(piece) if isinstance(piece, Unknown) and bare and self._is_cluster(piece) else piece
            for piece in pieces_of(self.script)
        )

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(map(str, self._marked.pieces))

    def _is_cluster(self, piece: Unknown) -> bool:
        found = self.resource.template.resource(piece.logical_id)
        return found is not None and found.type == "AWS::ECS::Cluster"

    @cached_property
    def behavior(self) -> str | None:
        """The pull behavior that the agent will really have; None where that cannot be known."""
        if self.uses_init and BEHAVIOR in self._init:
            return None
        value = self.reading.effective.get(BEHAVIOR)
        return value if isinstance(value, str) else None

    @property
    def sets_behavior(self) -> bool:
        """Whether anything here tries to set a pull behavior, well or badly."""
        by_init = self.uses_init and BEHAVIOR in self._init
        return by_init or _MENTIONS.search(str(self.script)) is not None

    @property
    def runs_a_file(self) -> bool:
        """Whether the user data runs a script that is not in the template, and may do as much as it does itself."""
        return _RUNS_A_FILE.search(str(self.user_data)) is not None

    @property
    def is_on_public_ami(self) -> bool:
        """Whether its AMI is known to be one that AWS makes for ECS: no images on it, and an empty ecs.config."""
        return self.image.ecs is True

    @property
    def public(self) -> bool | None:
        """Whether its instances get a public address, or may; None where the subnet decides."""
        interfaces = self.settings.get("NetworkInterfaces")
        first = interfaces[0] if isinstance(interfaces, list) and interfaces else self.settings
        stated = first.get("AssociatePublicIpAddress") if isinstance(first, dict) else None
        return None if stated is None else is_not_false(stated)

    @cached_property
    def disks(self) -> dict[str, int | None]:
        """The size in GiB of each device that the template maps; None where it leaves the size open."""
        found: dict[str, int | None] = {}
        for mapping in objects_in(self.settings.get("BlockDeviceMappings")):
            name, disk = mapping.get("DeviceName"), mapping.get("Ebs")
            if isinstance(name, str) and isinstance(disk, dict):
                size = disk.get("VolumeSize")
                text = as_text(size) if is_text(size) else ""
                found[name] = int(text[:9]) if text.isdecimal() else None
        return found

    @property
    def moves_images(self) -> bool:
        """Whether the user data puts Docker's images on another disk, or may."""
        return _MOVES_IMAGES.search(str(self.script)) is not None


def launch_specifications(fleet: Resource) -> Iterator[tuple[PathStep, ...]]:
    """Yield where the settings of each launch stand in a Spot Fleet."""
    listed = value_at(fleet.values, _SPECIFICATIONS[1:])
    for index in range(len(listed) if isinstance(listed, list) else 0):
        yield (*_SPECIFICATIONS, index)


def _decoded(text: str) -> str:
    """Return what a text is the base64 of; empty where it is none, or not of a text."""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except ValueError:
        return ""
