"""User data of Bottlerocket instances: the agent settings written into its TOML, and read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomlkit

from cdk_pull.agent.reading import Reading, compute

if TYPE_CHECKING:
    from cdk_pull.agent.settings import AgentSettings

__all__ = ["add", "read"]


def add(user_data: str, settings: AgentSettings) -> str:
    """Return the TOML with the settings in ``settings.ecs``; comments and order stay as they are."""
    document = tomlkit.parse(user_data)
    ecs = document.setdefault("settings", tomlkit.table(is_super_table=True)).setdefault(
        "ecs", tomlkit.table()
    )
    if settings.image_pull_behavior is not None:
        ecs["image-pull-behavior"] = str(settings.image_pull_behavior)
    return tomlkit.dumps(document)


def read(user_data: str) -> Reading:
    """Return the settings that the agent really has after this user data."""
    ecs = tomlkit.parse(user_data).unwrap().get("settings", {}).get("ecs", {})
    behavior = ecs.get("image-pull-behavior")
    return compute({} if behavior is None else {"ECS_IMAGE_PULL_BEHAVIOR": behavior}, "bottlerocket")
