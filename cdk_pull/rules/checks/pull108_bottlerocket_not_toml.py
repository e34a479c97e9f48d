"""PULL108: Bottlerocket user data that is not TOML, or has shell in it."""

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

__all__ = ["bottlerocket_not_toml"]


@rule(
    "PULL108",
    "Bottlerocket user data that is not TOML",
    severity=Severity.ERROR,
    on="capacity",
    fix="Write TOML; in CDK give the group machine_image_type=MachineImageType.BOTTLEROCKET, so that no shell is added",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        safe="merges the tables of a duplicate header",
        unsafe="removes shell commands, and writes them as TOML where Bottlerocket has the setting",
        codes=codes_of("PULL108"),
    ),
    sources=(
        "Bottlerocket core-kit, early-boot-config",
        "https://github.com/aws/aws-cdk/issues/29432",
    ),
)
def bottlerocket_not_toml(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """Bottlerocket cannot read its user data.

    ## What it does
    Finds user data of Bottlerocket instances that a strict TOML parser rejects: shell commands, a second
    `[settings.ecs]` header, MIME archives.

    ## Why it matters
    Bottlerocket applies the whole document or nothing. An instance that rejects it has neither the pull behavior
    nor the name of its cluster, and never joins. A forgotten `machine_image_type` makes aws-cdk-lib write
    shell into the TOML.

    ## Example
    ```toml
    [settings.ecs]
    image-pull-behavior = "once"
    echo ECS_CLUSTER=web >> /etc/ecs/ecs.config
    ```

    ## Use instead
    ```toml
    [settings.ecs]
    cluster = "web"
    image-pull-behavior = "once"
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group. All settings of the document take effect then.

    ## References
    - https://github.com/aws/aws-cdk/issues/29432
    - https://toml.io/en/v1.0.0
    - https://bottlerocket.dev/en/os/latest/#/api/settings/ecs/
    """
    yield from problems_of(capacity, "PULL108")
