"""User data of Linux instances: the agent settings written into it, and read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.cloud_init.plan import plan
from cdk_pull.agent.reading import Reading, Unknown, compute
from cdk_pull.agent.shell.execute import execute
from cdk_pull.agent.shell.holes import Holes
from cdk_pull.agent.shell.reader import conclude

if TYPE_CHECKING:
    from cdk_pull.agent.settings import AgentSettings

__all__ = ["add", "read"]

_LARGEST = 64 * 1024


def read(user_data: str) -> Reading:
    """Return the settings that the agent really has after this user data.

    The text is a shell script, a cloud-config, a MIME archive of them or empty. It is read as if the AMI had an
    empty ``/etc/ecs/ecs.config`` and every command succeeded; where a condition decides, both ways are followed.
    A CDK token in it is an unknown piece.
    """
    if len(user_data) > _LARGEST:
        return compute({}, "linux", unknown=[Unknown(None, 0, "it is far larger than EC2 accepts")])
    holes = Holes()
    try:
        steps, warnings = plan(holes.hide_tokens(user_data), holes)
        worlds, found = execute(steps, holes)
        return conclude(worlds, holes, [*warnings, *found], user_data)
    except RecursionError:
        return compute({}, "linux", unknown=[Unknown(None, 0, "it is nested too deep to follow")])


def add(user_data: str, settings: AgentSettings) -> str:
    """Return the user data with the settings in it; what the user wrote stays as it is."""
    raise NotImplementedError
