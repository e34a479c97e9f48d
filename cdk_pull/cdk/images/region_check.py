"""Holds the images of task definitions to the Region of their stack, once the tree is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

import aws_cdk as cdk
import jsii
from constructs import IValidation

from cdk_pull.cdk.images.task_images import task_images
from cdk_pull.cdk.synth.constructs import identity
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.cdk.synth.stack_view import StackView
from cdk_pull.cdk.synth.stage_work import StageWork
from cdk_pull.cdk.synth.tasks import TASK
from cdk_pull.decision import Decision
from cdk_pull.image.allow_list import AllowList
from cdk_pull.image.ecr import ecr_prices
from cdk_pull.rules.engine.suppress import PLUGIN
from cdk_pull.template.construct_metadata import ACKNOWLEDGED
from cdk_pull.template.image_region import ImagePlace, locate_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ecs as ecs
    from constructs import IConstruct

    from cdk_pull.cdk.images.task_images import TaskImage
    from cdk_pull.cdk.synth.stage_work import Application, Reached

__all__ = ["OneImageCheck", "StageImages"]

_WARNING = "cdk-pull:imageRegionUnknown"
_VERDICTS = {
    "same": "in the Region",
    "allowed": "allowed from elsewhere",
    "unknown": "not known",
    "elsewhere": "in another Region",
    "outside": "outside private ECR",
    "malformed": "unreadable",
}


# What says of an image what the mixin allows.
_RULES = {"elsewhere": "PULL301", "outside": "PULL302"}


class _Judged(NamedTuple):
    """An image and what is said of it.

    Attributes:
        image: for a person to read.
        verdict: ``allowed``, or where it is.
        error: why it stops the synth; empty where it does not.
        place: where it is, allowed or not.
    """

    image: str
    verdict: str
    error: str = ""
    place: str = ""


class StageImages(StageWork):
    """Looks at every image of the task definitions of a stage when CDK validates."""

    mixin: ClassVar = "SameRegionImages"
    resource_types: ClassVar = (TASK,)
    nothing_id: ClassVar = "cdk-pull:noImages"
    nothing: ClassVar = (
        "no ECS task definition is in here, so there is no image to hold to the Region: imported ones are looked at where "
        "they are defined"
    )

    def __init__(self, stage: IConstruct) -> None:
        super().__init__(stage)
        self._recorded: set[str] = set()

    def check(self) -> list[str]:
        """Return one line per image that is in another Region or in none; warn where it cannot be known."""
        errors: list[str] = []
        view = StackView(self.stage.node.root)

        def look(reached: Reached, application: Application) -> None:
            resource = cast("ecs.CfnTaskDefinition", reached.resource)
            judged = [_judge(one, application.request, view) for one in task_images(resource)]
            path = resource.node.path
            errors.extend(f"{path}: {one.error}" for one in judged if one.error)
            if judged and identity(resource) not in self._recorded:
                self._recorded.add(identity(resource))
                region = view.region(self.stack_of(resource))
                record(resource.node, _decision(judged, region, reached.applications))
                _acknowledge(resource, judged, application)

        self.for_each(look)
        return errors


@jsii.implements(IValidation)
class OneImageCheck:
    """Reports, when CDK validates, an image that is not in its stack's Region."""

    def __init__(self, image: TaskImage) -> None:
        self._image = image
        self._recorded = False

    def validate(self) -> list[str]:
        """Return a line for an image that is in another Region or in none; CDK itself names the construct."""
        view = StackView(self._image.user.node.root)
        judged = _judge(self._image, AllowList(), view)
        if not self._recorded:
            self._recorded = True
            record(self._image.user.node, _decision([judged], view.region(self._image.stack), ()))
        return [judged.error] if judged.error else []


def _judge(task_image: TaskImage, allow: AllowList, view: StackView) -> _Judged:
    """Judge an image, and warn where nobody can tell."""
    stack = task_image.stack
    place = locate_image(view.evaluate(task_image.image, stack), view.region(stack))
    if place.reference is not None and allow.allows(place.reference):
        return _Judged(str(place.reference), "allowed", place=place.verdict)
    if place.verdict == "unknown":
        cdk.Annotations.of(task_image.user).add_warning_v2(_WARNING, _warning(task_image, place))
    known = place.verdict in {"same", "unknown"}
    return _Judged(place.image, place.verdict, "" if known else _error(task_image, place, view.region(stack)))


def _acknowledge(resource: cdk.CfnResource, judged: Sequence[_Judged], application: Application) -> None:
    """Keep the checks from finding what is allowed, as CDK itself keeps what is acknowledged.

    All images that such a rule would find in the task definition are allowed: any other stops the synth.
    """
    allowed = {_RULES[one.place]: one.image for one in judged if one.place in _RULES}
    for rule, image in allowed.items():
        resource.node.add_metadata(ACKNOWLEDGED, {f"{PLUGIN}::{rule}": f"{application} allows {image}"})


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


def _decision(judged: Sequence[_Judged], region: str | None, applications: Sequence[Application]) -> Decision:
    parts = [
        f"{', '.join(one.image for one in judged if one.verdict == verdict)} {words}"
        for verdict, words in _VERDICTS.items()
        if any(one.verdict == verdict for one in judged)
    ]
    farther = [each for each in applications[1:] if each.request != applications[0].request]
    why = [
        "a registry in the Region is the nearest one",
        *(f"in place of what {each} allows" for each in farther),
    ]
    return Decision(
        topic="region",
        decided=f"images in {region or 'the Region that the stack is deployed to'}: {'; '.join(parts)}",
        why="; ".join(why),
        cost=f"transfer within the Region is free, from another about ${ecr_prices().transfer:.2f} per GB",
        confidence="read from every container definition when CDK validates",
        details={
            "images": {one.image: one.verdict for one in judged},
            **({"applied_to": applications[0].path} if applications else {}),
        },
    )
