"""The user data of one launch configuration or launch template, written when the template is."""

from __future__ import annotations

import json
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2

from cdk_pull.agent import cfn
from cdk_pull.agent.docker_settings import DockerCommands
from cdk_pull.agent.fixes.in_template import fix_value
from cdk_pull.agent.instance import image_of, instance_of, operating_system, written_for
from cdk_pull.agent.pieces import known_parts, readable
from cdk_pull.agent.pre_pull import PrePull
from cdk_pull.agent.user_data import read_any
from cdk_pull.cdk.checks.suppressed import kept
from cdk_pull.cdk.ec2.capacity import user_data_path
from cdk_pull.cdk.ec2.requests import TOKENS, CapacityApplication, Combined, combined, resolved, with_words
from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.cdk.synth.stage_work import reason
from cdk_pull.errors import CdkPullError, InvalidValueError, UnsupportedError
from cdk_pull.rules.fixes.selected import SelectedFixes, fix_decision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from constructs import Node

    from cdk_pull.agent.fixes.apply import Change
    from cdk_pull.agent.readers.codes import WarningCode
    from cdk_pull.agent.settings import AgentSettings
    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.cdk.ec2.batch import BatchEnvironments
    from cdk_pull.cdk.ec2.capacity import LaunchResource
    from cdk_pull.cdk.ec2.given import Given
    from cdk_pull.cdk.ec2.requests import PrePullRequest
    from cdk_pull.cdk.synth.stage_work import Application
    from cdk_pull.decision import Decision

__all__ = ["LaunchUserData", "known_text"]

_NO_IMAGE = (
    "no service or task of this app is placed on this capacity, or none whose image can be named in its stack, so there is "
    "no image to pre-pull: name the images, as in "
    "PrePulledImages([task]), or apply PrePulledImages to the capacity of the services"
)
_REPLACED = "the settings are not in its user data, which an add_property_override replaces: pass that as the user data itself"


@jsii.implements(cdk.IResolvable)
class LaunchUserData:
    """An override of the user data that is computed from what the user data is when the template is written.

    So nothing is lost that anybody adds before or after, and it does not matter when the group joins its cluster. It is put
    in place when the app is complete, only where there is something to write, and never over somebody else's override.

    Attributes:
        resource: whose user data it is.
        stack: the resource's.
        problem: why the settings are not in it, or nothing.
        combined: what is asked for comes to, where it is in the user data.
        changes: what was fixed of it.
        unsure: whether neither its user data nor its image tells if it is ECS capacity.
        referred: whether a capacity provider launches it.
        found_images: the images of the services on it; None while nobody has looked.
        pre_pull: what it pulls, where that is in the user data.
        unread: why nobody can tell whether it is ECS capacity, where its user data is not in the template; or nothing.
        os: the operating system that it was written for; None where nothing was.
    """

    def __init__(
        self, resource: LaunchResource, stack: cdk.Stack, images: dict[str, object], batch: BatchEnvironments
    ) -> None:
        self.resource = resource
        self.problem = ""
        self.combined: Combined | None = None
        self._own: Sequence[Application] = ()
        self.changes: tuple[Change, ...] = ()
        self.unsure = False
        self.referred = False
        self.found_images: tuple[str, ...] | None = None
        self.pre_pull: PrePullRequest | None = None
        self.unread = ""
        self.os: OperatingSystem | None = None
        self._fixes = SelectedFixes()
        self._told: list[Decision] = []
        self._scoped: Sequence[CapacityApplication] = ()
        self.stack = stack
        self._images = images
        self._environments = batch
        self._known: _Template | None = None
        self._given: Given | None = None
        self._value: object = None
        self._path = user_data_path(resource)
        self._in_place = False
        self._literal: object = None
        self._asks = False
        self._original: object = None

    def ask(self, own: Sequence[Application], scoped: Sequence[CapacityApplication]) -> None:
        """Take what is asked for.

        Args:
            own: for this capacity by itself, whatever it joins.
            scoped: where this is ECS capacity, or capacity of a cluster; the nearest first.
        """
        self._own, self._scoped = own, scoped

    def fix(self, fixes: SelectedFixes) -> None:
        """Fix the user data before anything is put into it, if this is ECS capacity."""
        self._fixes = fixes

    def has_to_write(self) -> bool:
        """Tell whether there is something to write, or may be, that is not in place yet."""
        if self._in_place:
            self.refresh()
            return False
        # The app is complete, and nothing adds to it any more: CDK gets what this comes to.
        self._resolved()
        # Whether it joins a cluster of another stack is only known when CDK has resolved the references.
        return bool(self._asks or self.changes or any(each.cluster for each in self._scoped))

    def put_in_place(self, value: object) -> None:
        """Override the user data, where nobody else has overridden it.

        Args:
            value: the user data as it is in the template without this.
        """
        if value == self._original or known_text(value) == known_text(self._original):
            self._in_place = True
            self._override()
        else:
            self.changes = ()
            self.problem = _REPLACED if self._asks else ""

    def refresh(self) -> None:
        """Compute the user data, and write it anew where it is something else than what is in place."""
        self._resolved()
        if self._literal is not None and self._literal != self._value:
            self._override()

    def _override(self) -> None:
        """Write what was made of CDK's own text, or where that is open let CDK ask for it when it writes the template."""
        self._literal = self._value
        value = self if self._value is None else self._value
        self.resource.add_property_override(".".join(self._path), value)

    def decisions(self) -> list[Decision]:
        """Return what was fixed, as the report prints it, each time it is something else."""
        # In metadata, CDK would take a placeholder for a token of its own.
        found = [
            fix_decision(
                self._fixes.rule_of(each.code),
                readable(str(each)),
                self._fixes.rule_of(each.code).title,
                [readable(line) for line in each.diff],
            )
            for each in self.changes
        ]
        new = [each for each in found if each not in self._told]
        self._told += new
        return new

    def forget(self) -> None:
        """Compute the user data anew when CDK asks for it the next time."""
        self._value = self._given = None
        self._environments.forget()

    def take(self, given: Given) -> None:
        """Take what was read for many at once, until it is forgotten."""
        self._given = given

    @property
    def is_open(self) -> bool:
        """Whether its user data is to be computed."""
        return self._value is None

    @property
    def cluster_tokens(self) -> set[str]:
        """The references to clusters of its own stack, to one of which it may have to belong."""
        asked = [each.cluster for each in self._scoped if each.cluster]
        return {
            token for each in asked if identity(each.stack) == identity(self.stack) for token in each.tokens
        }

    @cached_property
    def node(self) -> Node:
        """The node of the resource."""
        return self.resource.node

    @property
    def original(self) -> object:
        """The user data without this, as it was when it was last computed."""
        return self._original

    @property
    def creation_stack(self) -> list[str]:
        """Nothing: a message of ours names the construct and the line instead."""
        return []

    def to_string(self) -> str:
        """Return a name for this, should anybody print it."""
        return "<user data with ECS agent settings>"

    def resolve(self, context: cdk.IResolveContext | None = None) -> Any:  # noqa: ARG002 - IResolvable has it
        """Return the value for ``UserData``; what is wrong with it goes to ``problem``."""
        return self._resolved()

    def _resolved(self) -> Any:
        try:
            return self._computed()
        except Exception as error:  # noqa: BLE001 - a synth never ends in an exception without a path
            self.problem = reason("ImagePullBehavior", error)
            return self._original

    def _computed(self) -> Any:
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
        image = self._image()
        clusters = read_any(text, image_of(image).os).agent.clusters
        return self._written(original, text, image, lambda names: names.joined_by_text(clusters))

    def _from_value(self) -> object:
        """Return the user data made from what it is in the template."""
        asked = [each.cluster for each in self._scoped if each.cluster]
        names = list(dict.fromkeys(name for cluster in asked for name in cluster.names))
        values = resolved(self.stack, names, self._data())
        data = _in_capitals(values[""])
        data = _in_capitals(data.get("LaunchTemplateData", data))
        original, image = data.get("UserData"), data.get("ImageId")
        text, unreadable = _opened(original)
        clusters = [*cfn.clusters_of(original, image_of(image).os)]
        return self._written(
            original,
            text,
            image,
            lambda cluster: cluster.joined_by_value(clusters, values, self.stack),
            unreadable,
        )

    def _fixed(self, original: object, text: str, image: object) -> object:
        """Return the user data without the faults that are to be fixed, those that are acknowledged or suppressed apart."""
        self.changes = ()
        system = image_of(image).os or written_for(text)
        if not self._fixes.rules or system is None or not self._joins_ecs(original, image):
            return original
        value, changes = _corrected(json.dumps(original), system, frozenset(self._fixes.codes.items()))
        if changes and (ids := self._kept):
            codes = self._fixes.without(ids).codes
            value, changes = _corrected(json.dumps(original), system, frozenset(codes.items()))
        self.changes = changes
        return value if changes else original

    @cached_property
    def _kept(self) -> set[str]:
        return kept(self.resource)

    def _written(
        self,
        original: object,
        text: str,
        image: object,
        joins: Callable[[Any], bool],
        unreadable: UnsupportedError | None = None,
    ) -> object:
        """Return the user data, fixed, with the settings of all requests that hold; the original where there are none."""
        self._original = original
        original = self._fixed(original, text, image)
        if self.changes:
            text, unreadable = _opened(original)
        applications: list[Application] = list(self._own)
        for each in self._scoped:
            if joins(each.cluster) if each.cluster else self._joins_ecs(original, image):
                each.served = True
                applications.append(each)
        self._asks = bool(applications)
        self.combined = self.pre_pull = None
        self.unread = str(unreadable) if unreadable and self.unsure and not applications else ""
        if not applications:
            return original
        try:
            if unreadable:
                raise unreadable
            self.combined = combined(applications)
            wanted = self.combined.request
            batch = self._environments.of(self.resource)
            # AWS Batch launches Amazon Linux where nobody says otherwise.
            os_type = self._os_type(text) or ("LINUX" if batch and image is None else "")
            system = operating_system(text, image, asked=wanted.operating_system, os_type=os_type)
            self.os = system
            accepted = cfn.archived_value(original, system) if batch else original
            self.pre_pull = self._with_found(wanted.pre_pull)
            return _applied(
                json.dumps(accepted),
                wanted.settings,
                self.pre_pull,
                wanted.max_concurrent_downloads,
                system,
            )
        except CdkPullError as error:
            self.problem = str(error)
            return original

    def _with_found(self, pre_pull: PrePullRequest | None) -> PrePullRequest | None:
        """Return a pre-pull with the images that were found; None where there is none yet."""
        if pre_pull is None or not pre_pull.finds or self.found_images is None:
            return pre_pull if pre_pull is not None and pre_pull.images else None
        found = pre_pull.with_images(self.found_images)
        if not found.images:
            raise UnsupportedError(_NO_IMAGE)
        return found

    def _joins_ecs(self, user_data: object, image: object) -> bool:
        known = image_of(image)
        joins = instance_of(cfn.read_value(user_data, known.os), known).joins
        if joins or self.referred or self._environments.of(self.resource):
            return True
        self.unsure = joins is None
        return False

    def _text(self) -> str | None:
        """Return the text of CDK's own user data, or None when something but references to clusters is open in it."""
        if self._given is not None:
            return self._given.text
        commands = self._template().commands
        if commands is None:
            return None
        text = commands.render()
        known = {token for each in self._scoped if each.cluster for token in each.cluster.tokens}
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
        if self._given is not None:
            return self._given.image
        image = self._template().image_id
        if image is None or not TOKENS.search(image):
            return image
        if image not in self._images:
            self._images[image] = self.stack.resolve(image)
        return self._images[image]

    def _os_type(self, text: str) -> str:
        """Return the operating system that CDK detects from the image, where the user data leaves it open."""
        template = None if text.strip() else self._template().construct
        return "" if template is None or template.os_type is None else template.os_type.name

    def _template(self) -> _Template:
        if self._known is None:
            self._known = _template_of(self.resource, self.node)
        return self._known


class _Template(NamedTuple):
    """What never changes of a launch template made by CDK's construct, and is cheaper to ask than its resource."""

    construct: ec2.LaunchTemplate | None = None
    commands: ec2.UserData | None = None
    image_id: str | None = None


def _template_of(resource: LaunchResource, node: Node) -> _Template:
    parent = node.scope if isinstance(resource, ec2.CfnLaunchTemplate) else None
    if not isinstance(parent, ec2.LaunchTemplate):
        return _Template()
    return _Template(parent, parent.user_data, parent.image_id)


def known_text(value: object) -> tuple[str, ...]:
    """Return what is known of user data; in a construct's own text, what CloudFormation fills in is CDK's tokens."""
    return tuple(known_parts(_opened(value)[0]))


def _in_capitals(properties: Any) -> dict[str, Any]:
    """Return properties under the names that CloudFormation gives them."""
    return {key[:1].upper() + key[1:]: value for key, value in (properties or {}).items()}


def _opened(value: object) -> tuple[str, UnsupportedError | None]:
    """Return the text of user data, or JSON and why it is not in the template."""
    if (found := cfn.branches(value)) is not None:
        one, other = _opened(found[1]), _opened(found[2])
        return one if one[0].strip() else other
    try:
        return cfn.to_text(value).text, None
    except UnsupportedError as error:
        return json.dumps(value), error


# Groups of one kind have the same user data, and CDK asks for each at least twice.
@lru_cache(maxsize=256)
def _corrected(
    original: str, system: OperatingSystem, codes: frozenset[tuple[WarningCode, bool]]
) -> tuple[object, tuple[Change, ...]]:
    return fix_value(json.loads(original), system, dict(codes))


@lru_cache(maxsize=256)
def _applied(
    original: str,
    settings: AgentSettings,
    pre_pull: PrePullRequest | None,
    downloads: int | None,
    system: OperatingSystem,
) -> object:
    # A shell takes a token for a variable of its own: a word stands for it until the value is there.
    settings, tokens = with_words(settings)
    value = cfn.apply_to_value(json.loads(original), settings, system)
    if pre_pull is not None or downloads is not None:
        value = cfn.commands_to_value(
            value,
            system,
            pre_pull=None
            if pre_pull is None
            else PrePull(
                images=pre_pull.images,
                within_seconds=pre_pull.within_seconds,
                bottlerocket_image=pre_pull.bottlerocket_image,
            ),
            docker=None if downloads is None else DockerCommands(downloads),
        )
    _check_size(value)
    if not tokens:
        return value
    text = json.dumps(value)
    for word, token in tokens.items():
        text = text.replace(word, token)
    return json.loads(text)


def _check_size(value: object) -> None:
    if (found := cfn.branches(value)) is not None:
        for each in found[1:]:
            _check_size(each)
        return
    size = cfn.size_bytes(cfn.to_text(value).text)
    if size > cfn.LIMIT_BYTES:
        raise InvalidValueError(
            "the user data exceeds the EC2 limit of 16 KB",
            f"{size} bytes",
            allowed=f"up to {cfn.LIMIT_BYTES} bytes before base64",
            fix="Move a part of it to an S3 object that it fetches, or into the image.",
        )
