"""Reads the user data of Linux instances."""

from __future__ import annotations

from cdk_pull.agent.readers.cloud_init.plan import plan
from cdk_pull.agent.readers.reading import Reading, Unknown, compute, far_too_large, size_warnings
from cdk_pull.agent.script.bash.execute import execute
from cdk_pull.agent.script.bash.reader import conclude
from cdk_pull.agent.script.core import OvergrownError
from cdk_pull.agent.script.holes import Holes

__all__ = ["read"]


def read(user_data: str) -> Reading:
    """Return the settings that the agent really has after this user data.

    The text is a shell script, a cloud-config, a MIME archive of them or empty. It is read as if the AMI had an
    empty ``/etc/ecs/ecs.config`` and every command succeeded; where a condition decides, both ways are followed.
    A CDK token in it is an unknown piece.
    """
    if (unread := far_too_large(user_data, "linux")) is not None:
        return unread
    holes = Holes()
    try:
        steps, warnings = plan(holes.hide_tokens(user_data), holes)
        worlds, found = execute(steps, holes)
        return conclude(worlds, holes, [*size_warnings(user_data), *warnings, *found], user_data)
    except (RecursionError, OvergrownError):
        return compute({}, "linux", unknown=[Unknown(None, 0, "it is too involved to follow")])
