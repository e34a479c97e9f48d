"""PULL101: ECS capacity that leaves the pull behavior to the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.variables import setting_line
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.support.unknown_launches import unknown_behavior
from cdk_pull.template.ecs.capacity import BEHAVIOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.variables import OperatingSystem
    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.not_evaluated import NotEvaluated
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["no_behavior"]


@rule(
    "PULL101",
    "No pull behavior is set on ECS capacity",
    severity=Severity.INFO,
    on="capacity",
    fix="Set one: cdk.Mixins.of(cluster).apply(ImagePullBehavior.once()), or ECS_IMAGE_PULL_BEHAVIOR=once in the user data",
    mixin="ImagePullBehavior",
    sources=("amazon-ecs-agent 1.105.1: agent/config/config.go",),
)
def no_behavior(capacity: Capacity, _context: CheckContext) -> Iterator[Problem | NotEvaluated]:
    """The user data of the capacity sets no pull behavior.

    ## What it does
    Finds EC2 capacity of an ECS cluster whose user data sets no `ECS_IMAGE_PULL_BEHAVIOR` (on Bottlerocket:
    `image-pull-behavior`). Where a part of the user data cannot be known, or runs a script from elsewhere, it is not
    evaluated.
    An AMI of your own (`ami-…`) may bring an ecs.config with a behavior: the finding says so.

    ## Why it matters
    By default, the agent asks the registry at every container start, and runs the copy on the instance if that
    fails. Each start waits for the registry even if the image is present, and a failed pull can run a stale image
    without an error. Each of the four behaviors can be right; the default is seldom a choice.

    ## Example
    ```sh
    #!/bin/bash
    echo ECS_CLUSTER=web >> /etc/ecs/ecs.config
    ```

    ## Use instead
    ```python
    cdk.Mixins.of(cluster).apply(ImagePullBehavior.once())
    ```
    or, in plain user data:
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    ```
    `once` pulls an image name once per instance and keeps the agent's cleanup on. `prefer-cached` also uses images
    that the AMI or the user data has pulled before. `always` never runs an image that the registry does not confirm.

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group. `prefer-cached` switches image cleanup off for the whole instance, so its disk needs room for every
    image until it is replaced.

    ## References
    - amazon-ecs-agent 1.105.1: `agent/config/config.go`
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    - https://github.com/aws/aws-cdk/issues/23695
    """
    reading = capacity.reading
    unknown = unknown_behavior(capacity)
    if unknown is not None:
        yield unknown
    elif not (capacity.sets_behavior or any(each.variable == BEHAVIOR for each in reading.warnings)):
        emptied = any(each.code == WarningCode.TRUNCATES_CONFIG for each in reading.warnings)
        unless = "unless its AMI sets another one, " if capacity.image.own and not emptied else ""
        yield Problem(
            message=f"{unless}the agent has the behavior default: it asks the registry at every start, and when that fails "
            "it runs the copy that the instance happens to have",
            fix=_fix(reading.os or "linux"),
            path=capacity.path,
        )


def _fix(os: OperatingSystem) -> str:
    where = {
        "linux": "",
        "windows": "before Initialize-ECSAgent, ",
        "bottlerocket": "under [settings.ecs], ",
    }
    line = setting_line(BEHAVIOR, "once", os)
    return f"In CDK: cdk.Mixins.of(cluster).apply(ImagePullBehavior.once()); in user data: {where[os]}{line}"
