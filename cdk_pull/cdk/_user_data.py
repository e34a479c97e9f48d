"""The user data of one launch configuration or launch template, written when the template is."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import aws_cdk as cdk
import jsii
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2

from cdk_pull.agent import cfn
from cdk_pull.agent.mending.in_template import mend_value
from cdk_pull.cdk import _launch
from cdk_pull.cdk._capacity import LAUNCH_CONFIGURATION
from cdk_pull.cdk._kept import kept
from cdk_pull.cdk._mends import Mends, fix_decision
from cdk_pull.cdk._requests import TOKENS, Reach, Request, merged, resolved
from cdk_pull.errors import CdkPullError, InvalidValueError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk_pull.agent.codes import WarningCode
    from cdk_pull.agent.mending.mend import Change
    from cdk_pull.agent.settings import AgentSettings
    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.cdk._capacity import LaunchResource
    from cdk_pull.report.decision import Decision

__all__ = ["LaunchUserData"]


@jsii.implements(cdk.IResolvable)
class LaunchUserData:
    """An override of the user data that is computed from what the user data is when the template is written.

    So nothing is lost that anybody adds before or after, and it does not matter when the group joins its cluster. It is put
    in place only where there is something to write, because it takes the place of an override that somebody made before.

    Attributes:
        resource: whose user data it is.
        problem: why the settings are not in it, or nothing.
        own: what was asked for this capacity by itself.
        changes: what was mended of it.
    """

    def __init__(self, resource: LaunchResource, stack: cdk.Stack, images: dict[str, object]) -> None:
        self.resource = resource
        self.problem = ""
        self.own: list[Request] = []
        self.changes: tuple[Change, ...] = ()
        self._mends = Mends()
        self._told: list[Decision] = []
        self._reaches: list[Reach] = []
        self._stack = stack
        self._images = images
        self._known: _Template | None = None
        self._value: object = None
        self._asked = False
        self._in_place = False
        self._writes = False

    def ask(self, request: Request) -> None:
        """Take a request for this capacity, whatever it joins."""
        if request not in self.own:
            self.own.append(request)
        self.put_in_place()

    def ask_within(self, reach: Reach) -> None:
        """Take a request that holds if this is capacity in its reach."""
        self._reaches.append(reach)

    def mend(self, mends: Mends) -> None:
        """Mend the user data before anything is put into it, if this is ECS capacity."""
        self._mends = self._mends.merged(mends)

    def put_in_place(self, *, complete: bool = False) -> None:
        """Override the user data, once there is something to write; until then it is as others leave it.

        Args:
            complete: whether the app is, so that asking CDK for values keeps nothing out of them that comes later.
        """
        if not self._in_place and (self._is_sure() or self._has_to_write(complete=complete)):
            self._in_place = True
            simple = self.resource.cfn_resource_type == LAUNCH_CONFIGURATION
            self.resource.add_property_override("UserData" if simple else "LaunchTemplateData.UserData", self)

    def _is_sure(self) -> bool:
        # Whether it joins a cluster of another stack is only known when CDK has resolved the references.
        return bool(self.own) or any(reach.cluster for reach in self._reaches)

    def _has_to_write(self, *, complete: bool) -> bool:
        if complete:
            self._resolved()
            self.forget()
            return self._writes
        draft = _draft_of(self.resource)
        if draft is None:
            return bool(self._reaches)
        self._from_text(draft)
        return self._writes

    @property
    def is_replaced(self) -> bool:
        """Whether settings are asked for, and an override that was made later replaces them."""
        return self._in_place and not self._asked and bool(self.own or self._reaches)

    def decisions(self) -> list[Decision]:
        """Return what was mended, as the report prints it, each time it is something else."""
        # In metadata, CDK would take a placeholder for a token of its own.
        found = [
            fix_decision(
                self._mends.rule_of(each.code),
                TOKENS.sub("${…}", str(each)),
                self._mends.rule_of(each.code).title,
            )
            for each in self.changes
        ]
        new = [each for each in found if each not in self._told]
        self._told += new
        return new

    def forget(self) -> None:
        """Compute the user data anew when CDK asks for it the next time."""
        self._value = None

    @property
    def creation_stack(self) -> list[str]:
        """Nothing: a message of ours names the construct and the line instead."""
        return []

    def to_string(self) -> str:
        """Return a name for this, should anybody print it."""
        return "<user data with ECS agent settings>"

    def resolve(self, context: cdk.IResolveContext | None = None) -> Any:  # noqa: ARG002 - IResolvable has it
        """Return the value for ``UserData``; what is wrong with it goes to ``problem``."""
        self._asked = True
        return self._resolved()

    def _resolved(self) -> Any:
        if self._value is None:
            self.problem = ""
            text = self._text()
            if text is None:
                # References are not known yet when CDK asks for the first time: nothing of this can be kept.
                return self._from_value()
            self._value = self._from_text(text)
        return self._value

    def _from_text(self, text: str) -> object:
        """Return the user data made from CDK's own text, in which only references to clusters are left open."""
        original = {"Fn::Base64": text}
        return self._written(original, text, self._image(), lambda names: names.joined_by_text(text))

    def _from_value(self) -> object:
        """Return the user data made from what it is in the template."""
        clusters = [reach.cluster for reach in self._reaches if reach.cluster]
        names = list(dict.fromkeys(name for cluster in clusters for name in cluster.names))
        values = resolved(self._stack, names, self._data())
        data = _in_capitals(values[""])
        data = _in_capitals(data.get("LaunchTemplateData", data))
        original, image = data.get("UserData"), data.get("ImageId")
        text, pieces, unreadable = _opened(original)
        return self._written(
            original,
            text,
            image,
            lambda cluster: cluster.joined_by_value(text, pieces, values, self._stack),
            unreadable,
        )

    def _mended(self, original: object, text: str, image: object) -> object:
        """Return the user data without the faults that are to be mended, those that somebody keeps apart."""
        self.changes = ()
        system = _launch.told_system(text, image)
        if not self._mends.rules or system is None or not _launch.joins_ecs(text, image):
            return original
        value, changes = _corrected(json.dumps(original), system, frozenset(self._mends.codes.items()))
        if changes and (ids := kept(self.resource)):
            codes = self._mends.without(ids).codes
            value, changes = _corrected(json.dumps(original), system, frozenset(codes.items()))
        self.changes = changes
        return value if changes else original

    def _written(
        self,
        original: object,
        text: str,
        image: object,
        joins: Callable[[Any], bool],
        unreadable: UnsupportedError | None = None,
    ) -> object:
        """Return the user data, mended, with the settings of all requests that hold; the original where there are none."""
        original = self._mended(original, text, image)
        if self.changes:
            text, _, unreadable = _opened(original)
        requests = list(self.own)
        for reach in self._reaches:
            if joins(reach.cluster) if reach.cluster else _launch.joins_ecs(text, image):
                reach.found = True
                requests.append(reach.request)
        self._writes = bool(requests or self.changes)
        if not requests:
            return original
        try:
            if unreadable:
                raise unreadable
            wanted = merged(requests)
            system = _launch.operating_system(
                text, image, asked=wanted.operating_system, os_type=self._os_type(text)
            )
            return _applied(json.dumps(original), wanted.settings, system)
        except CdkPullError as error:
            self.problem = str(error)
            return original

    def _text(self) -> str | None:
        """Return the text of CDK's own user data, or None when something but references to clusters is open in it."""
        commands = self._template().commands
        if commands is None:
            return None
        text = commands.render()
        known = {token for reach in self._reaches if reach.cluster for token in reach.cluster.tokens}
        return text if known.issuperset(TOKENS.findall(text)) else None

    def _data(self) -> Any:
        """Return the user data and the image, or all properties with them, in CDK's values."""
        template = self._template()
        if template.construct is None:
            # Protected in JavaScript, and the one way that is there for every class of resource; one call.
            return self.resource._cfn_properties  # noqa: SLF001
        text = None if template.commands is None else {"Fn::Base64": template.commands.render()}
        return {"userData": text, "imageId": template.image_id}

    def _image(self) -> object:
        """Return the image as in the template; the groups of a stack often share one."""
        image = self._template().image_id
        if image is None or not TOKENS.search(image):
            return image
        if image not in self._images:
            self._images[image] = self._stack.resolve(image)
        return self._images[image]

    def _os_type(self, text: str) -> str:
        """Return what CDK takes the image for, where the text leaves it open."""
        template = self._template().construct
        if text.strip() or template is None or template.os_type is None:
            return ""
        return template.os_type.name

    def _template(self) -> _Template:
        if self._known is None:
            self._known = _template_of(self.resource)
        return self._known


class _Template(NamedTuple):
    """What never changes of a launch template made by CDK's construct, and is cheaper to ask than its resource."""

    construct: ec2.LaunchTemplate | None = None
    commands: ec2.UserData | None = None
    image_id: str | None = None


def _template_of(resource: LaunchResource) -> _Template:
    parent = resource.node.scope if isinstance(resource, ec2.CfnLaunchTemplate) else None
    if not isinstance(parent, ec2.LaunchTemplate):
        return _Template()
    return _Template(parent, parent.user_data, parent.image_id)


def _draft_of(resource: LaunchResource) -> str | None:
    """Return the user data as it is so far in CDK's own construct; None where there is none."""
    parent = resource.node.scope
    if not isinstance(parent, ec2.LaunchTemplate | autoscaling.AutoScalingGroup):
        return None
    commands = parent.user_data
    return None if commands is None else commands.render()


def _in_capitals(properties: Any) -> dict[str, Any]:
    """Return properties under the names that CloudFormation gives them."""
    return {key[:1].upper() + key[1:]: value for key, value in (properties or {}).items()}


def _opened(value: object) -> tuple[str, list[object], UnsupportedError | None]:
    """Return the text of a user data and what CloudFormation fills in, or JSON and why it is not in the template."""
    if (found := cfn.branches(value)) is not None:
        one, other = _opened(found[1]), _opened(found[2])
        return one if one[0].strip() else other
    try:
        text, pieces = cfn.to_text(value)
    except UnsupportedError as error:
        return json.dumps(value), [value], error
    return text, list(pieces.values()), None


# Groups of one kind have the same user data, and CDK asks for each at least twice.
@lru_cache(maxsize=256)
def _corrected(
    original: str, system: OperatingSystem, codes: frozenset[tuple[WarningCode, bool]]
) -> tuple[object, tuple[Change, ...]]:
    return mend_value(json.loads(original), system, dict(codes))


@lru_cache(maxsize=256)
def _applied(original: str, settings: AgentSettings, system: OperatingSystem) -> object:
    value = cfn.apply_to_value(json.loads(original), settings, system)
    _check_size(value)
    return value


def _check_size(value: object) -> None:
    if (found := cfn.branches(value)) is not None:
        for each in found[1:]:
            _check_size(each)
        return
    size = cfn.size_bytes(cfn.to_text(value)[0])
    if size > cfn.LIMIT_BYTES:
        raise InvalidValueError(
            "the user data is larger than EC2 takes",
            f"{size} bytes",
            allowed=f"up to {cfn.LIMIT_BYTES} bytes before base64",
            fix="Move a part of it to an S3 object that it fetches, or into the image.",
        )
