"""Runs the steps of a user data in thought, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.readers.cloud_init.steps import Script, Stage, Step, Write
from cdk_pull.agent.script.bash.interpreter import Interpreter
from cdk_pull.agent.script.bash.redirects import empty
from cdk_pull.agent.script.bash.world import ECS_CONFIG, PRUNED, World
from cdk_pull.agent.script.core import mentioned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk_pull.agent.pieces import Holes
    from cdk_pull.agent.readers.reading import AgentWarning

__all__ = ["execute"]


def execute(steps: Iterable[Step], holes: Holes) -> tuple[list[World], list[AgentWarning]]:
    """Return the ways in which a user data may go, and what is wrong with its scripts."""
    worlds = [World()]
    warnings: list[AgentWarning] = []
    shell = Interpreter(holes, lambda line: line)
    for step in steps:
        shell = Interpreter(holes, step.lines if isinstance(step, Script) else lambda line: line)
        if isinstance(step, Script):
            fresh = [World(files=world.files, jobs=world.jobs, flow=world.flow) for world in worlds]
            worlds = shell.run_script(step.text, fresh)
            if step.stage != Stage.SCRIPTS:
                # What runs at every boot finds the images of the agent.
                for world in worlds:
                    world.files.pop(PRUNED, None)
        else:
            for world in worlds:
                if isinstance(step, Write):
                    _write(shell, step, world)
                else:
                    shell.blur(world, step.reason, step.line)
        warnings += shell.warnings
    for world in worlds:
        _settle(shell, world)
    return worlds, warnings


def _settle(shell: Interpreter, world: World) -> None:
    """Make unknown what background jobs write, which may come before or after anything else."""
    for job in world.jobs:
        if job.added is None:
            shell.blur(world, "a background job replaces it at a time that nobody knows", job.line)
            continue
        for name in mentioned("".join(each.text.partition("=")[0] for each in job.added)):
            mark = shell.holes.mark("a background job sets it at a time that nobody knows", job.line)
            world.write(ECS_CONFIG, f"\n{name}={mark}\n", job.line)


def _write(shell: Interpreter, step: Write, world: World) -> None:
    path = world.path(step.path)
    if not step.append:
        empty(shell, world, path, step.line)
    if step.content is not None:
        world.write(path, step.content, step.line, lines=step.spread)
    elif path == ECS_CONFIG:
        shell.blur(world, "what is written to it is not in the user data", step.line)
