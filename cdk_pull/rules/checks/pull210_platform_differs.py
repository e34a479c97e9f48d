"""PULL210: an image that is built for another platform than the task's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.not_evaluated import Missing, NotEvaluated
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.platforms import platforms_of, unknown_architecture
from cdk_pull.template.ecs.platforms import CPU_ARCHITECTURES
from cdk_pull.template.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.image.platform import Platform
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import Container, TaskDefinition

__all__ = ["platform_differs"]

_ALIASES: Final = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "arm64/v8": "arm64"}
_ASSETS: Final = Missing(
    "asset manifest that cannot be read", "asset manifests that cannot be read", "run cdk synth again"
)
_NAMES: Final = {"amd64": "LINUX_AMD64", "arm64": "LINUX_ARM64"}


@rule(
    "PULL210",
    "An image built for another platform",
    severity=Severity.ERROR,
    on="task",
    fix="Build the image for the task's platform",
    sources=("Docker Docs, Multi-platform builds; AWS CDK API Reference, aws-ecr-assets.Platform",),
)
def platform_differs(task: TaskDefinition, context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """The image asset and the task have different platforms.

    ## What it does
    Compares the platform of the image assets of a cloud assembly with the operating system and the CPU architecture of
    the task that runs them. `X86_64` is the default on AWS Fargate; a task on EC2 without a `CpuArchitecture` runs on what
    its instances are. An asset without a platform is built for that of the
    machine that deploys: a warning for an ARM64 task, and otherwise worth knowing.

    ## Why it matters
    Fargate refuses the image, `CannotPullContainerError: image Manifest does not contain descriptor matching platform`,
    or its containers end at once with `exec format error`. It depends on who deploys: a laptop with Apple silicon
    builds for `linux/arm64`, and most pipelines for `linux/amd64`.

    ## Example
    ```python
    task = ecs.FargateTaskDefinition(self, "Task", runtime_platform=ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.ARM64))
    task.add_container("web", image=ecs.ContainerImage.from_asset("web", platform=ecr_assets.Platform.LINUX_AMD64))
    ```

    ## Use instead
    ```python
    task.add_container("web", image=ecs.ContainerImage.from_asset("web", platform=ecr_assets.Platform.LINUX_ARM64))
    ```

    ## Fix safety
    It is another image, and a new revision of the task definition. Building for another architecture than the
    machine's own needs emulation, which takes longer.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html
    - https://github.com/aws/aws-cdk/issues/17834
    """
    try:
        platforms = context.assembly.image_platforms
    except TemplateError as error:
        yield NotEvaluated(missing=_ASSETS, name=context.assembly.name, reason=str(error))
        return
    if not platforms:
        return
    wanted = platforms_of(task, context)
    for container in task.containers:
        image = container.image
        tag = image.tag if image is not None else None
        if image is None or not isinstance(tag, str) or tag not in platforms:
            continue
        if not wanted.known:
            yield unknown_architecture(task, f"the image of {container.name or 'a container'} is an asset")
            return
        yield from _compared(platforms[tag].lower(), wanted.known, container, fargate=task.fargate)


def _compared(
    built: str, wanted: tuple[Platform, ...], container: Container, *, fargate: bool
) -> Iterator[Problem]:
    """Yield what is wrong with an asset that is built for a platform, or for that of the machine that deploys."""
    os, _, architecture = built.partition("/")
    architecture = _ALIASES.get(architecture, architecture)
    path, quote = (*container.path, "Image"), str(container.image)
    name = container.name or "the container"
    for platform in wanted:
        if not built and platform.os == "linux":
            yield Problem(
                message=f"the image of {name} is built for the platform of the machine that deploys, and the task runs on {platform}",
                fix=f"Set platform=ecr_assets.Platform.{_NAMES[platform.architecture]} on the asset",
                path=path,
                quote=quote,
                severity=Severity.WARNING if platform.architecture == "arm64" else Severity.INFO,
            )
        elif built and (os, architecture) != (platform.os, platform.architecture):
            other = next((key for key, value in CPU_ARCHITECTURES.items() if value == architecture), "")
            elsewhere = (
                f", or CpuArchitecture: {other} on the task"
                if fargate
                else f", or run it on {other} instances"
            )
            fix = (
                f"Set platform=ecr_assets.Platform.{_NAMES[platform.architecture]} on the asset"
                if platform.os == "linux"
                else "Build the image on Windows"
            )
            yield Problem(
                message=f"the image of {name} is built for {built}, and the task runs on {platform}",
                fix=fix + (elsewhere if other and os == platform.os else ""),
                path=path,
                quote=quote,
            )
