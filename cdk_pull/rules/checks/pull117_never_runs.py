"""PULL117: a setting in user data that the instance never runs or the agent never sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.fixes.table import codes_of
from cdk_pull.rules.engine.finding import Problem, Severity
from cdk_pull.rules.engine.registry import rule
from cdk_pull.rules.fixes.declaration import Autofix, Changes
from cdk_pull.rules.support.agent_warnings import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.rules.engine.context import CheckContext
    from cdk_pull.template.ecs.capacity import Capacity

__all__ = ["never_runs"]


@rule(
    "PULL117",
    "A setting in user data that never runs",
    severity=Severity.ERROR,
    on="capacity",
    fix="Begin shell with #!, put PowerShell between <powershell> and </powershell>, set it in Machine scope and before any exit",
    autofix=Autofix(
        changes=Changes.USER_DATA,
        safe="moves a setting before the end of the script, and sets the variable of the machine instead of the process",
        unsafe="adds the missing first line or tags to a script, which then runs",
        codes=codes_of("PULL117"),
    ),
    sources=("cloud-init 23.4, user-data formats; EC2Launch v2",),
)
def never_runs(capacity: Capacity, _context: CheckContext) -> Iterator[Problem]:
    """The instance never runs the line, or the agent never sees what it sets.

    ## What it does
    Finds agent settings after `exit` or `exec`, after `reboot` or `shutdown` (also in a later part of a MIME archive),
    or after a here-document that does not end (an indented end, another word, typographic quotes) or after what
    `bash -n` refuses (an `if` without `fi`), user data without
    `#!`, MIME parts that cloud-init does not run, PowerShell outside its tags, variables of the process in place of the
    machine, and text that EC2 does not get as base64.

    ## Why it matters
    cloud-init and EC2Launch skip what they do not recognize, and report no error. The
    agent uses its defaults, and the instance joins its cluster only if another line names it.

    ## Example
    ```sh
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config   # no "#!/bin/bash" above it
    ```

    ## Use instead
    ```sh
    #!/bin/bash
    echo ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config
    ```

    ## Fix safety
    New user data reaches new instances only; how and when they replace the old ones is up to the Auto Scaling
    group. Whatever else stands in the part that never ran takes effect too.

    ## References
    - https://docs.cloud-init.io/en/latest/explanation/format.html
    - https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
    """
    if not capacity.is_encoded:
        yield Problem(
            message="EC2 rejects user data that is not base64",
            fix="Put it under Fn::Base64, which encodes it",
            path=capacity.path,
            autofix="",
        )
    yield from problems_of(capacity, "PULL117")
