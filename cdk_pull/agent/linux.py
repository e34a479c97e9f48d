"""User data of Linux instances: the agent settings written into it, and read from it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from cdk_pull.agent.shell.reader import read_script
from cdk_pull.agent.shell.world import ECS_CONFIG

if TYPE_CHECKING:
    from cdk_pull.agent.reading import Reading
    from cdk_pull.agent.settings import AgentSettings

__all__ = ["add", "read"]


def add(user_data: str, settings: AgentSettings) -> str:
    """Return the user data with the settings in it; what the user wrote stays as it is."""
    present = read(user_data).settings
    wanted = {name: value for name, value in settings.to_environment().items() if present.get(name) != value}
    if not wanted:
        return user_data
    shebang, _, rest = (
        user_data.partition("\n") if user_data.startswith("#!") else ("#!/bin/bash", "", user_data)
    )
    lines = [shlex.quote(f"{name}={value}") for name, value in wanted.items()]
    written = f"mkdir -p /etc/ecs && printf '%s\\n' '' {' '.join(lines)} >> {ECS_CONFIG}"
    return f"{shebang}\n{written}\n{rest}"


def read(user_data: str) -> Reading:
    """Return the settings that the agent really has after this user data."""
    return read_script(user_data)
