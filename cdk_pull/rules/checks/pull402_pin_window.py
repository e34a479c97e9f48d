"""PULL402: a servercore build that Fargate's hosts dropped, or will drop within a month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.not_evaluated import Missing, NotEvaluated
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.windows_images import servercore_build, window_on, windows_tasks_image
from cdk_pull.units import format_bytes
from cdk_pull.windows.base import cached_base
from cdk_pull.windows.catalogue import packaged_catalogue
from cdk_pull.windows.window import cached_days

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.tasks import TaskDefinition

__all__ = ["pin_window"]

_NO_DAY: Final = Missing(
    "Windows image without a day to judge it by",
    "Windows images without a day to judge them by",
    "give the day with --date, or date=… in Python",
)


@rule(
    "PULL402",
    "A servercore pin near or past the end of its window",
    severity=Severity.WARNING,
    on="task",
    fix="Pin the release in the message: ServerCore.pin(family, on=…), and rebuild",
    sources=(
        "data/windows_builds.csv",
        "Amazon ECS Developer Guide, Windows on Fargate",
    ),
)
def pin_window(task: TaskDefinition, context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """The servercore build is near or past the end of its window.

    ## What it does
    Judges the servercore build of Windows tasks on Fargate, by the image's tag, or by the layers or the
    `os.version` of an image that `cdk-pull lookup` has found, on the day given by `--date`, `date` in cdk-pull.toml,
    or the plugin. Past the window, it is a warning; in the last month, from the day on which a newer build can be pinned, it is
    info. Without a day it reports what it could not evaluate, because no check reads the clock.

    ## Why it matters
    The hosts hold the newest and the previous month. From the second Patch Tuesday after a build its update layer,
    0.4 to 0.9 GB compressed, is pulled at every start; after a new base layer the whole 2.2 to 2.5 GB.

    ## Example
    ```yaml
    Image: mcr.microsoft.com/windows/servercore:10.0.20348.1906   # of August 2023, on 2023-11-20
    ```

    ## Use instead
    ```python
    pin = ServerCore.pin("WINDOWS_SERVER_2022_CORE", on="2023-11-20")
    ```

    ## Fix safety
    Build and test the image on the new base.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-windows-considerations.html
    """
    if context.today is None:
        for container, image in windows_tasks_image(task):
            if servercore_build(image, context.facts.profile(image, task)).exact:
                yield NotEvaluated(missing=_NO_DAY, name=str(image), path=(*container.path, "Image"))
        return
    window = window_on(task, context.today)
    if window is None:
        return
    for container, image in windows_tasks_image(task):
        profile = context.facts.profile(image, task)
        build = servercore_build(image, profile)
        release = packaged_catalogue().find(build.exact) if build.exact else None
        if release is None or not release.monthly or window.on < release.patch_tuesday_after(1):
            continue
        # While the newest release is on its way to the hosts there is nothing better to build on.
        if window.pin is not None and window.pin.tag == release.tag:
            continue
        until = cached_days(release)
        when = f"dropped by {until.latest}" if window.on >= until.latest else f"drop from {until.earliest} on"
        base = cached_base(profile, window.on) if profile is not None else None
        cost = base.miss_bytes if base is not None and base.base is not None else 0
        miss = f"; each start then downloads up to {format_bytes(cost)} more" if cost else ""
        yield Problem(
            message=f"{image} is on {release.tag} of {release.day}, which the hosts {when}{miss}",
            fix=f"Rebuild on {window.pin.tag}" if window.pin else f"Refresh the catalogue: {window.reason}",
            path=(*container.path, "Image"),
            quote=str(image),
            severity=None if window.on >= until.earliest else Severity.INFO,
        )
