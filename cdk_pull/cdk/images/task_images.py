"""The images of a task definition, whichever way its containers came to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import aws_cdk as cdk

from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_cdk import aws_ecs as ecs
    from constructs import IConstruct

__all__ = ["TaskImage", "task_images"]


class TaskImage(NamedTuple):
    """One container's image.

    Attributes:
        user: the construct that runs it.
        stack: of the construct.
        container: its name.
        image: as CDK resolves it, intrinsics and all.
    """

    user: IConstruct
    stack: cdk.Stack
    container: str
    image: object


def task_images(task: ecs.CfnTaskDefinition) -> Iterator[TaskImage]:
    """Return the images of a task definition that has all its containers."""
    stack = cdk.Stack.of(task)
    definitions: Any = stack.resolve(task.container_definitions)
    for definition in definitions if isinstance(definitions, list) else [definitions]:
        if isinstance(definition, dict) and "image" in definition:
            yield TaskImage(task, stack, str(definition.get("name", "?")), definition["image"])
        elif definition is not None:
            yield TaskImage(
                task, stack, "?", Unknown(reason="the container definition is made at deployment")
            )
