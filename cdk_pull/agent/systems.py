"""The reader and the writer of each operating system."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from cdk_pull.agent.reading import Reading
    from cdk_pull.agent.settings import AgentSettings
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["System", "system"]


class System(Protocol):
    """What the modules ``linux``, ``windows`` and ``bottlerocket`` have in common."""

    def add(self, user_data: str, settings: AgentSettings) -> str:
        """Return the user data with the settings in it."""

    def read(self, user_data: str) -> Reading:
        """Return the settings that the agent really has after this user data."""


def system(os: OperatingSystem) -> System:
    """Return the module of an operating system."""
    return cast("System", import_module(f"cdk_pull.agent.{os}"))
