"""What a rule on image sizes says of the images whose sizes nobody has stated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.not_evaluated import Missing, NotEvaluated
from cdk_pull.template.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.tasks import Container, TaskDefinition

__all__ = ["UNKNOWN_ASSET", "UNKNOWN_NAME", "UNKNOWN_SIZE", "unknown_size", "unknown_sizes"]

UNKNOWN_SIZE: Final = Missing(
    "image of unknown size",
    "images of unknown size",
    "run `cdk-pull lookup`, or state the sizes with --facts",
)
UNKNOWN_ASSET: Final = Missing(
    "image asset of unknown size",
    "image assets of unknown size",
    "state the sizes in the task definition's metadata or with --facts",
)
UNKNOWN_NAME: Final = Missing(
    "image that only the deployment names", "images that only the deployment names", UNKNOWN_ASSET.advice
)


def unknown_sizes(task: TaskDefinition, context: CheckContext) -> Iterator[NotEvaluated]:
    """Yield the images of a task of which nobody has stated the size."""
    for container in task.containers:
        image = container.image
        if image is not None and image.place.verdict == "malformed":
            # No registry knows it: PULL307 says so.
            continue
        if image is not None and context.facts.profile(image, task) is None:
            yield unknown_size(container, image)


def unknown_size(container: Container, image: Image) -> NotEvaluated:
    """Return what a rule says of the image of a container of which nobody has stated the size."""
    return NotEvaluated(
        missing=_kind(image),
        name=str(image),
        reason=image.value.reason if isinstance(image.value, Unknown) else "",
        path=(*container.path, "Image"),
    )


def _kind(image: Image) -> Missing:
    if image.is_asset:
        return UNKNOWN_ASSET
    return UNKNOWN_NAME if isinstance(image.value, Unknown) else UNKNOWN_SIZE
