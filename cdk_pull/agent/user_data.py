"""Reads user data and writes settings into it, whatever the operating system."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

from cdk_pull.agent.instance import detect
from cdk_pull.agent.readers.reading import Unknown, compute
from cdk_pull.records import replace

if TYPE_CHECKING:
    from cdk_pull.agent.readers.reading import Reading
    from cdk_pull.agent.settings import AgentSettings
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["add_settings", "read_any", "read_user_data"]


# The same user data often stands in many templates, and a fix or an edit asks for it again and again.
@lru_cache(maxsize=4096)
def read_user_data(user_data: str, os: OperatingSystem, names: tuple[str, ...] = ()) -> Reading:
    """Return the settings that the agent really has after this user data.

    Args:
        user_data: the text, with CDK tokens or marks where only the deployment knows a piece.
        os: the operating system that it is for.
        names: what to call the marks, in the order of their numbers.
    """
    return cast("Reading", import_module(f"cdk_pull.agent.readers.{os}").read(user_data, names))


def read_any(user_data: str, os: OperatingSystem | None, names: tuple[str, ...] = ()) -> Reading:
    """Return the settings that the agent really has; without an operating system, the text has to tell it."""
    os = os or detect(user_data)
    if os is None:
        unknown = [Unknown(None, 0, "the text does not tell its operating system")]
        return replace(compute({}, "linux", unknown=unknown), os=None)
    return read_user_data(user_data, os, names)


def add_settings(user_data: str, settings: AgentSettings, os: OperatingSystem) -> str:
    """Return the user data with the settings in it; the marks of a text stay where they are.

    Raises:
        ConflictError: when the user data sets one of the variables to another value, or spoils one of the settings.
        UnsupportedError: when the settings cannot be put where they are sure to have their effect.
    """
    return cast("str", import_module(f"cdk_pull.agent.writers.{os}").add(user_data, settings))
