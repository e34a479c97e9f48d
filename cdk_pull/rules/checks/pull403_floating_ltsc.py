"""PULL403: a servercore image by its floating tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.windows_images import servercore_build, window_on, windows_tasks_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["floating_ltsc"]


@rule(
    "PULL403",
    "A floating ltsc tag",
    severity=Severity.INFO,
    on="task",
    fix="Pin an exact build: ServerCore.pin(family, on=…)",
    sources=(
        "data/windows_builds.csv",
        "Amazon ECS Developer Guide, Windows on Fargate",
    ),
)
def floating_ltsc(task: TaskDefinition, context: CheckContext) -> Iterator[Problem]:
    """The servercore image is named by a tag that moves.

    ## What it does
    Finds Windows tasks on Fargate that run `servercore` by `ltsc2019`, `1809` or `ltsc2022`. It is a warning on a day, given by
    `--date`, on which an out-of-band release has moved the tag away from the build that the hosts hold.

    ## Why it matters
    The tag moves with every release, also with the out-of-band ones that the hosts need not hold, and once it was
    rolled back (2025-04). A task then pulls a layer that another task of the same service did not need, and two
    starts of one revision run two builds of Windows.

    ## Example
    ```yaml
    Image: mcr.microsoft.com/windows/servercore:ltsc2022
    ```

    ## Use instead
    ```yaml
    Image: mcr.microsoft.com/windows/servercore:10.0.20348.1906
    ```

    ## Fix safety
    The hosts drop the pinned build after two months. Rebuild on the next one before that (PULL402).

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-windows-considerations.html
    - https://hub.docker.com/r/microsoft/windows-servercore
    """
    window = window_on(task, context.today) if context.today is not None else None
    notes = window.notes if window is not None else ()
    for container, image in windows_tasks_image(task):
        if servercore_build(image, context.facts.profile(image, task)).floating:
            yield Problem(
                message=f"{image} moves with every release" + (f"; {notes[0]}" if notes else ""),
                path=(*container.path, "Image"),
                quote=str(image),
                severity=Severity.WARNING if notes else None,
            )
