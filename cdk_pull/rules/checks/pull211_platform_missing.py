"""PULL211: an image of a registry that is not built for the task's platform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.image.ecr import registry_kind
from cdk_pull.image.platform import Platform
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.platforms import platforms_of, unknown_architecture, unknown_platforms
from cdk_pull.template.ecs.platforms import CPU_ARCHITECTURES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cdk_pull.fargate.sizes import Os
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.not_evaluated import NotEvaluated
    from cdk_pull.template.ecs.tasks import Container, TaskDefinition

__all__ = ["platform_missing"]

# Whichever the instances are, an image for both of them runs.
_POSSIBLE: Final = frozenset(Platform("linux", each) for each in CPU_ARCHITECTURES.values())


@rule(
    "PULL211",
    "An image that is not built for the task's platform",
    severity=Severity.ERROR,
    on="task",
    fix="Build and push the image for the task's platform",
    sources=("OCI Image Index Specification; Amazon ECS Developer Guide, RuntimePlatform",),
)
def platform_missing(task: TaskDefinition, context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """The registry has the image, and not for the task's platform.

    ## What it does
    Compares the platforms that `cdk-pull lookup` has recorded for an image, or that a facts file states, with the
    operating system and the CPU architecture of the task. `X86_64` is the default on AWS Fargate. A task on EC2 without
    a `CpuArchitecture` runs on what its instances are, by their AMI or their type. PULL210 checks image assets, which
    no registry has yet, and PULL404 the builds of Windows.

    ## Why it matters
    Every task stops with `CannotPullContainerError: image Manifest does not contain descriptor matching platform` or
    `no matching manifest for linux/arm64`, and the deployment hangs until it is rolled back. An image of one platform
    without an index may be pulled and end at once with `exec format error`.

    ## Example
    ```yaml
    Metadata:
      cdk-pull: {images: {"example/web:1.2.3": {compressed: 70MB, platforms: [linux/amd64]}}}
    Properties:
      RuntimePlatform: {CpuArchitecture: ARM64, OperatingSystemFamily: LINUX}
      ContainerDefinitions: [{Name: web, Image: "example/web:1.2.3"}]
    ```

    ## Use instead
    ```yaml
    RuntimePlatform: {CpuArchitecture: X86_64, OperatingSystemFamily: LINUX}
    ```
    or an image that is built for both, by `docker buildx build --platform linux/amd64,linux/arm64 --push`.

    ## Fix safety
    Another architecture is a new revision of the task definition, and the image may behave differently on it.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html
    - https://github.com/aws/containers-roadmap/issues/1120
    """
    wanted = platforms_of(task, context)
    for container in task.containers:
        image = container.image
        if image is None or image.place.verdict == "malformed" or image.is_asset:
            continue
        profile = context.facts.profile(image, task)
        there = context.facts.built_for(image, task)
        if not there:
            # What an earlier version has looked up tells of the one platform that it was looked up for.
            found = Platform(profile.os, profile.architecture) if profile and profile.digest else None
            if not wanted.complete or wanted.known != (found,):
                yield unknown_platforms(container, image, profile)
            continue
        lacking = [each for each in wanted.known if each not in there]
        if lacking:
            yield _problem(task, container, lacking, there, surely=len(lacking) == len(wanted.known))
        elif not wanted.complete and not {*there} >= _POSSIBLE:
            yield unknown_architecture(task, f"{image} is built for {_listed(there)}")


def _problem(
    task: TaskDefinition,
    container: Container,
    lacking: list[Platform],
    there: Collection[Platform],
    *,
    surely: bool,
) -> Problem:
    name = container.name or "the container"
    runs = "the task runs on" if surely else "some of the task's instances are"
    missing = _listed(lacking)
    reference = container.image.reference if container.image is not None else None
    own = reference is not None and registry_kind(reference.registry) == "ecr"
    build = f"Build and push it for {missing}, too" if own else f"Choose a tag that is built for {missing}"
    return Problem(
        message=f"the image of {name} is built for {_listed(there)}, and {runs} {missing}",
        fix=f"{build}; {_or_task(task, lacking[0].os, there)}. After a push, run cdk-pull lookup --refresh",
        path=(*container.path, "Image"),
        quote=str(container.image),
        severity=None if surely else Severity.WARNING,
    )


def _or_task(task: TaskDefinition, os: Os, there: Collection[Platform]) -> str:
    for name, architecture in CPU_ARCHITECTURES.items():
        if Platform(os, architecture) in there:
            return f"or set CpuArchitecture: {name} on the task" + (
                "" if task.fargate else f", and run it on {name} instances"
            )
    return f"or set OperatingSystemFamily: {'LINUX' if os == 'windows' else 'WINDOWS_SERVER_…'} on the task"


def _listed(platforms: Collection[Platform]) -> str:
    return ", ".join(sorted(map(str, platforms)))
