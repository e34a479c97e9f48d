"""Reads user data and writes settings into it, whatever the operating system."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from cdk_pull.agent.readers.reading import Reading
    from cdk_pull.agent.settings import AgentSettings
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["add_settings", "read_user_data"]


def read_user_data(user_data: str, os: OperatingSystem) -> Reading:
    """Return the settings that the agent really has after this user data."""
    return cast("Reading", import_module(f"cdk_pull.agent.readers.{os}").read(user_data))


def add_settings(user_data: str, settings: AgentSettings, os: OperatingSystem) -> str:
    """Return the user data with the settings in it.

    Raises:
        ConflictError: when the user data sets one of the variables to another value, or spoils one of the settings.
        UnsupportedError: when the settings cannot be put where they are sure to have their effect.
    """
    return cast("str", import_module(f"cdk_pull.agent.writers.{os}").add(user_data, settings))
