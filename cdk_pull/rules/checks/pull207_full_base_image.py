"""PULL207: a full official image where a slim variant exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.fixes.task_patches import image_patches, named
from cdk_pull.rules.support.slim_variants import slim_variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["full_base_image"]


@rule(
    "PULL207",
    "A full base image where a slim one exists",
    severity=Severity.INFO,
    on="task",
    fix="Use the variant in the message, unless the container needs compilers and headers",
    autofix=Autofix(
        changes=Changes.IMAGE,
        unsafe="changes the image to its slim variant",
    ),
    sources=("data/slim_images.json",),
)
def full_base_image(task: TaskDefinition, _context: CheckContext) -> Iterator[Problem]:
    """The container runs the full variant of an official image.

    ## What it does
    Finds containers on Fargate whose image is a Docker Official Image, from Docker Hub, ECR Public or a
    pull-through cache, in its full variant, where a `slim` or `alpine` one exists under the same version. It sees the
    image that runs, not what your own image was built `FROM`.

    ## Why it matters
    Most full variants carry compilers, headers and version control systems for building other images. Fargate pulls
    and unpacks all of it at every start.

    ## Example
    ```yaml
    Image: python:3.12
    ```

    ## Use instead
    ```yaml
    Image: python:3.12-slim
    ```

    ## Fix safety
    The slim variant lacks packages that the container may use: test it. Alpine has another C library.

    ## References
    - https://github.com/docker-library/docs/tree/master/python#image-variants
    """
    if not task.fargate or task.os == "windows":
        return
    for container in task.containers:
        image = container.image
        slim = slim_variant(image) if image is not None else None
        if slim is not None:
            yield Problem(
                message=f"{image} is the full variant, with {slim.saves}; {slim.image} is far smaller",
                fix=f"Use {slim.image}, unless the container needs {slim.saves}",
                path=(*container.path, "Image"),
                quote=str(image),
                patches=tuple(image_patches(task, container, named(slim.image))),
            )
