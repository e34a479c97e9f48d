"""Reads the user data of Windows instances.

Source: EC2Launch runs the first ``<script>`` and then the first ``<powershell>`` of user data, and nothing else of it;
EC2Launch v2 also runs a list of tasks in YAML. ``Initialize-ECSAgent`` starts the agent, which reads the machine's environment at that moment.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from cdk_pull.agent.explain import explain, explain_pulls, explain_together
from cdk_pull.agent.pieces import Holes
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.ec2launch import are_tasks, task_scripts
from cdk_pull.agent.readers.mentions import with_mentions
from cdk_pull.agent.readers.prunes import find_prunes
from cdk_pull.agent.readers.reading import (
    AgentUse,
    AgentWarning,
    Reading,
    Unknown,
    compute,
    far_too_large,
    size_warnings,
    told,
)
from cdk_pull.agent.script.core import OvergrownError
from cdk_pull.agent.script.powershell.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["BLOCK", "read"]

BLOCK = re.compile(r"<(powershell|script)>(.*?)(</\1>|\Z)", re.IGNORECASE | re.DOTALL)
"""What EC2Launch runs: the opening tag, the commands, and the closing tag where there is one."""

_PERSISTS = re.compile(r"<persist>\s*true\s*</persist>", re.IGNORECASE)


def read(user_data: str, names: Sequence[str] = ()) -> Reading:
    """Return the settings that the agent really has after this user data.

    The text is read as if every command succeeded; where a condition decides, the value is unknown.

    Args:
        user_data: the text, with CDK tokens or marks where only the deployment knows a piece.
        names: what to call the marks, in the order of their numbers.
    """
    if (unread := far_too_large(user_data, "windows")) is not None:
        return unread
    try:
        return _read(user_data, names)
    except (RecursionError, OvergrownError):
        return compute({}, "windows", unknown=[Unknown(None, 0, "it is too involved to follow")])


def _read(user_data: str, names: Sequence[str]) -> Reading:
    holes = Holes(names)
    session = Session(holes, persists=_PERSISTS.search(user_data) is not None)
    warnings = size_warnings(user_data)
    hidden = holes.hide_tokens(user_data)
    if are_tasks(hidden):
        warnings += _run_tasks(session, hidden)
        return _conclude(session, holes, warnings, user_data)
    blocks = sorted(BLOCK.finditer(hidden), key=lambda block: block[1].lower() == "powershell")
    for block in blocks:
        line = hidden.count("\n", 0, block.start(2)) + 1
        if block[1].lower() == "script":
            session.run_batch(block[2], line)
        else:
            session.run(block[2], line)
    if not blocks and hidden.startswith(("#!", "#cloud-config")):
        message = (
            "EC2Launch runs nothing that is for cloud-init, and the image is one of Windows; write PowerShell"
        )
        warnings.append(AgentWarning(WarningCode.NOT_RUN, message, 1))
        return _conclude(session, holes, warnings, user_data)
    if (not blocks and hidden.strip()) or any(not block[3] for block in blocks):
        warnings.append(
            AgentWarning(
                WarningCode.NO_POWERSHELL_TAG,
                "EC2Launch runs only what stands between <powershell> and </powershell> "
                "(it is read here as if this did)",
                1,
            )
        )
    if not blocks:
        session.run(hidden, 1)
    return _conclude(session, holes, warnings, user_data)


def _run_tasks(session: Session, text: str) -> Iterator[AgentWarning]:
    """Run the scripts of EC2Launch v2's tasks, and yield what is wrong with their form."""
    scripts = task_scripts(text)
    if scripts is None:
        message = "EC2Launch v2 runs nothing of it: this is no YAML with a list of tasks"
        yield AgentWarning(WarningCode.NOT_RUN, message, 1)
        return
    for script in scripts:
        if script.kind == "batch":
            session.run_batch(script.text, script.line)
        elif script.kind == "powershell":
            session.run(script.text, script.line)
        else:
            message = f"EC2Launch v2 runs no script of the type {script.kind or 'that is missing'}: type is powershell or batch"
            yield AgentWarning(WarningCode.NOT_RUN, message, script.line)


def _boot_only(session: Session, user_data: str) -> frozenset[int]:
    """Return the lines that remove images before the agent has any; a script that persists runs at every boot."""
    if are_tasks(user_data):
        return frozenset() if any(each.always for each in task_scripts(user_data) or ()) else session.pruned
    return frozenset() if _PERSISTS.search(user_data) else session.pruned


def _conclude(session: Session, holes: Holes, warnings: list[AgentWarning], user_data: str) -> Reading:
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    unknown: list[Unknown] = []
    any_name = holes.first(session.anything)
    if any_name is not None:
        reason = f"any variable may be set: {any_name.reason}"
        unknown.append(Unknown(None, any_name.line, reason))
    settings = session.at_end()
    for name, setting in settings.items():
        hole = holes.first(setting.value)
        lines[name] = setting.line
        if hole is not None:
            unknown.append(Unknown(name, hole.line, hole.reason))
        elif setting.value:  # an empty value removes the variable
            values[name] = setting.value
    found = [*warnings, *session.warnings]
    found += [each for name, raw in values.items() for each in explain(name, raw, lines[name], "windows")]
    found += explain_together(values, lines, find_prunes(user_data, _boot_only(session, user_data)))
    distinct = sorted(dict.fromkeys(found), key=lambda each: each.line)
    reading = compute(values, "windows", lines=lines, unknown=unknown, warnings=distinct)
    pulls = explain_pulls(reading.effective["ECS_IMAGE_PULL_BEHAVIOR"], session.pulls, session.used)
    reading = replace(reading, warnings=(*reading.warnings, *pulls))
    reading = with_mentions(replace(reading, agent=_use(session, reading)), user_data, settings)
    return told(reading, holes, user_data)


def _use(session: Session, reading: Reading) -> AgentUse:
    meant = next((each for each in reading.warnings if each.variable), None)
    clusters = dict.fromkeys(session.clusters)
    if session.starts_agent:
        evidence = "it runs Initialize-ECSAgent"
    elif clusters:
        evidence = "it sets ECS_CLUSTER for the machine"
    elif session.machine:
        evidence = f"it sets {next(iter(session.machine))} for the machine"
    elif meant is not None:
        evidence = f"it sets {meant.variable} on line {meant.line}"
    else:
        evidence = ""
    return AgentUse(evidence=evidence, clusters=tuple(clusters))
