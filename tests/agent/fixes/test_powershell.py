"""CDK writes ``<powershell>`` and ``</powershell>`` beside the first and the last command; an edit moves neither."""

from __future__ import annotations

from typing import Final

import pytest

from cdk_pull.agent.fixes.apply import Fixed, fix_user_data
from cdk_pull.agent.readers.codes import WarningCode
from cdk_pull.agent.user_data import read_user_data

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
SAFE: Final = dict.fromkeys(WarningCode, False)
ALL: Final = dict.fromkeys(WarningCode, True)
SET: Final = f'[Environment]::SetEnvironmentVariable("{B}", "once", "Machine")'
AGENT: Final = "Initialize-ECSAgent -Cluster ${Token[Cluster.1]}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{AGENT}\n{SET}", f"{SET}\n{AGENT}"),
        (
            f"{AGENT}\n$env:{B} = 'once'",
            f"{SET.replace(chr(34) + 'once' + chr(34), chr(39) + 'once' + chr(39))}\n{AGENT}",
        ),
        (f"exit\n{SET}", f"{SET}\nexit"),
        (f"initialize-ecsagent -Cluster prod\n{SET}", f"{SET}\ninitialize-ecsagent -Cluster prod"),
        (f"Import-Module ECSTools; {AGENT}\n{SET}", f"{SET}\nImport-Module ECSTools; {AGENT}"),
        (f"try {{\n  {AGENT}\n}} catch {{}}\n{SET}", f"try {{\n{SET}\n  {AGENT}\n}} catch {{}}"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_tags_stay_around_all_commands(before: str, after: str, newline: str) -> None:
    """The first and the last command come off the lines of the tags before one of them moves."""
    end = f"{newline}<persist>true</persist>"
    text = f"<powershell>{before}</powershell>".replace("\n", newline) + end
    fixed = fix_user_data(text, "windows", SAFE).text
    assert fixed == f"<powershell>\n{after}\n</powershell>".replace("\n", newline) + end
    assert fix_user_data(fixed, "windows", SAFE) == Fixed(fixed)


def test_a_value_changes_in_its_place() -> None:
    """An edit within a line leaves the tags where they are."""
    text = f"<powershell>{SET.replace('once', 'Once')}</powershell>"
    assert fix_user_data(text, "windows", SAFE).text == f"<powershell>{SET}</powershell>"


@pytest.mark.parametrize(
    "lines",
    [
        f'{AGENT}\n[Environment]::SetEnvironmentVariable(\n  "{B}",\n  "once", "Machine")',
        f"{AGENT}\nif ($env:COMPUTERNAME -like 'a*') {{\n  {SET}\n}}",
        f"{AGENT}\n{SET}; Write-Host done",
    ],
)
def test_a_line_that_is_more_than_a_setting_stays(lines: str) -> None:
    """A part of a statement, of a block, or of a line with other commands does not move or go."""
    text = f"<powershell>\n{lines}\n</powershell>"
    assert read_user_data(text, "windows").warnings
    assert fix_user_data(text, "windows", ALL) == Fixed(text)
