"""From the ways that a user data may go to one reading."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cdk_pull.agent.explain import explain, explain_pulls, explain_together
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.ecs_config import scan
from cdk_pull.agent.readers.prunes import find_prunes
from cdk_pull.agent.readers.reading import AgentWarning, Reading, Unknown, compute
from cdk_pull.agent.script.bash.world import ECS_CONFIG, PRINTED, PRUNED, PULLED, USED, World
from cdk_pull.agent.variables import variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cdk_pull.agent.pieces import Holes
    from cdk_pull.agent.readers.ecs_config import ConfigFile
    from cdk_pull.agent.readers.prunes import Prune

__all__ = ["conclude"]

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
_SETS = re.compile(r"\s*(?:export\s+)?([A-Z_]+)=")


def conclude(
    worlds: Sequence[World], holes: Holes, warnings: Iterable[AgentWarning], user_data: str
) -> Reading:
    """Return the reading for all the ways that a user data may go."""
    files = [scan(world.files.get(ECS_CONFIG, ()), holes) for world in worlds]
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    branched: list[AgentWarning] = []
    unknown = list(dict.fromkeys(each.anything for each in files if each.anything is not None))
    for name in variables():
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
    found += _explained(values, lines, find_prunes(user_data, pruned))
    # A file of any name may be handed to an agent that the script itself starts.
    if not unknown and "env-file" not in user_data and "EnvironmentFile" not in user_data:
        found += [each for world in worlds for each in _elsewhere(world) if each.variable not in values]
    distinct = sorted(dict.fromkeys(found), key=lambda each: each.line)
    reading = compute(values, "linux", lines=lines, unknown=unknown, warnings=distinct)
    pulls = {(each.text.strip(), each.line): None for world in worlds for each in world.files.get(PULLED, ())}
    used = "".join(each.text for world in worlds for each in world.files.get(USED, ()))
    more = explain_pulls(reading.effective["ECS_IMAGE_PULL_BEHAVIOR"], pulls, used)
    return replace(reading, warnings=(*reading.warnings, *more))


def _own(name: str, file: ConfigFile) -> Iterator[AgentWarning]:
    if name in file.values:
        yield from explain(name, file.values[name], file.lines[name], "linux")


def _explained(
    values: dict[str, str], lines: dict[str, int], prunes: Iterable[Prune]
) -> Iterator[AgentWarning]:
    for name, raw in values.items():
        yield from explain(name, raw, lines[name], "linux")
    yield from explain_together(values, lines, prunes)


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
