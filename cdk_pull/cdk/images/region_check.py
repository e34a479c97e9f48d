"""Holds the images of task definitions to the Region of their stack, once the tree is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs

from cdk_pull.cdk.fargate.apply_size import region_of
from cdk_pull.cdk.images.stage_caches import StageCaches
from cdk_pull.cdk.synth.constructs import identity, stage_of
from cdk_pull.cdk.synth.decisions import record
from cdk_pull.cdk.synth.stage_work import StageWork
from cdk_pull.cdk.synth.unwritten import UnwrittenApp
from cdk_pull.decision import Decision
from cdk_pull.image.allow_list import AllowList
from cdk_pull.image.ecr import ecr_prices
from cdk_pull.image.pull_through import upstream_of
from cdk_pull.rules.engine.registry import find_rule
from cdk_pull.rules.engine.suppress import PLUGIN
from cdk_pull.rules.support.near import Far, across_regions, cannot_tell, from_registry
from cdk_pull.shapes import as_list
from cdk_pull.template.construct_metadata import ACKNOWLEDGED
from cdk_pull.template.ecs.task_shapes import SHAPES
from cdk_pull.template.image_region import ImagePlace, locate_image
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from constructs import IConstruct

    from cdk_pull.cdk.synth.stage_work import Application, Reached
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["OneImage", "StageImages"]

_WARNING = "cdk-pull:imageRegionUnknown"
_VERDICTS = {
    "same": "in the Region",
    "allowed": "allowed from elsewhere",
    "unknown": "not known",
    "elsewhere": "in another Region",
    "outside": "outside private ECR",
    "malformed": "unreadable",
}
# What finds the same in templates.
_RULES = {"elsewhere": "PULL301", "outside": "PULL302"}


class _Judged(NamedTuple):
    """An image and what is said of it.

    Attributes:
        image: for a person to read.
        verdict: ``allowed``, or where it is.
        error: why it stops the synth; empty where it does not.
        warning: why nobody can tell; empty where somebody can.
        place: where it is, allowed or not.
    """

    image: str
    verdict: str
    error: str = ""
    warning: str = ""
    place: str = ""


class OneImage(NamedTuple):
    """An image that has to be in the Region of the stack that runs it.

    Attributes:
        user: the construct that runs it.
        container: its name.
        image: as CDK has it, tokens and all.
    """

    user: IConstruct
    container: str
    image: str


class StageImages(StageWork):
    """Looks at every image of the task definitions of a stage when CDK validates."""

    mixin: ClassVar = "SameRegionImages"
    resource_types: ClassVar = tuple(SHAPES)
    nothing_id: ClassVar = "cdk-pull:noImages"
    nothing: ClassVar = (
        "no task definition, job definition or Express Gateway service is in this scope, so there is no image to check: imported ones are looked at where "
        "they are defined"
    )

    def __init__(self, stage: IConstruct) -> None:
        super().__init__(stage)
        self._recorded: set[str] = set()
        self._held: list[OneImage] = []

    def hold(self, image: OneImage) -> None:
        """Look at one image, whatever applies to its task definition."""
        self._held.append(image)

    def check(self) -> list[str]:
        """Return one line per image that is in another Region or in none; warn where it cannot be known."""
        self._app = UnwrittenApp(self.stage)
        errors = [line for each in self._held for line in self._look_at_one(each)]
        reached = [each.resource for each in self.reached()]
        tasks = self._app.task_definitions(reached) if reached else {}

        def look(reached: Reached, application: Application) -> None:
            resource = reached.resource
            region = region_of(self.stack_of(resource))
            allow: AllowList = application.request
            judged = [
                _judge(name, place, region, allow) for name, place in _places(tasks[identity(resource)])
            ]
            path = resource.node.path
            errors.extend(f"{path}: {one.error}" for one in judged if one.error)
            for one in judged:
                if one.warning:
                    cdk.Annotations.of(resource).add_warning_v2(_WARNING, one.warning)
            if judged and identity(resource) not in self._recorded:
                self._recorded.add(identity(resource))
                record(resource.node, _decision(judged, region, reached.applications))
                _acknowledge(resource, judged, application)

        self.for_each(look)
        return errors

    def _look_at_one(self, image: OneImage) -> list[str]:
        path = image.user.node.path
        stack = cdk.Stack.of(image.user)
        region = region_of(stack)
        place = locate_image(self._app.evaluate(_as_pulled(image), stack), region)
        judged = _judge(image.container, place, region, AllowList())
        if judged.warning:
            cdk.Annotations.of(image.user).add_warning_v2(_WARNING, judged.warning)
        if path not in self._recorded:
            self._recorded.add(path)
            record(image.user.node, _decision([judged], region, ()))
        return [f"{path}: {judged.error}"] if judged.error else []


def _as_pulled(image: OneImage) -> object:
    """Return an image by the name that PullThroughCache has given it, if it has."""
    if not isinstance(image.user, ecs.ContainerDefinition):
        return image.image
    caches = StageCaches.known(stage_of(image.user))
    task = image.user.task_definition.node.default_child
    cached = None if caches is None or task is None else caches.image(task, image.container)
    return image.image if cached is None else cached


def _places(task: TaskDefinition) -> Iterator[tuple[str, ImagePlace]]:
    """Yield where the image of each container is, by the container's name."""
    stated = task.values.get("ContainerDefinitions")
    if isinstance(stated, Unknown):
        yield "?", locate_image(Unknown(reason="the container definition is made at deployment"), None)
    for container in task.containers:
        if container.image is not None:
            yield container.name or "?", container.image.place
    for each in as_list(stated):
        if isinstance(each, Unknown):
            yield "?", locate_image(Unknown(reason="the container definition is made at deployment"), None)


def _judge(container: str, place: ImagePlace, region: str | None, allow: AllowList) -> _Judged:
    """Judge an image in the words of the rules."""
    reference = place.reference
    if reference is not None and place.verdict != "same" and allow.allows(reference):
        return _Judged(str(reference), "allowed", place=place.verdict)
    where = f"container {container}: " if container != "?" else ""
    match place.verdict:
        case "elsewhere":
            far = across_regions(place, region or "")
            return _Judged(place.image, place.verdict, f"{where}{_told(far, 'PULL301')}")
        case "outside" if reference is not None:
            upstream = upstream_of(reference.registry)
            far = from_registry(place.image, upstream.registry if upstream else reference.registry)
            way = f"Or allow it by name: allow=['{reference.name}']"
            return _Judged(place.image, place.verdict, f"{where}{_told(far, 'PULL302')}. {way}")
        case "unknown":
            # A value that CloudFormation picks has no text of its own.
            shown = ImagePlace(image="the image", verdict="unknown", reason=place.reason)
            far = cannot_tell(shown if place.image == "${?}" else place)
            return _Judged(place.image, place.verdict, warning=f"{where}{far.message}. {_way_to_know(place)}")
        case "malformed":
            return _Judged(
                place.image,
                place.verdict,
                f"{where}image {place.image} cannot be read: {place.reason}{f'. {place.fix}' if place.fix else ''}",
            )
    return _Judged(place.image, place.verdict)


def _told(far: Far, rule: str) -> str:
    return f"{far.message}. {far.fix or find_rule(rule).fix}"


def _way_to_know(place: ImagePlace) -> str:
    if place.region:
        return f"Give the stack its Region: env=cdk.Environment(account=…, region='{place.region}')"
    return (
        "Give the repository as a construct of this app or by an ARN with its Region, "
        "or acknowledge this warning where the value is sure to be in the Region"
    )


def _acknowledge(resource: cdk.CfnResource, judged: Sequence[_Judged], application: Application) -> None:
    """Keep the checks from finding what is allowed, as CDK itself keeps what is acknowledged.

    All images that such a rule would find in the task definition are allowed: any other stops the synth.
    """
    allowed = {_RULES[one.place]: one.image for one in judged if one.place in _RULES}
    for rule, image in allowed.items():
        resource.node.add_metadata(ACKNOWLEDGED, {f"{PLUGIN}::{rule}": f"{application} allows {image}"})


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
