"""PULL307: a text that names no image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.template.context import section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.image.reference import ImageReference
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["not_an_image"]

_LOCAL: Final = frozenset({"localhost", "127.0.0.1"})


@rule(
    "PULL307",
    "A name that is not an image",
    severity=Severity.ERROR,
    on="task",
    fix="Write [registry/]repository[:tag][@digest]",
    sources=(
        "github.com/distribution/reference; Docker Hub, Repositories; Amazon ECR User Guide, Private registries",
    ),
)
def not_an_image(task: TaskDefinition, _context: CheckContext) -> Iterator[Problem]:
    """No image can have this name.

    ## What it does
    Reads the image of each container as Docker and containerd read it, with what only the deployment knows left open:
    ARNs, IDs (`sha256:…` alone), URLs, blanks, upper case, two tags, a tag or digest that a parameter's default leaves
    empty, a registry without a repository, `!Ref` of a repository, and names that Docker Hub cannot have, such as
    `docker.io/` before the host of Amazon ECR, and hosts of Amazon ECR without a Region or an account of twelve digits,
    such as the placeholders of a guide; names without a namespace in Quay, GitHub Packages and Amazon ECR Public; and,
    on Fargate, `localhost`. An image that is a parameter with such a default
    is a warning.

    ## Why it matters
    Most of them are looked for on Docker Hub, so that every task stops with `CannotPullContainerError: … pull access
    denied, repository does not exist or may require authorization`, which reads as a matter of permissions. Others are
    refused with `invalid reference format`.

    ## Example
    ```yaml
    Image: docker.io/111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.2.3
    ```

    ## Use instead
    ```yaml
    Image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1.2.3
    ```

    ## Fix safety
    It is a new revision of the task definition; services deploy it when they are updated.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
    - https://github.com/distribution/reference
    """
    for container in task.containers:
        image = container.image
        if (
            image is not None
            and image.reference is not None
            and task.for_fargate
            and _is_local(image.reference)
        ):
            yield Problem(
                message=f"{image} is looked up on the host of the task, and no registry listens there on AWS Fargate",
                fix="Write the registry that the image is pushed to",
                path=(*container.path, "Image"),
                quote=str(image),
            )
        elif image is not None and image.place.verdict == "malformed":
            yield Problem(
                message=image.place.reason,
                fix=image.place.fix,
                path=(*container.path, "Image"),
                quote=str(image),
                # Who deploys may give another value for a parameter than a default that is empty or a placeholder.
                severity=Severity.WARNING
                if _is_default(task.written_image(container), image, task)
                else None,
            )


def _is_local(reference: ImageReference) -> bool:
    return reference.registry.partition(":")[0] in _LOCAL


def _is_default(written: Any, image: Image, task: TaskDefinition) -> bool:
    """Tell whether an image is the default of a parameter, or empty otherwise than as it is written."""
    parameter = written.get("Ref") if isinstance(written, dict) else None
    parameters = section(task.resource.template.document, "Parameters")
    is_parameter = isinstance(parameter, str) and parameter in parameters
    return is_parameter or (image.value == "" and written != "")
