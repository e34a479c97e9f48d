"""What a setting may be added to."""

from __future__ import annotations

import pytest

from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.user_data import add_settings
from cdk_pull.errors import ConflictError

_OFF = "echo ECS_DISABLE_IMAGE_CLEANUP=true >> /etc/ecs/ecs.config\n"
_INTERVAL = "echo ECS_IMAGE_CLEANUP_INTERVAL=10m >> /etc/ecs/ecs.config\n"


def test_what_had_no_effect_before_is_no_reason() -> None:
    """A setting is added to user data that has another one without effect already."""
    found = add_settings(
        f"#!/bin/bash\n{_OFF}{_INTERVAL}", AgentSettings(image_pull_behavior=PullBehavior.ONCE), "linux"
    )
    assert "ECS_IMAGE_PULL_BEHAVIOR=once" in found


def test_what_would_have_no_effect_is_refused() -> None:
    """One that takes the effect of a line of the user data is not added."""
    with pytest.raises(
        ConflictError, match="line 2 of the user data: ECS_IMAGE_CLEANUP_INTERVAL has no effect"
    ):
        add_settings(f"#!/bin/bash\n{_INTERVAL}", AgentSettings(disable_image_cleanup=True), "linux")
