from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.fixes.apply import fix_user_data
from cdk_pull.agent.instance import detect
from cdk_pull.agent.readers import windows
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.readers.ec2launch import are_tasks, task_scripts
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.writers import windows as writer
from cdk_pull.errors import ConflictError, UnsupportedError

B = "ECS_IMAGE_PULL_BEHAVIOR"
SET = f'[Environment]::SetEnvironmentVariable("{B}", "once", "Machine")'
START = "Initialize-ECSAgent -Cluster win -EnableTaskIAMRole"
ONCE = AgentSettings(image_pull_behavior=PullBehavior.ONCE)


def tasks(*lines: str, kind: str = "powershell", style: str = "|-", frequency: str = "once") -> str:
    """Return user data with one script."""
    body = "".join(f"      {line}\n" for line in lines)
    return (
        f"version: 1.0\ntasks:\n- task: executeScript\n  inputs:\n  - frequency: {frequency}\n    type: {kind}\n"
        f"    runAs: localSystem\n    content: {style}\n{body}"
    )


@pytest.mark.parametrize(
    ("user_data", "behavior", "codes"),
    [
        (tasks("Import-Module ECSTools", SET, START), "once", []),
        (tasks("Import-Module ECSTools", START, SET), "default", [("after-initialize", 11)]),
        (tasks(SET, START, style="|"), "once", []),
        (tasks(f"setx {B} once /m", kind="batch"), "once", []),
        (tasks(f"$env:{B} = 'once'", START), "default", [("process-scope", 9)]),
        (f"# ours\n{tasks(SET, START)}", "once", []),
        (tasks(SET, START).replace("\n", "\r\n"), "once", []),
        (
            tasks("ls") + tasks(SET, START).partition("tasks:\n")[2],
            "once",
            [],
        ),
        (
            f"version: 1.1\ntasks:\n  - task: executeScript\n    inputs:\n      - {{type: powershell, content: '{SET}'}}\n",
            "once",
            [],
        ),
        (
            (
                "version: 1.1\ntasks:\n- task: executeProgram\n  inputs:\n  - path: C:\\Windows\\System32\\setx.exe\n"
                f"    arguments: [{B}, once, /M]\n"
            ),
            "once",
            [],
        ),
        # Look-alikes: other tasks, other types, no scripts.
        ("version: 1.0\ntasks:\n- task: enableOpenSsh\n", "default", []),
        ("version: 1.0\ntasks: []\n", "default", []),
        ("version: 1.0\ntasks:\n- task: executeScript\n", "default", []),
        ("version: 1.0\ntasks:\n- task: executeScript\n  inputs: none\n", "default", []),
        (tasks(f"# {SET}", START), "default", []),
        (tasks(SET, kind="bash"), "default", [("not-run", 9)]),
        ("version: 1.0\ntasks:\n- task: [\n", "default", [("not-run", 1)]),
    ],
)
def test_what_the_tasks_set(user_data: str, behavior: str, codes: list[tuple[str, int]]) -> None:
    """The scripts of the tasks are run in order, each warning at its line of the user data."""
    assert detect(user_data) == "windows"
    reading = windows.read(user_data)
    assert [(each.code, each.line) for each in reading.warnings] == codes
    assert (reading.effective[B], reading.unknown) == (behavior, ())


def test_what_the_deployment_fills_in() -> None:
    """A token in a script is an unknown piece, and the cluster may be one."""
    reading = windows.read(tasks(SET, "Initialize-ECSAgent -Cluster ${Token[TOKEN.1]}"))
    assert (reading.effective[B], reading.agent.clusters) == ("once", ("${Token[TOKEN.1]}",))


@pytest.mark.parametrize(
    "user_data",
    [
        tasks("Import-Module ECSTools", START),
        tasks(START, style="|"),
        tasks("Import-Module ECSTools", START).replace("\n", "\r\n"),
        tasks("param($x)", START),
        tasks("Import-Module ECSTools", "Initialize-ECSAgent -Cluster ${Token[TOKEN.1]}"),
        "version: 1.0\ntasks:\n- task: enableOpenSsh\n",
        f"version: 1.1\ntasks:\n  - task: executeScript\n    inputs:\n      - {{type: powershell, content: '{START}'}}\n",
        tasks("dir", kind="batch"),
    ],
)
def test_settings_go_into_the_tasks(user_data: str) -> None:
    """The settings come before the agent's start, the result is YAML, and every line that was there stays."""
    result = writer.add(user_data, ONCE)
    assert set(user_data.splitlines()) <= set(result.splitlines())
    assert isinstance(yaml.safe_load(result)["tasks"], list)
    reading = windows.read(result)
    assert (dict(reading.settings), reading.warnings) == ({B: "once"}, ())
    assert writer.add(result, ONCE) == result


def test_what_cannot_be_added_to() -> None:
    """A list in one line has no place for a task, and another value is a conflict."""
    with pytest.raises(UnsupportedError, match="no place in this user data is sure to set"):
        writer.add("version: 1.0\ntasks: []\n", ONCE)
    with pytest.raises(ConflictError, match=f"sets {B} to 'always' on line 9"):
        writer.add(tasks(SET.replace("once", "always"), START), ONCE)


def test_a_line_moves_within_its_script() -> None:
    """A variable that comes after the agent's start is moved before it, with its indentation."""
    fixed = fix_user_data(tasks(START, SET), "windows", {WarningCode.AFTER_INITIALIZE: False})
    assert fixed.text == tasks(SET, START)


@given(st.text(alphabet="version: 1.0\ntasks-{}[]|'\"#", max_size=60))
def test_any_text(text: str) -> None:
    """No text makes it fail."""
    task_scripts(text)
    if are_tasks(text):
        assert B in windows.read(text).effective
