"""PULL104: a value that the agent ignores without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.fixes.table import codes_of
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.support.agent_warnings import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.finding import Problem
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["value_ignored"]


@rule(
    "PULL104",
    "The agent silently ignores a setting",
    severity=Severity.ERROR,
    on="capacity",
    fix="Write NAME=value alone on its line: lower case, no quotes, no export, no blanks around =, no comment after it",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        safe="the line gets the value that was meant, in the form that the agent takes",
        codes=codes_of("PULL104"),
    ),
    sources=("amazon-ecs-agent 1.105.1: ecs-init/config and agent/config/parse.go",),
)
def value_ignored(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """The user data sets a variable in a form that the ECS agent does not take.

    ## What it does
    Finds quotes, another letter case, `export`, blanks, a comment after the value, a byte-order mark, a line glued
    to the one before it, and values that are none of the agent's, wherever the user data sets one of the agent's
    image settings; and quotes around the cluster's name in a here-document, with which the instance joins no cluster.

    ## Why it matters
    The agent reads `/etc/ecs/ecs.config` line by line and splits each at its first `=`: there is no quoting, no
    comment and no `export`. A value that it does not know becomes the default without a line in any log, so the
    instances run with another behaviour than the one in the code, and nothing shows it.

    ## Example
    ```sh
    echo 'ECS_IMAGE_PULL_BEHAVIOR="once"' >> /etc/ecs/ecs.config   # the agent uses default
    echo 'ECS_IMAGE_PULL_BEHAVIOR=Once' >> /etc/ecs/ecs.config     # the agent uses default
    ```

    ## Use instead
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    ```
    or `cdk.Mixins.of(cluster).apply(ImagePullBehavior.once())`.

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group. The setting then takes effect for the first time, with the clean-up that belongs to it.

    ## References
    - amazon-ecs-agent 1.105.1: `ecs-init/config`, `agent/config/parse.go`
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    yield from problems_of(capacity, "PULL104")
