"""PULL110: a key of `settings.ecs` that Bottlerocket does not know, or a value that it does not accept."""

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

__all__ = ["bottlerocket_unsupported_key"]


@rule(
    "PULL110",
    "A key or value that Bottlerocket does not accept",
    severity=Severity.ERROR,
    on="capacity",
    fix="Remove it; Bottlerocket has no setting for the pull timeouts, untracked images and the non-ECS image age",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        safe="corrects the spelling of the key and the value",
        unsafe="removes a key that Bottlerocket does not have",
        codes=codes_of("PULL110"),
    ),
    sources=("Bottlerocket core-kit, settings-extension-ecs",),
)
def bottlerocket_unsupported_key(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """Bottlerocket rejects the document because of a key or a value.

    ## What it does
    Finds unknown keys in `[settings.ecs]`, values outside the enumeration, and durations that are not in the
    order hours, minutes, seconds. A table that no ECS variant has, such as `[settings.kubernetes]`, is a warning.

    ## Why it matters
    One unknown key makes Bottlerocket reject all settings, including the name of the cluster. Several agent variables have no counterpart there: the three pull timeouts, cleanup of untracked
    images and its exclude list, the age of non-ECS images.

    ## Example
    ```toml
    [settings.ecs]
    image-pull-behaviour = "once"
    image-cleanup-wait = "1m2h"
    ```

    ## Use instead
    ```toml
    [settings.ecs]
    image-pull-behavior = "once"
    image-cleanup-wait = "2h1m"
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group.

    ## References
    - https://bottlerocket.dev/en/os/latest/#/api/settings/ecs/
    """
    yield from problems_of(capacity, "PULL110")
