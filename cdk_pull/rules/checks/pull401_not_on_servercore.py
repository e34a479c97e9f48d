"""PULL401: a Windows image on Fargate that is not on a cached servercore tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.not_evaluated import Missing, NotEvaluated
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.unknown_sizes import UNKNOWN_SIZE
from cdk_pull.rules.support.windows_images import servercore_build, windows_tasks_image
from cdk_pull.windows.catalogue import packaged_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["not_on_servercore"]

_BASE: Final = Missing("Windows image of unknown base", "Windows images of unknown base", UNKNOWN_SIZE.advice)


@rule(
    "PULL401",
    "A Windows image that is not on a cached servercore",
    severity=Severity.INFO,
    on="task",
    fix="Build FROM mcr.microsoft.com/windows/servercore on an exact tag: ServerCore.pin(family, on=…)",
    sources=("Amazon ECS Developer Guide, Windows on Fargate; aws/containers-roadmap#2702",),
)
def not_on_servercore(task: TaskDefinition, context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """Fargate hosts have not cached the base of the image.

    ## What it does
    Finds Windows tasks on Fargate with an image of Microsoft's registry other than servercore, or with a servercore
    tag that is no monthly release of the catalogue, such as an out-of-band build.

    ## Why it matters
    Fargate's Windows hosts hold the servercore image of the newest and the previous month. Nothing promises
    nanoserver, IIS, ASP.NET or .NET layers: those are pulled at every start, up to several GB.

    ## Example
    ```yaml
    Image: mcr.microsoft.com/dotnet/framework/aspnet:4.8
    ```

    ## Use instead
    ```dockerfile
    ARG SERVERCORE_TAG
    FROM mcr.microsoft.com/windows/servercore:${SERVERCORE_TAG}
    ```

    ## Fix safety
    Build and test the image on the new base.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-windows-considerations.html
    - https://github.com/aws/containers-roadmap/issues/2702
    """
    for container, image in windows_tasks_image(task):
        build = servercore_build(image, context.facts.profile(image, task))
        path = (*container.path, "Image")
        if build.exact:
            release = packaged_catalogue().find(build.exact)
            if release is not None and not release.monthly:
                yield Problem(
                    message=f"{image} is on {build.exact}, an out-of-band build; the hosts cache the monthly ones",
                    path=path,
                    quote=str(image),
                )
        elif not build.other_base:
            if not build.floating and image.place.verdict != "malformed":
                yield NotEvaluated(missing=_BASE, name=str(image), path=path)
        else:
            yield Problem(
                message=f"{image} is not a servercore image that Fargate caches, so the hosts may not have its layers",
                path=path,
                quote=str(image),
            )
