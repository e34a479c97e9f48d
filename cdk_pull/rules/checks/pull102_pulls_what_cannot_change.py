"""PULL102: `always` or `default` although every image is a digest or an immutable tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cdk_pull.agent.variables import setting_line
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.agent_warnings import problem_at
from cdk_pull.template.ecs.capacity import BEHAVIOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.finding import Problem
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["pulls_what_cannot_change"]

_ASKS: Final = frozenset({"always", "default"})
_FIXED: Final = frozenset({"digest", "immutable"})


@rule(
    "PULL102",
    "The agent asks the registry for images that cannot change",
    severity=Severity.INFO,
    on="capacity",
    fix="Use prefer-cached or once: cdk.Mixins.of(cluster).apply(ImagePullBehavior.prefer_cached())",
    mixin="ImagePullBehavior",
    sources=("amazon-ecs-agent 1.105.1: agent/engine/docker_task_engine.go",),
)
def pulls_what_cannot_change(capacity: Capacity, context: CheckContext) -> Iterator[Problem]:
    """The agent asks the registry at every start for images that cannot change.

    ## What it does
    Finds capacity with the behavior `always` or `default` on which every image of every known service has a digest
    or a tag of a repository with immutable tags.

    ## Why it matters
    The registry can only confirm what the instance already has. Each start waits for the round trip and, with
    `always`, fails if the registry, its endpoint or the token is not available.

    ## Example
    ```yaml
    UserData: echo ECS_IMAGE_PULL_BEHAVIOR=always >> /etc/ecs/ecs.config
    Image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:…
    ```

    ## Use instead
    ```python
    cdk.Mixins.of(cluster).apply(ImagePullBehavior.prefer_cached())
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group. `prefer-cached` switches image cleanup off; `once` does not.

    ## References
    - amazon-ecs-agent 1.105.1: `agent/engine/docker_task_engine.go`
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    if not capacity.sets_behavior or capacity.behavior not in _ASKS:
        return
    placement = context.placement(capacity)
    images = placement.images
    fixed = context.once(("fixed images", placement), lambda: all(each.kind in _FIXED for each in images))
    if images and fixed:
        what = f"{images[0]}" if len(images) == 1 else f"all {len(images)} images here, such as {images[0]},"
        fix = setting_line(BEHAVIOR, "prefer-cached", capacity.reading.os or "linux")
        yield problem_at(
            capacity,
            BEHAVIOR,
            f"{capacity.behavior} asks the registry at every start, although {what} cannot change; prefer-cached pulls once "
            "an instance, and so does once, which keeps the cleanup on",
            f"{fix} (in CDK: cdk.Mixins.of(cluster).apply(ImagePullBehavior.prefer_cached()))",
        )
