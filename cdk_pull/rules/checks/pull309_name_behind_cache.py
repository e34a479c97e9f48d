"""PULL309: an image whose name behind a cache is no repository of the upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.cache_rules import upstream_kind, upstream_path
from cdk_pull.rules.support.pull_through import behind_cache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["name_behind_cache"]


@rule(
    "PULL309",
    "A name that the cached registry does not have",
    severity=Severity.ERROR,
    on="task",
    fix="Write library/ for the official images of Docker Hub, and for no others",
    sources=(
        "Amazon ECR User Guide, Pulling an image with a pull through cache rule; aws/containers-roadmap issue 2354",
    ),
)
def name_behind_cache(task: TaskDefinition, context: CheckContext) -> Iterator[Problem]:
    """The image behind a pull-through cache is named as its registry names none.

    ## What it does
    Takes the prefix of a pull-through cache rule of the templates off the names of images, and compares the rest with
    what the upstream can have: a repository of Docker Hub has a namespace and a name, `library` for official images
    and for no others; on Amazon ECR Public these are in `docker/library`.

    ## Why it matters
    Amazon ECR asks the upstream for what stands after the prefix, word for word. The pull ends with `pull access denied
    … The authentication to the upstream registry failed`, which reads as a matter of credentials.

    ## Example
    ```yaml
    Image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/nginx:1.27
    Image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/percona/percona-server:8.0
    ```

    ## Use instead
    ```yaml
    Image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1.27
    Image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/percona/percona-server:8.0
    ```

    ## Fix safety
    It is a new revision of the task definition; services deploy it when they are updated.

    ## References
    - https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-working-pulling.html
    - https://github.com/aws/containers-roadmap/issues/2354
    """
    for container in task.containers:
        image = container.image
        behind = behind_cache(image, context, task.resource.template.context) if image is not None else None
        # What only the deployment knows may have any number of parts.
        if image is None or behind is None or "${" in str(image).partition("/")[2].rpartition(":")[0]:
            continue
        found = upstream_path(behind.rule, behind.path)
        if found is None:
            continue
        asked, right = found
        kind = upstream_kind(behind.rule)
        before = f"{behind.prefix}/" if behind.prefix else ""
        yield Problem(
            message=f"{image} is looked up as {asked} in {kind}, which has no such repository",
            fix=f"Write {str(image).replace(f'/{before}{behind.path}', f'/{before}{right}')}",
            path=(*container.path, "Image"),
            quote=str(image),
        )
