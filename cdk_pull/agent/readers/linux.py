"""Reads the user data of Linux instances."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.readers import terraform
from cdk_pull.agent.readers.cloud_init.plan import plan
from cdk_pull.agent.readers.ecs_config import scan
from cdk_pull.agent.readers.mentions import with_mentions
from cdk_pull.agent.readers.reading import (
    AgentUse,
    Reading,
    Unknown,
    compute,
    far_too_large,
    size_warnings,
    told,
)
from cdk_pull.agent.script.bash.execute import execute
from cdk_pull.agent.script.bash.reader import conclude
from cdk_pull.agent.script.bash.world import ECS_CONFIG
from cdk_pull.agent.script.core import OvergrownError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cdk_pull.agent.script.bash.world import World

__all__ = ["read"]

# Outside of comments: what installs, starts or configures the agent in a way that is not followed.
_AGENT = re.compile(
    r"^(?![ \t]*#).*?(amazon-ecs-agent|\becs-init\b|\bamazon-linux-extras\b.*?\becs\b|"
    r"\b(?:systemctl|service|start)\b[^#\n|;&]*?\becs(?:\.service)?(?=[\s;&|'\"]|\Z))",
    re.MULTILINE,
)
_MENTIONS = re.compile(r"^(?![ \t]*#).*?(/etc/ecs\b|\bECS_IMAGE_PULL_BEHAVIOR\b)", re.MULTILINE)


def read(user_data: str, names: Sequence[str] = ()) -> Reading:
    """Return the settings that the agent really has after this user data.

    The text is a shell script, a cloud-config, a MIME archive of them or empty. It is read as if the AMI had an
    empty ``/etc/ecs/ecs.config`` and every command succeeded; where a condition decides, both ways are followed.

    Args:
        user_data: the text, with CDK tokens or marks where only the deployment knows a piece.
        names: what to call the marks, in the order of their numbers.
    """
    if (unread := far_too_large(user_data, "linux")) is not None:
        return replace(unread, agent=_mentioned(user_data))
    holes = Holes(names)
    hidden, templated = terraform.hidden(holes.hide_tokens(user_data), holes)
    try:
        steps, warnings = plan(hidden, holes)
        worlds, found = execute(steps, holes)
        reading = conclude(worlds, holes, [*size_warnings(user_data), *warnings, *found], user_data)
        reading = replace(reading, unknown=(*reading.unknown, *templated))
        agent = _use(worlds, holes, reading, hidden)
    except (RecursionError, OvergrownError):
        reading = compute({}, "linux", unknown=[Unknown(None, 0, "it is too involved to follow")])
        agent = _mentioned(hidden)
    return told(with_mentions(replace(reading, agent=agent), user_data), holes, user_data)


def _use(worlds: Sequence[World], holes: Holes, reading: Reading, text: str) -> AgentUse:
    """Return what the ways that user data may go have to do with the agent."""
    files = [scan(world.files[ECS_CONFIG], holes) for world in worlds if ECS_CONFIG in world.files]
    clusters = dict.fromkeys(each.cluster for each in files if each.cluster)
    unknown = next((each.anything.reason for each in files if each.anything and not each.cluster), "")
    meant = next((each for each in reading.warnings if each.variable), None)
    # What may do anything makes the file unknown, also where it has nothing to do with it.
    if any(each.cluster or each.values or each.unknown or each.anything is None for each in files):
        evidence = f"it writes {ECS_CONFIG}"
    elif meant is not None:
        evidence = f"it sets {meant.variable} on line {meant.line}"
    else:
        return _mentioned(text, everything=any(each.variable is None for each in reading.unknown))
    return AgentUse(evidence=evidence, clusters=tuple(map(_bare, clusters)), unknown=unknown)


def _mentioned(text: str, *, everything: bool = True) -> AgentUse:
    """Return what a text mentions of the agent, where it is not followed."""
    for pattern in (_AGENT, _MENTIONS) if everything else (_AGENT,):
        found = pattern.search(text)
        if found is not None:
            line = text.count("\n", 0, found.start(1)) + 1
            return AgentUse(
                evidence=f"line {line} has {found[1].strip()}", unknown="not all of it is followed"
            )
    return AgentUse()


def _bare(name: str) -> str:
    """Return a cluster's name as it is meant: quotes in the file are a mistake that a warning tells."""
    return name.strip("\"'")
