"""PULL109: a key of `settings.ecs` that stands in another table."""

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

__all__ = ["bottlerocket_wrong_table"]


@rule(
    "PULL109",
    "A Bottlerocket key in the wrong table",
    severity=Severity.ERROR,
    on="capacity",
    fix="Move the key under [settings.ecs]",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        safe="moves the key into its own table",
        codes=codes_of("PULL109"),
    ),
    sources=("Bottlerocket core-kit, settings-extension-ecs",),
)
def bottlerocket_wrong_table(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """A setting of the ECS agent is in the wrong table.

    ## What it does
    Finds keys of `settings.ecs`, such as `image-pull-behavior`, elsewhere in the document.

    ## Why it matters
    In TOML a bare key belongs to the table above it. Text appended to the document lands in whichever table came
    last, where the key is unknown, and one unknown key makes Bottlerocket reject all settings.

    ## Example
    ```toml
    [settings.ecs]
    cluster = "web"
    [settings.host-containers.admin]
    enabled = true
    image-pull-behavior = "once"
    ```

    ## Use instead
    ```toml
    [settings.ecs]
    cluster = "web"
    image-pull-behavior = "once"
    [settings.host-containers.admin]
    enabled = true
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group.

    ## References
    - https://bottlerocket.dev/en/os/latest/#/api/settings/ecs/
    """
    yield from problems_of(capacity, "PULL109")
