"""The user data of one launch configuration or launch template, written when the template is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import aws_cdk as cdk
import jsii
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2

from cdk_pull.agent import cfn
from cdk_pull.cdk import _launch
from cdk_pull.cdk._capacity import identity
from cdk_pull.cdk._decisions import record
from cdk_pull.cdk._pull_decision import pull_decision
from cdk_pull.errors import CdkPullError, ConflictError, InvalidValueError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import IConstruct

    from cdk_pull.agent.settings import AgentSettings
    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.cdk._capacity import LaunchResource
    from cdk_pull.report.decision import Decision

__all__ = ["ClusterNames", "LaunchUserData", "Reach", "Request"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Request:
    """What one ImagePullBehavior asks for.

    Attributes:
        settings: the agent settings.
        place: the file and line where it was made.
        operating_system: what the user says the capacity runs; None to find out.
        decision: how to report it; None for the plain words.
    """

    settings: AgentSettings
    place: str
    operating_system: OperatingSystem | None = None
    decision: Decision | None = None


@dataclass(kw_only=True, slots=True, eq=False)
class Reach:
    """A part of the app where a request holds for the ECS capacity alone.

    Attributes:
        scope: the construct that the request was applied to.
        request: the request.
        cluster: for the capacity of one cluster only: what it is called.
        found: whether there was any capacity.
    """

    scope: IConstruct
    request: Request
    cluster: ClusterNames | None = None
    found: bool = False


class ClusterNames:
    """What user data may call a cluster, in whatever stack the user data is."""

    def __init__(self, names: Sequence[str], stack: cdk.Stack) -> None:
        self.names = names
        self.environment = stack.environment
        self._stack = stack
        self._at_home: dict[str, object] | None = None

    def of_this_cluster(self, resolved: Mapping[str, object], stack: cdk.Stack) -> list[object]:
        """Return the names as another stack writes them.

        A reference that reads as it does at home is one that nothing in the other stack makes: there, it would name
        something of that stack, such as its own cluster under the same logical id.
        """
        found = {name: resolved[name] for name in self.names if resolved[name]}
        if identity(stack) != identity(self._stack):
            if self._at_home is None:
                self._at_home = _resolved(self._stack, self.names)
            at_home = self._at_home
            found = {
                name: value
                for name, value in found.items()
                if isinstance(value, str) or value != at_home[name]
            }
        return list(found.values())


@jsii.implements(cdk.IResolvable)
class LaunchUserData:
    """An override of the user data that is computed from what the user data is when the template is written.

    So nothing is lost that anybody adds before or after, and it does not matter when the group joins its cluster.

    Attributes:
        resource: whose user data it is.
        problem: why the settings are not in it, or nothing.
        asked: whether CDK has asked for the user data.
    """

    def __init__(self, resource: LaunchResource, stack: cdk.Stack) -> None:
        self.resource = resource
        self.problem = ""
        self.asked = False
        self._requests: list[tuple[Request, Reach | None]] = []
        self._recorded = False
        self._stack = stack
        self._template: _Template | None = None
        self._known = False
        if isinstance(resource, autoscaling.CfnLaunchConfiguration):
            resource.add_property_override("UserData", self)
        else:
            resource.add_property_override("LaunchTemplateData.UserData", self)

    def ask(self, request: Request, reach: Reach | None) -> None:
        """Take a request, once: for a reach, or for this capacity whatever it joins."""
        if not any(request is known and reach is where for known, where in self._requests):
            self._requests.append((request, reach))

    @property
    def creation_stack(self) -> list[str]:
        """Nothing: a message of ours names the construct and the line instead."""
        return []

    def to_string(self) -> str:
        """Return a name for this, should anybody print it."""
        return "<user data with ECS agent settings>"

    def resolve(self, context: cdk.IResolveContext | None = None) -> Any:  # noqa: ARG002 - it joins no strings at first
        """Return the value for ``UserData``; what is wrong with it goes to ``problem``."""
        self.asked = True
        self.problem = ""
        original, image, names = self._read()
        try:
            return self._written(original, image, names)
        except CdkPullError as error:
            self.problem = str(error)
            return original

    def _written(self, original: object, image: object, names: Mapping[str, object]) -> object:
        text, pieces, unreadable = _opened(original)
        requests = []
        for request, reach in self._requests:
            if reach is not None:
                if reach.cluster is None:
                    holds = _launch.joins_ecs(text, image)
                else:
                    known = reach.cluster.of_this_cluster(names, self._stack)
                    holds = _launch.joins_cluster(text, pieces, known)
                if not holds:
                    continue
                reach.found = True
            requests.append(request)
        if not requests:
            return original
        if unreadable:
            raise unreadable
        wanted = _merged(requests)
        system = _launch.operating_system(
            text, image, asked=wanted.operating_system, os_type=self._os_type(text)
        )
        value = _applied(json.dumps(original), wanted.settings, system)
        if not self._recorded:
            self._recorded = True
            record(self.resource, wanted.decision or pull_decision(wanted.settings, wanted.place))
        return value

    def _read(self) -> tuple[object, object, dict[str, object]]:
        """Return the user data, the image and the clusters' names as they stand in the template now."""
        if not self._known:
            self._known = True
            self._template = _template_of(self.resource)
        clusters = [reach.cluster for _, reach in self._requests if reach and reach.cluster]
        names = list(dict.fromkeys(name for cluster in clusters for name in cluster.names))
        data: Any
        if isinstance(self.resource, autoscaling.CfnLaunchConfiguration):
            data = {"userData": self.resource.user_data, "imageId": self.resource.image_id}
        elif self._template is not None:
            commands = self._template.commands
            text = None if commands is None else {"Fn::Base64": commands.render()}
            data = {"userData": text, "imageId": self._template.image_id}
        else:
            data = self.resource.launch_template_data
        resolved = _resolved(self._stack, names, data)
        found: dict[str, object] = {
            key[:1].upper() + key[1:]: value for key, value in resolved.pop("", {}).items()
        }
        return found.get("UserData"), found.get("ImageId"), resolved

    def _os_type(self, text: str) -> str:
        """Return what CDK takes the image for, where the text leaves it open."""
        if text.strip() or self._template is None:
            return ""
        os_type = self._template.construct.os_type
        return "" if os_type is None else os_type.name


class _Template(NamedTuple):
    """What never changes of a launch template made by CDK's construct, and is cheaper to ask than its resource."""

    construct: ec2.LaunchTemplate
    commands: ec2.UserData | None
    image_id: str | None


def _template_of(resource: LaunchResource) -> _Template | None:
    if not isinstance(resource, ec2.CfnLaunchTemplate):
        return None
    parent = resource.node.scope
    if not isinstance(parent, ec2.LaunchTemplate):
        return None
    return _Template(parent, parent.user_data, parent.image_id)


def _resolved(stack: cdk.Stack, names: Sequence[str], data: object = None) -> dict[str, Any]:
    """Return the names as a stack writes them, and under the empty name some data."""
    # As values of a map, because CDK drops from a list what comes out empty.
    values = stack.resolve({"": data, **{str(number): name for number, name in enumerate(names)}})
    return {"": values.get("", {}), **{name: values.get(str(number)) for number, name in enumerate(names)}}


def _opened(value: object) -> tuple[str, list[object], UnsupportedError | None]:
    """Return the text of a user data and what CloudFormation fills in, or JSON and why it is not in the template."""
    match value:
        case {"Fn::If": [_, one, _]}:
            return _opened(one)
    try:
        text, pieces = cfn.to_text(value)
    except UnsupportedError as error:
        return json.dumps(value), [value], error
    return text, list(pieces.values()), None


def _merged(requests: Sequence[Request]) -> Request:
    merged = requests[0]
    for other in requests[1:]:
        places = f"{merged.place} and {other.place}"
        if clash := merged.settings.conflicts(other.settings):
            values = "; ".join(
                f"{each.variable}: {each.one!r} ({merged.place}) and {each.other!r} ({other.place})"
                for each in clash
            )
            raise ConflictError(
                f"two values for the same capacity: {values}; keep one, or give each its own capacity"
            )
        systems = {each.operating_system for each in (merged, other)} - {None}
        if len(systems) > 1:
            raise ConflictError(
                f"two operating systems for the same capacity: {' and '.join(sorted(map(str, systems)))} ({places}); "
                "keep one"
            )
        try:
            settings = merged.settings.merge(other.settings)
        except InvalidValueError as error:
            raise ConflictError(f"{error} Asked for in {places}") from error
        merged = Request(
            settings=settings,
            place=merged.place if other.place in merged.place else places,
            operating_system=merged.operating_system or other.operating_system,
            decision=merged.decision or other.decision,
        )
    return merged


# Groups of one kind have the same user data, and CDK asks for each at least twice.
@lru_cache(maxsize=256)
def _applied(original: str, settings: AgentSettings, system: OperatingSystem) -> object:
    value = cfn.apply_to_value(json.loads(original), settings, system)
    _check_size(value)
    return value


def _check_size(value: object) -> None:
    match value:
        case {"Fn::If": [_, one, other]}:
            _check_size(one)
            _check_size(other)
            return
    size = cfn.size_bytes(cfn.to_text(value)[0])
    if size > cfn.LIMIT_BYTES:
        raise InvalidValueError(
            "the user data is larger than EC2 takes",
            f"{size} bytes",
            allowed=f"up to {cfn.LIMIT_BYTES} bytes before base64",
            fix="Move a part of it to an S3 object that it fetches, or into the image.",
        )
