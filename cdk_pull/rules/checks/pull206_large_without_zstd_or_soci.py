"""PULL206: an image over 250 MB compressed with neither zstd nor SOCI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.fargate.estimate.start_model import start_facts
from cdk_pull.image.profile import Compression
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.fargate_facts import asks_soci
from cdk_pull.rules.support.unknown_sizes import unknown_size
from cdk_pull.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.not_evaluated import NotEvaluated
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["large_without_zstd_or_soci"]


@rule(
    "PULL206",
    "An image over 250 MB with neither zstd nor SOCI",
    severity=Severity.INFO,
    on="task",
    fix="Build with zstd (docker buildx build --output type=image,oci-mediatypes=true,compression=zstd,force-compression=true,push=true), or keep gzip, push to private ECR and add a SOCI index v2 (soci convert)",
    sources=("Amazon ECS Developer Guide, Fargate: container image considerations",),
)
def large_without_zstd_or_soci(
    task: TaskDefinition, context: CheckContext
) -> Iterator[Problem | NotEvaluated]:
    """A large image is pulled with gzip and without an index.

    ## What it does
    Finds Fargate tasks on Linux with an image known to be over 250 MB compressed, whose layers are gzip and for
    which nobody asks for SOCI.

    ## Why it matters
    AWS recommends SOCI above 250 MB and reports starts up to 27 % shorter with zstd. Neither needs a larger task. Each
    start and each scale-out waits for the pull, and Fargate keeps no image.

    ## Example
    ```yaml
    Metadata: {cdk-pull: {images: {"web:1": {compressed: 800MB, uncompressed: 2.4GB}}}}
    ```

    ## Use instead
    ```sh
    docker buildx build --output type=image,oci-mediatypes=true,compression=zstd,force-compression=true,push=true .
    ```

    With `push=true` the build itself pushes. A `docker push` keeps zstd only where Docker has the containerd image store;
    the older store compresses with gzip again, without an error. In CDK, `FargateImage` chooses the form by the start
    that you want.

    ## Fix safety
    zstd needs a container runtime that reads it (Fargate 1.4.0 does, Docker before 23 does not) and excludes SOCI.
    SOCI makes the first reads of files slower in exchange for an earlier start. Either gives the image a new digest,
    which is a new deployment. An image of somebody else's has to be copied to your own repository first.

    ## References
    - https://aws.amazon.com/blogs/containers/reducing-aws-fargate-startup-times-with-zstd-compressed-container-images/
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-considerations.html
    """
    if not task.fargate or task.os == "windows":
        return
    for container in task.containers:
        image = container.image
        if image is None or image.place.verdict == "malformed" or asks_soci(task, image, context):
            continue
        profile = context.facts.profile(image, task)
        if profile is None:
            yield unknown_size(container, image)
            continue
        is_zstd = all(layer.compression is Compression.ZSTD for layer in profile.layers)
        if profile.compressed_bytes > start_facts().soci_least_bytes and not is_zstd:
            yield Problem(
                message=f"{image} has {format_bytes(profile.compressed_bytes)} compressed, and uses neither zstd nor SOCI",
                path=(*container.path, "Image"),
                quote=str(image),
            )
