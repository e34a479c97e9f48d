"""User data of Windows instances: the agent settings written into it, and read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.reading import Reading, compute

if TYPE_CHECKING:
    from cdk_pull.agent.settings import AgentSettings

__all__ = ["add", "read"]

_OPEN = "<powershell>"


def add(user_data: str, settings: AgentSettings) -> str:
    """Return the user data with the settings set before ``Initialize-ECSAgent``; the rest stays as it is."""
    present = read(user_data).settings
    wanted = {name: value for name, value in settings.to_environment().items() if present.get(name) != value}
    if not wanted:
        return user_data
    lines = "".join(f"{_line(name, value)}\n" for name, value in wanted.items())
    before, tag, after = user_data.partition(_OPEN)
    if not tag:
        return f"{user_data}{_OPEN}\n{lines}</powershell>"
    return f"{before}{tag}\n{lines}{after.removeprefix(chr(10))}"


def read(user_data: str) -> Reading:
    """Return the settings that the agent really has after this user data."""
    settings: dict[str, str] = {}
    for line in user_data.splitlines():
        words = line.split("'")
        if words[0].startswith("[Environment]::SetEnvironmentVariable("):
            settings[words[1]] = words[3]
    return compute(settings, "windows")


def _line(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"[Environment]::SetEnvironmentVariable('{name}', '{quoted}', 'Machine')"
