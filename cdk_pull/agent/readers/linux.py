"""Reads the user data of Linux instances."""

from __future__ import annotations

import re
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cdk_pull.agent.explain import explain, explained
from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.readers import terraform
from cdk_pull.agent.readers.cloud_init.plan import plan
from cdk_pull.agent.readers.cloud_init.steps import Script, Stage, Step, Write
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.ecs_config import scan
from cdk_pull.agent.readers.mentions import with_mentions
from cdk_pull.agent.readers.prunes import find_prunes
from cdk_pull.agent.readers.reading import (
    AgentUse,
    AgentWarning,
    Reading,
    Unknown,
    compute,
    far_too_large,
    in_own_terms,
    size_warnings,
)
from cdk_pull.agent.script.bash.interpreter import Interpreter
from cdk_pull.agent.script.bash.redirects import empty
from cdk_pull.agent.script.bash.world import ECS_CONFIG, PRINTED, PRUNED, PULLED, USED, World
from cdk_pull.agent.script.core import OvergrownError, mentioned
from cdk_pull.agent.variables import variables
from cdk_pull.errors import UnsupportedError
from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cdk_pull.agent.readers.ecs_config import ConfigFile

__all__ = ["files_after", "read"]

# Outside of comments: what installs, starts or configures the agent in a way that is not followed.
_AGENT = lazy_pattern(
    r"^(?![ \t]*#).*?(amazon-ecs-agent|\becs-init\b|\bamazon-linux-extras\b.*?\becs\b|"
    r"\b(?:systemctl|service|start)\b[^#\n|;&]*?\becs(?:\.service)?(?=[\s;&|'\"]|\Z))",
    re.MULTILINE,
)
_MENTIONS = lazy_pattern(r"^(?![ \t]*#).*?(/etc/ecs\b|\bECS_IMAGE_PULL_BEHAVIOR\b)", re.MULTILINE)

# Files that look as if the agent read them.
_UNREAD = (
    *(
        "/etc/environment",
        "/etc/profile",
        "/etc/profile.d/*",
        "/etc/bashrc",
        "/root/.bash*",
        "/home/*/.bash*",
    ),
    *("/etc/ecs.config", "/etc/ecs.conf", "/etc/ecs/*"),
)
_READ = (ECS_CONFIG, "*.json")
_SETS = lazy_pattern(r"\s*(?:export\s+)?([A-Z_]+)=")


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
    hidden, templated, conditional = terraform.hidden(holes.hide_tokens(user_data), holes)
    try:
        steps, warnings = plan(hidden, holes)
        worlds, found = _execute(steps, holes)
        files = [scan(world.files.get(ECS_CONFIG, ()), holes) for world in worlds]
        reading = _conclude(worlds, files, [*size_warnings(user_data), *warnings, *found], user_data)
        reading = _without(reading, conditional)
        reading = replace(reading, unknown=(*reading.unknown, *templated))
        written = [file for world, file in zip(worlds, files, strict=True) if ECS_CONFIG in world.files]
        agent = _use(written, reading, hidden)
    except (RecursionError, OvergrownError):
        reading = compute({}, "linux", unknown=[Unknown(None, 0, "it is too involved to follow")])
        agent = _mentioned(hidden)
    return in_own_terms(with_mentions(replace(reading, agent=agent), user_data), holes, user_data)


def files_after(user_data: str, path: str) -> list[str | None]:
    """Return what user data may leave in a file, once for each way that it may go; None where it writes nothing there.

    Args:
        user_data: the text, with CDK tokens or marks where only the deployment knows a piece.
        path: of the file.

    Raises:
        UnsupportedError: for user data that is too involved to follow.
    """
    holes = Holes()
    hidden, _, _ = terraform.hidden(holes.hide_tokens(user_data), holes)
    worlds: Sequence[World] = ()
    if far_too_large(user_data, "linux") is None:
        with suppress(RecursionError, OvergrownError):
            worlds, _ = _execute(plan(hidden, holes)[0], holes)
    if not worlds:
        raise UnsupportedError(f"the user data is too involved to tell what it writes to {path}")
    found = (world.files.get(path) for world in worlds)
    return [None if each is None else "".join(chunk.text for chunk in each) for each in found]


def _execute(steps: Iterable[Step], holes: Holes) -> tuple[list[World], list[AgentWarning]]:
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


def _conclude(
    worlds: Sequence[World], files: Sequence[ConfigFile], warnings: Iterable[AgentWarning], user_data: str
) -> Reading:
    """Return the reading for all the ways that a user data may go, and the ecs.config that each ends with."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    branched: list[AgentWarning] = []
    unknown = list(dict.fromkeys(each.anything for each in files if each.anything is not None))
    named = {name for each in files for name in (*each.values, *each.unknown)}
    for name in filter(named.__contains__, variables()):
        raw = {each.values.get(name) for each in files if name not in each.unknown}
        hidden = next((each.unknown[name] for each in files if name in each.unknown), None)
        lines[name] = max(each.lines.get(name, 0) for each in files)
        if hidden is not None:
            unknown.append(hidden)
        elif len(raw) > 1:
            unknown.append(Unknown(name, lines[name], "it depends on a condition in the script"))
        elif None not in raw:
            values[name] = str(raw.pop())
        if len(raw) > 1:
            # Whichever way it goes, a value that the agent does not take is wrong.
            branched += [each for file in files for each in _own(name, file)]
    found = [*warnings, *(each for file in files for each in file.warnings), *branched]
    if any(each.variable is None for each in unknown):
        # What writes the file may well write the script's variables.
        found = [each for each in found if each.code != WarningCode.SHELL_VARIABLE]
    pruned = {each.line for world in worlds for each in world.files.get(PRUNED, ())}
    # A file of any name may be handed to an agent that the script itself starts.
    if not unknown and "env-file" not in user_data and "EnvironmentFile" not in user_data:
        found += [each for world in worlds for each in _elsewhere(world) if each.variable not in values]
    return explained(
        values,
        "linux",
        lines=lines,
        unknown=unknown,
        warnings=found,
        prunes=find_prunes(user_data, pruned),
        pulls={
            (each.text.strip(), each.line): None for world in worlds for each in world.files.get(PULLED, ())
        },
        used="".join(each.text for world in worlds for each in world.files.get(USED, ())),
    )


def _own(name: str, file: ConfigFile) -> Iterator[AgentWarning]:
    if name in file.values:
        yield from explain(name, file.values[name], file.lines[name], "linux")


def _elsewhere(world: World) -> Iterator[AgentWarning]:
    """Yield the settings that are written where the agent does not read them."""
    for path, content in world.files.items():
        unread = any(fnmatchcase(path, each) for each in _UNREAD)
        if path != PRINTED and (not unread or any(fnmatchcase(path, each) for each in _READ)):
            continue
        for chunk in content:
            setting = _SETS.match(chunk.text)
            if setting is not None and setting[1] in variables():
                where = "printed only" if path == PRINTED else f"written to {path}"
                yield AgentWarning(
                    WarningCode.WRITTEN_ELSEWHERE,
                    f"{setting[1]} is {where}, and the agent reads {ECS_CONFIG}: write it there",
                    chunk.line,
                    setting[1],
                )


def _without(reading: Reading, conditional: Mapping[int, str]) -> Reading:
    """Return a reading in which what a template sets on some lines alone is unknown."""
    found = [
        Unknown(name, line, conditional[line]) for name, line in reading.lines.items() if line in conditional
    ]
    if not found:
        return reading
    warnings = [each for each in reading.warnings if each.line not in conditional]
    unknown = [*reading.unknown, *found]
    return compute(reading.settings, "linux", lines=reading.lines, unknown=unknown, warnings=warnings)


def _use(files: Sequence[ConfigFile], reading: Reading, text: str) -> AgentUse:
    """Return what user data has to do with the agent, by each ecs.config that it may write."""
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
