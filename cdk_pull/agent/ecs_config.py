"""``/etc/ecs/ecs.config`` as ecs-init reads it.

Source: amazon-ecs-agent 1.105.1, ecs-init/docker/docker.go: trim the file, split it at line feeds, trim each line,
split it at the first ``=``, skip lines without one; the last line wins. No quoting, no comments, no ``export``.
"""

from __future__ import annotations

from cdk_pull.agent.go_values import trim_space
from cdk_pull.agent.reading import Reading, compute

__all__ = ["PATH", "read"]

PATH = "/etc/ecs/ecs.config"


def read(text: str) -> Reading:
    """Return the settings that the agent has with this text as its ``ecs.config``."""
    settings: dict[str, str] = {}
    for line in text.split("\n"):
        name, separator, value = trim_space(line).partition("=")
        if separator:
            settings[name] = value
    return compute(settings, "linux")
