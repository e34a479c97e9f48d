"""PULL210: an image that is built for another platform than the task's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.not_evaluated import Missing, NotEvaluated
from cdk_pull.rules.engine.registry import rule
from cdk_pull.template.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["platform_differs"]

_ARCHITECTURES: Final = {"X86_64": "amd64", "ARM64": "arm64"}
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
    the task that runs them. `X86_64` is the default on AWS Fargate. An asset without a platform is built for that of the
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
    architecture = _ARCHITECTURES.get(task.stated_architecture or "")
    if not platforms or architecture is None:
        return
    for container in task.containers:
        image = container.image
        tag = image.tag if image is not None else None
        if image is None or not isinstance(tag, str) or tag not in platforms:
            continue
        platform = platforms[tag]
        os, _, built = platform.lower().partition("/")
        built = _ALIASES.get(built, built)
        path, quote = (*container.path, "Image"), str(image)
        name = container.name or "the container"
        wanted = f"{task.os}/{architecture}"
        if not platform and task.os == "linux":
            yield Problem(
                message=f"the image of {name} is built for the platform of the machine that deploys, and the task runs on {wanted}",
                fix=f"Set platform=ecr_assets.Platform.{_NAMES[architecture]} on the asset",
                path=path,
                quote=quote,
                severity=Severity.WARNING if architecture == "arm64" else Severity.INFO,
            )
        elif platform and (os, built) != (task.os, architecture):
            other = next((key for key, value in _ARCHITECTURES.items() if value == built), "")
            fix = (
                f"Set platform=ecr_assets.Platform.{_NAMES[architecture]} on the asset"
                if task.os == "linux"
                else "Build the image on Windows"
            )
            yield Problem(
                message=f"the image of {name} is built for {platform}, and the task runs on {wanted}",
                fix=fix + (f", or CpuArchitecture: {other} on the task" if other and os == task.os else ""),
                path=path,
                quote=quote,
            )
