"""User data as the tasks of EC2Launch v2, in YAML: the scripts that it runs, and where they stand.

Source: Amazon EC2 User Guide, EC2Launch v2 task definitions: ``executeScript`` with ``type`` powershell or batch, and
``executeProgram`` with ``path`` and ``arguments``, which is read as a line of a batch file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from cdk_pull.patterns import lazy_pattern
from cdk_pull.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    import yaml

__all__ = ["TaskScript", "are_tasks", "first_task", "task_scripts"]

_TASKS: Final = lazy_pattern(
    r"\A\ufeff?(?:[ \t]*(?:#[^\n]*)?\r?\n|---[^\n]*\n)*version[ \t]*:", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class TaskScript:
    """One script of an ``executeScript`` task.

    Attributes:
        kind: ``powershell`` or ``batch``.
        text: the script.
        line: the line of the user data on which it begins.
        block: whether its lines are lines of the user data, as below ``|``.
        always: whether it runs at every boot.
    """

    kind: str
    text: str
    line: int
    block: bool
    always: bool


def are_tasks(user_data: str) -> bool:
    """Tell whether user data is a list of tasks rather than scripts between tags."""
    return (
        _TASKS.match(user_data) is not None
        and re.search(r"^tasks[ \t]*:", user_data, re.MULTILINE) is not None
    )


def task_scripts(user_data: str) -> list[TaskScript] | None:
    """Return the scripts that EC2Launch v2 runs, in order; None where the text is no list of tasks that it reads."""
    tasks = _tasks(user_data)
    return None if tasks is None else [script for task in tasks.value for script in _scripts(task)]


def first_task(user_data: str) -> tuple[int, int] | None:
    """Return the line and the column of the first task of a list that is written in lines, from 0."""
    tasks = _tasks(user_data)
    if tasks is None or tasks.flow_style or not tasks.value:
        return None
    return tasks.start_mark.line, tasks.start_mark.column


def _tasks(user_data: str) -> yaml.SequenceNode | None:
    import yaml  # noqa: PLC0415 - only some user data is YAML

    try:
        root = yaml.compose(user_data, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    tasks = _fields(root).get("tasks")
    return tasks if isinstance(tasks, yaml.SequenceNode) else None


def _scripts(task: yaml.Node) -> Iterator[TaskScript]:
    fields = _fields(task)
    kind = _text_of(fields, "task").lower()
    if kind not in {"executescript", "executeprogram"}:
        return
    for each in getattr(fields.get("inputs"), "value", ()):
        script = _fields(each)
        content = script.get("content" if kind == "executescript" else "path")
        if content is None or not isinstance(content.value, str):
            continue
        block = kind == "executescript" and getattr(content, "style", None) == "|"
        arguments = getattr(script.get("arguments"), "value", None) or ()
        yield TaskScript(
            kind=_text_of(script, "type").lower() if kind == "executescript" else "batch",
            text=" ".join([content.value, *(f'"{each.value}"' for each in arguments)]),
            line=content.start_mark.line + (2 if block else 1),
            block=block,
            always=_text_of(script, "frequency").lower() == "always",
        )


def _fields(node: Any) -> dict[str, yaml.Node]:
    value = getattr(node, "value", None)
    if not isinstance(value, list):
        return {}
    return {str(each[0].value): each[1] for each in value if isinstance(each, tuple)}


def _text_of(fields: dict[str, yaml.Node], name: str) -> str:
    return str(getattr(fields.get(name), "value", ""))
