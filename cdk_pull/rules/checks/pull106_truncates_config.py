"""PULL106: `>` that truncates ecs.config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.fixes.table import codes_of
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.rules.engine.finding import Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.support.agent_warnings import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.rules.engine.finding import Problem
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["truncates_config"]


@rule(
    "PULL106",
    "A redirection that empties ecs.config",
    severity=Severity.ERROR,
    on="capacity",
    fix="Append: >> in place of >, tee -a in place of tee, append: true in write_files",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        safe="changes `>` to `>>` where it empties lines of the same user data",
        unsafe="does so, too, where it empties only what the AMI has written",
        codes=codes_of("PULL106"),
    ),
    sources=(
        "amazon-ecs-agent 1.105.1: ecs-init/config",
        "aws/amazon-ecs-ami, August 2026: scripts/setup-ecs-config-dir.sh",
    ),
)
def truncates_config(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """A `>` empties ecs.config.

    ## What it does
    Finds a write that replaces `/etc/ecs/ecs.config`. It is an error if the same user data wrote to the file
    before, as CDK does with the name of the cluster, and info if the AMI may have written to it. The file of
    Amazon's ECS-optimized AMIs is empty: replacing it is correct if the user data names the cluster.

    ## Why it matters
    The lines before it are gone: an instance without `ECS_CLUSTER` registers with the cluster `default`, or not at
    all, and settings that a mixin or a colleague added have no effect.

    ## Example
    ```sh
    echo ECS_CLUSTER=web >> /etc/ecs/ecs.config
    echo ECS_IMAGE_PULL_BEHAVIOR=once > /etc/ecs/ecs.config   # the cluster is gone
    ```

    ## Use instead
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group. The lines that were lost take effect, the cluster among them.

    ## References
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    # Nothing is lost on an AMI of Amazon's whose file has the cluster's name from here.
    sound = capacity.is_on_public_ami and "ECS_CLUSTER" in str(capacity.script)
    yield from problems_of(capacity, "PULL106", but={WarningCode.TRUNCATES_CONFIG} if sound else ())
