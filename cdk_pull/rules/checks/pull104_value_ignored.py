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
        safe="writes the intended value in the form that the agent accepts",
        codes=codes_of("PULL104"),
    ),
    sources=("amazon-ecs-agent 1.105.1: ecs-init/config and agent/config/parse.go",),
)
def value_ignored(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """The user data sets a variable in a form that the ECS agent ignores.

    ## What it does
    Finds quotes, wrong letter case, `export`, blanks, a comment after the value, a byte-order mark, a line that is
    joined to the previous one, and values that the agent does not know, wherever user data sets an image setting of
    the agent. Also finds quotes around the name of the cluster in a here-document, with which the instance joins no
    cluster.

    ## Why it matters
    The agent reads `/etc/ecs/ecs.config` line by line and splits each at its first `=`: there is no quoting, no
    comment and no `export`. It treats an unknown value as the default and logs nothing, so that the instances do not
    behave as the code states.

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
    group. The setting then takes effect for the first time, including the cleanup that comes with it.

    ## References
    - amazon-ecs-agent 1.105.1: `ecs-init/config`, `agent/config/parse.go`
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    yield from problems_of(capacity, "PULL104")
