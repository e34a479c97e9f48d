"""The images that Amazon ECS may run on EC2 capacity, by what the templates say of services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk

from cdk_pull.agent.cfn import text_parts
from cdk_pull.cdk.synth.constructs import identity, stage_of, warn
from cdk_pull.cdk.synth.unwritten import UnwrittenApp
from cdk_pull.cdk.synth.written import logical_ids
from cdk_pull.template.ecs.view import EcsView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from constructs import IConstruct

    from cdk_pull.template.ecs.tasks import Container, TaskDefinition
    from cdk_pull.template.model import Template

__all__ = ["images_on_capacity"]

_WARNING: Final = "cdk-pull:prePullImage"
_ALIKE: Final = frozenset({"AWS::AccountId", "AWS::Partition", "AWS::Region", "AWS::URLSuffix"})
"""The pseudo parameters that mean the same in every stack of one account and Region."""


def images_on_capacity(stage: IConstruct, launches: Sequence[cdk.CfnResource]) -> list[tuple[str, ...]]:
    """Return the images of what may run on each of some launch resources, with CDK's tokens.

    CDK has to have resolved the references between stacks. An image that cannot be named in the stack of the launch
    resource is left out, with a warning.

    Args:
        stage: of the launch resources; nothing of another stage runs on them.
        launches: the launch resources.
    """
    own = identity(stage)
    stacks = [
        each
        for each in stage.node.find_all()
        if isinstance(each, cdk.Stack) and identity(stage_of(each)) == own
    ]
    view = EcsView(UnwrittenApp(stage).assembly(stacks))
    tasks: dict[tuple[str, str], dict[int, TaskDefinition]] = {}
    for service in view.services:
        if service.task is None:
            continue
        for capacity in service.capacities:
            here = (capacity.resource.template.key, capacity.resource.logical_id)
            tasks.setdefault(here, {})[id(service.task)] = service.task
    templates = {each.key: each for each in view.assembly.templates}
    return [tuple(dict.fromkeys(_images(launch, templates, tasks))) for launch in launches]


def _images(
    launch: cdk.CfnResource,
    templates: dict[str, Template],
    tasks: dict[tuple[str, str], dict[int, TaskDefinition]],
) -> Iterator[str]:
    stack = cdk.Stack.of(launch)
    (logical_id,) = logical_ids(stack, [launch])
    template = templates[identity(stack)]
    for task in tasks.get((template.key, logical_id), {}).values():
        for container in task.containers:
            name = _name(task, container, template)
            if name is None:
                warn(
                    launch,
                    _WARNING,
                    f"the image of the container {container.name or container.image} of {task.resource.logical_id} in "
                    f"{task.resource.template.name} is not pre-pulled: {container.image} cannot be named in this stack; pass "
                    "it to PrePulledImages where the two stacks may refer to each other",
                )
            elif name:
                yield name


def _name(task: TaskDefinition, container: Container, template: Template) -> str | None:
    """Return what an image is called in a template; empty for none, and None where it cannot be named there."""
    if container.image is None:
        return ""
    value = container.image.value
    if isinstance(value, str):
        return value
    home = task.resource.template
    if home.key == template.key:
        return _token(task.written_image(container))
    if home.context.environment != template.context.environment:
        return None
    pieces = [each if isinstance(each, str) else {"Ref": each.symbol} for each in value.pieces or (value,)]
    if any(isinstance(each, dict) and each["Ref"] not in _ALIKE for each in pieces):
        return None
    return _token({"Fn::Join": ["", pieces]})


def _token(value: object) -> str | None:
    """Return a text of a template as CDK's string, whose known parts stay known; None for no text."""
    if value is None:
        return None
    return "".join(each if isinstance(each, str) else cdk.Token.as_string(each) for each in text_parts(value))
