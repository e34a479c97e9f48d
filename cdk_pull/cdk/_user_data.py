"""The user data of one launch configuration or launch template, written when the template is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2

from cdk_pull.agent import cfn
from cdk_pull.cdk import _launch
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

__all__ = ["LaunchUserData", "Reach", "Request"]


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
        cluster_names: the capacity that joins the cluster of one of these names; None for any ECS capacity.
        found: whether there was any.
    """

    scope: IConstruct
    request: Request
    cluster_names: Sequence[str] | None = None
    found: bool = False


@jsii.implements(cdk.IResolvable)
class LaunchUserData:
    """An override of the user data that is computed from what the user data is when the template is written.

    So nothing is lost that anybody adds before or after, and it does not matter when the group joins its cluster.

    Attributes:
        resource: whose user data it is.
        problem: why the settings are not in it, or nothing.
        asked: whether CDK has asked for the user data.
    """

    def __init__(self, resource: LaunchResource) -> None:
        self.resource = resource
        self.problem = ""
        self.asked = False
        self._requests: list[tuple[Request, Reach | None]] = []
        self._recorded = False
        self._stack: cdk.Stack | None = None
        self._template: ec2.LaunchTemplate | None = None
        self._commands: ec2.UserData | None = None
        if isinstance(resource, autoscaling.CfnLaunchConfiguration):
            resource.add_property_override("UserData", self)
        else:
            resource.add_property_override("LaunchTemplateData.UserData", self)

    def ask(self, request: Request, reach: Reach | None) -> None:
        """Take a request, once: for a reach, or for this capacity whatever it joins."""
        # Nothing joins a cluster of another account or Region, and CDK refuses to name it there.
        if reach is not None and reach.cluster_names is not None:
            here, there = cdk.Stack.of(self.resource), cdk.Stack.of(reach.scope)
            if here.environment != there.environment:
                return
        if not any(request is known and reach is where for known, where in self._requests):
            self._requests.append((request, reach))

    @property
    def creation_stack(self) -> list[str]:
        """Nothing: a message of ours names the construct and the line instead."""
        return []

    def to_string(self) -> str:
        """Return a name for this, should anybody print it."""
        return "<user data with ECS agent settings>"

    def resolve(self, context: cdk.IResolveContext) -> Any:  # noqa: ARG002 - the first pass joins no strings
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
        text, pieces = _opened(original)
        requests = []
        for request, reach in self._requests:
            if reach is not None:
                if reach.cluster_names is None:
                    holds = _launch.joins_ecs(text, image)
                else:
                    known = [names[name] for name in reach.cluster_names if names[name]]
                    holds = _launch.joins_cluster(text, pieces, known)
                if not holds:
                    continue
                reach.found = True
            requests.append(request)
        if not requests:
            return original
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
        if self._stack is None:
            self._stack = cdk.Stack.of(self.resource)
            if isinstance(self.resource, ec2.CfnLaunchTemplate):
                parent = self.resource.node.scope
                if isinstance(parent, ec2.LaunchTemplate):
                    self._template, self._commands = parent, parent.user_data
        names = list(
            dict.fromkeys(name for _, reach in self._requests if reach for name in reach.cluster_names or ())
        )
        data: Any
        if isinstance(self.resource, autoscaling.CfnLaunchConfiguration):
            data = {"userData": self.resource.user_data, "imageId": self.resource.image_id}
        elif self._template is not None:
            text = None if self._commands is None else {"Fn::Base64": self._commands.render()}
            data = {"userData": text, "imageId": self._template.image_id}
        else:
            data = self.resource.launch_template_data
        # As values of a map, because CDK drops from a list what comes out empty.
        resolved = self._stack.resolve({"": data, **{str(number): name for number, name in enumerate(names)}})
        data = {key[:1].upper() + key[1:]: value for key, value in resolved.get("", {}).items()}
        return (
            data.get("UserData"),
            data.get("ImageId"),
            {name: resolved.get(str(number)) for number, name in enumerate(names)},
        )

    def _os_type(self, text: str) -> str:
        """Return what CDK takes the image for, where the text leaves it open."""
        if text.strip() or self._template is None or self._template.os_type is None:
            return ""
        return self._template.os_type.name


def _opened(value: object) -> tuple[str, list[object]]:
    """Return the text of a user data and what CloudFormation fills in; JSON where the text is not in the template."""
    match value:
        case {"Fn::If": [_, one, _]}:
            return _opened(one)
    try:
        text, pieces = cfn.to_text(value)
    except UnsupportedError:
        return json.dumps(value), [value]
    return text, list(pieces.values())


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
    return cfn.apply_to_value(json.loads(original), settings, system)
