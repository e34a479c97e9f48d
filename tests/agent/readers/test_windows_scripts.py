"""Which PowerShell sets a variable before the agent starts, wherever the two are written."""

from __future__ import annotations

import pytest

from cdk_pull.agent.readers import windows
from cdk_pull.agent.settings import AgentSettings, PullBehavior
from cdk_pull.agent.writers import windows as windows_writer

B = "ECS_IMAGE_PULL_BEHAVIOR"
SET = f'[Environment]::SetEnvironmentVariable("{B}", "once", "Machine")'
SET_V = SET.replace('"once"', "$v")
START = "Initialize-ECSAgent -Cluster c -EnableTaskIAMRole"
KEY = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment"


@pytest.mark.parametrize(
    ("script", "behavior"),
    [
        # Functions, with their parameters.
        (f"function S {{ {SET} }}\nS\n{START}", "once"),
        (f"function S {{ {SET} }}\n{START}\nS", "default"),
        (f"function S {{ {SET} }}\n{START}", "default"),
        (f"function Go {{ {START} }}\nGo\n{SET}", "default"),
        (f"function Go {{ {START} }}\n{SET}\nGo", "once"),
        (
            f"function S($n, $v) {{ [Environment]::SetEnvironmentVariable($n, $v, 'Machine') }}\nS {B} once\n{START}",
            "once",
        ),
        (
            (
                "function S { param([string]$Name, [string]$Value)\n"
                "[Environment]::SetEnvironmentVariable($Name, $Value, 'Machine') }\n"
                f"S -value once -Name:{B}\n{START}"
            ),
            "once",
        ),
        (f"$v = 'once'\nfunction F($v) {{ }}\nF always\n{SET_V}\n{START}", "once"),
        # A start that may happen.
        (f"if (Test-Path x) {{ {START} }}\n{SET}", None),
        (f"{SET}\nif (Test-Path x) {{ {START} }}", "once"),
        (f"if (Test-Path x) {{ {START} }}\n{SET}\n{START}", "once"),
        (f"try {{ {START} }} catch {{ throw }}\n{SET}", "default"),
        (f"{SET}\ntry {{ {START} }} catch {{ throw }}", "once"),
        # Other names for the same.
        (f"Set-Alias go Initialize-ECSAgent\ngo -Cluster c\n{SET}", "default"),
        (f"New-Alias -Name go -Value ECSTools\\Initialize-ECSAgent\ngo\n{SET}", "default"),
        (f"& 'Initialize-ECSAgent' -Cluster c\n{SET}", "default"),
        (f"{START}\n{SET}\nGet-Service AmazonECS | Restart-Service -Force", "once"),
        (f"{START}\n{SET}\nGet-Service Spooler | Restart-Service -Force", "default"),
        # Scripts inside the script.
        (f"Invoke-Expression '{SET}'\n{START}", "once"),
        (f'iex "{START}"\n{SET}', "default"),
        (f"powershell -NoProfile -Command '{SET}'\n{START}", "once"),
        (f'powershell.exe -c "{START}"\n{SET}', "default"),
        (f"powershell -File C:\\setup.ps1\n{SET}\n{START}", "once"),
        ("$x = 'iex $x'\niex $x", "default"),
        # The registry.
        (f'reg add "{KEY}" /v {B} /t REG_SZ /d once /f\n{START}', "once"),
        (f'reg delete "{KEY}" /v {B} /f\n{START}', "default"),
        (f"setx {B} once /M\n{START}", "once"),
        (f"setx {B} once\n{START}", "default"),
        # A name that nobody can know.
        (
            f"foreach ($k in $h.Keys) {{ [Environment]::SetEnvironmentVariable($k, 'x', 'Machine') }}\n{START}",
            None,
        ),
        (
            f"{START}\nforeach ($k in $h.Keys) {{ [Environment]::SetEnvironmentVariable($k, 'x', 'Machine') }}",
            "default",
        ),
    ],
)
@pytest.mark.parametrize("end", ["", "\n<persist>true</persist>"], ids=["once", "persist"])
def test_what_the_agent_is_started_with(script: str, behavior: str | None, end: str) -> None:
    """The value is that of the moment at which the agent starts, and unknown where nobody can tell that moment."""
    assert windows.read(f"<powershell>\n{script}\n</powershell>{end}").effective[B] == behavior


def test_a_variable_of_any_name_keeps_nothing_from_being_added() -> None:
    """A loop over names that cannot be known does not stand in the way of a setting."""
    loop = "foreach ($k in $h.Keys) { [Environment]::SetEnvironmentVariable($k, $h[$k], 'Machine') }"
    added = windows_writer.add(
        f"<powershell>\n{loop}\n{START}\n</powershell>", AgentSettings(image_pull_behavior=PullBehavior.ONCE)
    )
    assert added == f"<powershell>\n{SET}\n{loop}\n{START}\n</powershell>"
    reading = windows.read(added)
    assert (reading.settings[B], [each.variable for each in reading.unknown]) == ("once", [None])
