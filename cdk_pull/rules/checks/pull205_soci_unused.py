"""PULL205: SOCI asked for where Fargate cannot use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.image.ecr import registry_kind
from cdk_pull.image.profile import Compression
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.fargate_facts import asks_soci, soci_indexes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.images import Image
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["soci_unused"]

_ON_EC2: Final = "its tasks run on EC2 instances, which have no SOCI snapshotter"
_ON_WINDOWS: Final = "Windows tasks do not use SOCI"
_VERSION_1: Final = (
    "the index has version 1, which Fargate does not accept from accounts that are new to SOCI"
)
_BEFORE: Final = "its tag is that of the image before it was indexed; the image with the index is tagged "
_VERSION_2: Final = "Build an index of version 2, with SociIndexV2Build or soci convert"


@rule(
    "PULL205",
    "SOCI where Fargate cannot use it",
    severity=Severity.WARNING,
    on="task",
    fix="Build with gzip layers and push to a private ECR repository; or drop the index",
    sources=("Amazon ECS Developer Guide, Lazy loading container images using SOCI",),
)
def soci_unused(task: TaskDefinition, context: CheckContext) -> Iterator[Problem]:
    """SOCI is configured where Fargate cannot use it.

    ## What it does
    Finds Fargate tasks that ask for SOCI, by `Metadata: {cdk-pull: {soci: true}}` or by a SOCI index resource for
    the repository of their image, and of whose images none can use it: they are not in private ECR, have zstd
    layers, run on Windows, have an index of version 1 alone, or are the image before it was indexed. Tasks that services run on EC2 are found as well: no
    ECS-optimized AMI and no ECS variant of Bottlerocket has the SOCI snapshotter.

    ## Why it matters
    Fargate then pulls the whole image without notice: the index is built, stored and paid for in vain,
    and the start is as late as before.

    ## Example
    ```yaml
    Metadata: {cdk-pull: {soci: true}}
    Properties: {ContainerDefinitions: [{Image: public.ecr.aws/docker/library/python:3.12}]}
    ```

    ## Use instead
    ```yaml
    Image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:2f9c1ab   # gzip layers
    ```

    ## Fix safety
    Another image or another compression is a new task definition revision. An index v2 changes the digest of the
    image.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/soci-index.html
    """
    if not task.fargate and task.on_fargate is None:
        return
    asked = [
        (container, container.image, _why_not(container.image, task, context))
        for container in task.containers
        if container.image is not None and asks_soci(task, container.image, context)
    ]
    # The metadata speaks for the task: a sidecar of another registry is no mistake beside an image that uses SOCI.
    if any(not why for _, _, why in asked) and task.resource.metadata.get("soci") is True:
        return
    for container, image, why in asked:
        if why:
            yield Problem(
                message=f"SOCI is configured, but the whole image {image} is pulled: {why}",
                fix=_fix(why),
                path=(*container.path, "Image"),
                quote=str(image),
            )


def _fix(why: str) -> str:
    if why.startswith(_BEFORE):
        return f"Run the tag {why.removeprefix(_BEFORE)}; in CDK, the image that to_ecs_docker_image_code returns"
    return {_VERSION_1: _VERSION_2, _ON_EC2: "Drop the index", _ON_WINDOWS: "Drop the index"}.get(why, "")


def _why_not(image: Image, task: TaskDefinition, context: CheckContext) -> str:
    """Return why Fargate does not use SOCI for an image; empty where it can, or that is not known."""
    if not task.fargate:
        return _ON_EC2
    if task.os == "windows":
        return _ON_WINDOWS
    if image.reference is not None and registry_kind(image.reference.registry) != "ecr":
        return f"{image.reference.registry} is not private ECR"
    profile = context.facts.profile(image, task)
    if profile is not None and any(layer.compression is Compression.ZSTD for layer in profile.layers):
        return "its layers are zstd, which SOCI cannot index"
    return _why_not_by_index(image, context)


def _why_not_by_index(image: Image, context: CheckContext) -> str:
    indexes = soci_indexes(image, context)
    if any(index.result is None or image.tag != index.tag for index in indexes if index.version > 1):
        return ""
    if results := [index.result for index in indexes if index.result is not None]:
        return f"{_BEFORE}{results[0]}"
    return _VERSION_1 if indexes else ""
