"""PULL404: a Windows image whose build is not that of the operating system family."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.windows_images import family_product, image_build, instance_products
from cdk_pull.windows.families import fargate_families, product_of_build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition
    from cdk_pull.windows.families import Product

__all__ = ["build_mismatch"]

_AMI_FIX: Final = "Choose an image of the release of the AMI, or an AMI of the release of the image"


@rule(
    "PULL404",
    "A Windows image of another build than its family",
    severity=Severity.ERROR,
    on="task",
    fix="Choose the image or the OperatingSystemFamily to match",
    sources=(
        "data/windows_families.json",
        "Microsoft Learn, Windows container version compatibility",
    ),
)
def build_mismatch(task: TaskDefinition, context: CheckContext) -> Iterator[Problem]:
    """The Windows build of the container does not match the host.

    ## What it does
    Compares the build of Windows images with the operating system family of the task, on Fargate and on EC2: by an
    exact tag, words such as `ltsc2022` or `1809` in the tags of Microsoft's and of official images, or a known
    `os.version`. On EC2 it is the AMI of the instances that decides, where its name tells the release, and a task for
    another family is placed on none of them. On Fargate it also finds them in a task for Linux, which a task without `RuntimePlatform` is.

    ## Why it matters
    With process isolation, the only kind that ECS has, a container runs on a host of its own build alone: 2019 on
    17763, 2022 on 20348. Windows Server 2025, on EC2, runs those of 2022 too. Every other task stops with `The container
    operating system does not match the host operating system`.

    ## Example
    ```yaml
    RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2022_CORE}
    ContainerDefinitions: [{Image: mcr.microsoft.com/windows/servercore:ltsc2019}]
    ```

    ## Use instead
    ```yaml
    RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2022_CORE}
    ContainerDefinitions: [{Image: mcr.microsoft.com/windows/servercore:ltsc2022}]
    ```

    ## Fix safety
    Build and test the image on the new base. Another family may need other capacity.

    ## References
    - https://learn.microsoft.com/virtualization/windowscontainers/deploy-containers/version-compatibility
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-windows-considerations.html
    """
    stated = family_product(task.family)
    hosts = {stated} if stated is not None else set()
    on_linux = task.fargate and task.family == "LINUX"
    if not task.fargate:
        # On EC2 it is the instance that decides.
        for capacities in context.capacities_under(task):
            instances = context.once(("windows", id(capacities)), partial(instance_products, capacities))
            if stated is None:
                hosts |= instances
            elif instances and stated not in instances:
                yield Problem(
                    message=f"the task is for {task.family}, and its instances run {_listed(instances)}: none of them can run it",
                    fix=f"Use the AMI of {stated.name}, or set OperatingSystemFamily to what the AMI is",
                    path=(*task.base, "RuntimePlatform"),
                )
                return
    if not hosts and not on_linux:
        return
    for container in task.containers:
        image = container.image
        build = image_build(image, context.facts.profile(image, task)) if image is not None else None
        if build is None or any(host.oldest_container <= build <= host.os_build for host in hosts):
            continue
        where = f"{task.family} has {stated.os_build}" if stated else f"its instances run {_listed(hosts)}"
        where = where if hosts else "the task is for LINUX"
        yield Problem(
            message=f"{image} is built for Windows build {build}, and {where}: no task will start",
            fix="" if stated else _AMI_FIX if hosts else _family_fix(build),
            path=(*container.path, "Image"),
            quote=str(image),
        )


def _listed(hosts: set[Product]) -> str:
    return ", ".join(
        f"{name} with build {build}" for name, build in sorted((each.name, each.os_build) for each in hosts)
    )


def _family_fix(build: int) -> str:
    product = product_of_build(build)
    families = fargate_families(product) if product is not None else ()
    if not families:
        return "Use an image of Windows Server 2019 or 2022, and set RuntimePlatform to its family"
    return f"Set RuntimePlatform: {{OperatingSystemFamily: {families[0]}}}"
