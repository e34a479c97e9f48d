"""Running a script in thought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_pull.agent.readers import linux

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def config() -> Callable[[str], str | None]:
    """Return a function from a script to the pull behavior it leaves: None where nobody can know.

    In the script, ``once`` and ``always`` are the commands that set these, and ``$F`` is ecs.config.
    """

    def run(script: str) -> str | None:
        shorts = "".join(
            f"{name}() {{ echo ECS_IMAGE_PULL_BEHAVIOR={name} >> /etc/ecs/ecs.config; }}\n"
            for name in ("once", "always")
        )
        value = linux.read(f"#!/bin/bash\nF=/etc/ecs/ecs.config\n{shorts}{script}").effective[
            "ECS_IMAGE_PULL_BEHAVIOR"
        ]
        assert value is None or isinstance(value, str)
        return value

    return run
