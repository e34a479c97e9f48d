"""Holds the images of task definitions to the Region of their stack, once the tree is complete."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecs as ecs
from constructs import IValidation

from cdk_pull.cdk.ec2.capacity import identity
from cdk_pull.cdk.images.task_images import task_images
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.cdk.synth.stack_view import StackView
from cdk_pull.decision import Decision
from cdk_pull.image.ecr import ecr_prices
from cdk_pull.template.image_region import ImagePlace, locate_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import IConstruct

    from cdk_pull.cdk.images.task_images import TaskImage
    from cdk_pull.image.allow_list import AllowList

__all__ = ["RegionCheck"]

_WARNING = "cdk-pull:imageRegionUnknown"


@jsii.implements(IValidation)
class RegionCheck:
    """Reports, when CDK validates, every image of a scope that is not in its stack's Region.

    Args:
        scope: whose task definitions are looked at.
        allow: the images that may come from elsewhere.
        one: the only image to look at, instead of every task definition's.
        other_stages: stages below the scope that have a check of their own.
    """

    def __init__(
        self,
        scope: IConstruct,
        allow: AllowList,
        *,
        one: TaskImage | None = None,
        other_stages: frozenset[str] = frozenset(),
    ) -> None:
        self._scope = scope
        self._allow = allow
        self._one = one
        self._other_stages = other_stages
        self._recorded = False

    def validate(self) -> list[str]:
        """Return one line per image that is in another Region or in none; warn where it cannot be known."""
        view = StackView(self._scope.node.root)
        errors: list[str] = []
        counts: dict[str, Counter[str]] = {}
        stacks: dict[str, cdk.Stack] = {}
        for task_image in [self._one] if self._one else self._task_images():
            stack = task_image.stack
            place = locate_image(view.evaluate(task_image.image, stack), view.region(stack))
            allowed = place.reference is not None and self._allow.allows(place.reference)
            stacks[identity(stack)] = stack
            counts.setdefault(identity(stack), Counter())["allowed" if allowed else place.verdict] += 1
            if allowed or place.verdict == "same":
                continue
            if place.verdict == "unknown":
                cdk.Annotations.of(task_image.user).add_warning_v2(_WARNING, _warning(task_image, place))
            else:
                # CDK itself names the construct that a check was added to.
                where = "" if self._one else f"{task_image.user.node.path}: "
                errors.append(where + _error(task_image, place, view.region(stack)))
        if not self._recorded and self._one is None:
            self._recorded = True
            for key, stack in stacks.items():
                record(stack.node, _decision(counts[key], view.region(stack)))
        return errors

    def _task_images(self) -> Iterator[TaskImage]:
        for construct in self._scope.node.find_all():
            if isinstance(construct, ecs.CfnTaskDefinition):
                stage = cdk.Stage.of(construct) if self._other_stages else None
                if stage is None or identity(stage) not in self._other_stages:
                    yield from task_images(construct)


def _warning(task_image: TaskImage, place: ImagePlace) -> str:
    # A value that CloudFormation picks has no text of its own.
    image = "the image" if place.image == "${?}" else f"image {place.image}"
    what = f"{image} of container {task_image.container}"
    return f"cannot tell whether {what} is in the stack's Region: {place.reason}. {_way_to_know(place)}"


def _error(task_image: TaskImage, place: ImagePlace, region: str | None) -> str:
    what = f"image {place.image} of container {task_image.container}"
    here = region or "the stack's Region"
    if place.verdict == "elsewhere":
        return (
            f"{what} is in {place.region} and the stack in {region}: every pull crosses Regions. Replicate the "
            f"repository to {region}, or cache it there with an ECR pull-through cache rule, or push to both Regions"
        )
    if place.verdict == "malformed" or place.reference is None:
        return f"{what} cannot be read: {place.reason}"
    name = place.reference.name
    return (
        f"{what} is outside the private Amazon ECR of {here}. Cache it there with an ECR pull-through cache rule, or "
        f"copy it to a repository there, or allow it by name: allow=['{name}']"
    )


def _way_to_know(place: ImagePlace) -> str:
    if place.region:
        return f"Give the stack its Region: env=cdk.Environment(account=…, region='{place.region}')"
    return (
        "Give the repository as a construct of this app or by an ARN with its Region, "
        "or acknowledge this warning where the value is sure to be in the Region"
    )


def _decision(counts: Counter[str], region: str | None) -> Decision:
    named = {
        "same": "in the Region",
        "allowed": "allowed from elsewhere",
        "unknown": "not known",
        "elsewhere": "in another Region",
        "outside": "outside private ECR",
        "malformed": "unreadable",
    }
    parts = [f"{counts[verdict]} {words}" for verdict, words in named.items() if counts[verdict]]
    return Decision(
        topic="region",
        decided=f"images in {region or 'the Region that the stack is deployed to'}: {', '.join(parts)}",
        why="a registry in the Region is the nearest one",
        cost=f"transfer within the Region is free, from another about ${ecr_prices().transfer:.2f} per GB",
        confidence="read from every container definition when CDK validates",
        details=dict(counts),
    )
