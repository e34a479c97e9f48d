"""What PowerShell computes out of strings, lists, numbers, pipes and files."""

from __future__ import annotations

from typing import Final

import pytest

from cdk_pull.agent.readers import windows

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
KEY: Final = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
PUT: Final = f"function Put($v) {{ [Environment]::SetEnvironmentVariable('{B}', $v, 'Machine') }}\n"


def behavior(script: str) -> object:
    """Return what the agent has after a script; None where nobody knows."""
    text = f"<powershell>\n{PUT}{script}\nInitialize-ECSAgent -Cluster c\n</powershell>"
    return windows.read(text).effective[B]


@pytest.mark.parametrize(
    "script",
    [
        # Operators.
        "Put ('x=once' -split '=')[1]",
        "$n, $v = 'x,once' -split ','; Put $v",
        "Put (('a=b=once' -split '=', 2)[1].Substring(2))",
        "Put ('a=b=once' -split '=', 0)[2]",
        "Put ('always' -replace '^al.*s$', 'once')",
        "Put ('once=x' -replace '(\\w+)=(\\w+)', '$1')",
        "Put ('ONCE' -creplace 'ONCE', 'once')",
        "if ('t3.large' -match '^t3\\.') { Put once }",
        "if ('t3.large' -notmatch '^m5') { Put once }",
        "if ('ONCE' -cmatch 'once') { Put always } else { Put once }",
        "$a = 'always', 'once'; Put $a[-1]",
        "$i = 3 * 2 - 5; $a = 'always', 'once'; Put $a[$i]",
        "if (7 % 2 -eq 1) { Put once }",
        "if (10 / 2 -eq 5) { Put once }",
        "Put ('on' + 'ce' * 1)",
        # Methods.
        "Put ('prefer'.Replace('prefer', 'once'))",
        "Put (' once '.Trim())",
        "Put ('once.'.TrimEnd('.'))",
        "Put ('a:once'.Split(':')[1])",
        "if ('t3.large'.StartsWith('t3')) { Put once }",
        "Put ('xxonce'.Substring(2, 4))",
        "Put ([string]::Format('{0}{1}', 'on', 'ce'))",
        "Put ([string]::Join('', 'on', 'ce'))",
        "if ([string]::IsNullOrEmpty('')) { Put once }",
        "Put ([System.Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('b25jZQ==')))",
        f"Put once; $o = [Environment]::GetEnvironmentVariable('{B}', 'Machine'); Put always; Put $o",
        f"if (-not [Environment]::GetEnvironmentVariable('{B}', 'Machine')) {{ Put once }}",
        # Pipes.
        "'always', 'once' | Where-Object { $_ -ne 'always' } | ForEach-Object { Put $_ }",
        "'always', 'once' | ? { $_ -like 'o*' } | % { Put $_ }",
        "Put ('once', 'always' | Select-Object -First 1)",
        "Put ('always', 'once' | select -Last 1)",
        "Put (@{ a = 'once' } | Select-Object -ExpandProperty a)",
        "function W { process { Put $_ } }; 'always', 'once' | W",
        "filter W { Put $_ }; 'always', 'once' | W",
        "function W { param([Parameter(ValueFromPipeline)]$v) process { Put $v } }; 'once' | W",
        "function W { param([Parameter(ValueFromPipeline = $true)][string]$v) process { Put $v } }; 'once' | W",
        "(ConvertFrom-StringData \"x=once`ny=z\").GetEnumerator() | % { if ($_.Key -eq 'x') { Put $_.Value } }",
        '$c = \'{"b": {"v": ["once"]}}\' | ConvertFrom-Json; Put $c.b.v[0]',
        "$x = 'once'; Put (Get-Variable x -ValueOnly)",
        "Invoke-Command -ScriptBlock { param($v) Put $v } -ArgumentList 'once'",
        '$h = ConvertFrom-StringData "# x=always`n`nx = once"; Put $h.x',
        # Files.
        "'always', 'once' | Set-Content C:\\v.txt; if ((Get-Content C:\\v.txt -Raw) -like \"always*once*\") { Put once }",
        "Set-Content C:\\v.txt once; Put (Get-Content C:\\v.txt)",
        "'always', 'once' | Set-Content -Path C:\\v.txt; Put (Get-Content C:\\v.txt)[1]",
        "Set-Content C:\\v.txt always; Add-Content C:\\v.txt once; Put (gc C:\\v.txt)[-1]",
        "Set-Content -Path C:\\s.ps1 -Value 'Put once'; & C:\\s.ps1",
        "'Put once' | Out-File C:\\s.ps1; . C:\\s.ps1",
        "Set-Content C:\\s.ps1 'Put once'; powershell -File C:\\s.ps1",
        "Set-Content C:\\s.ps1 'Put once'; Start-Process powershell -Wait -ArgumentList '-File', 'C:\\s.ps1'",
        f"Set-Content C:\\s.cmd 'setx {B} once /M'; & C:\\s.cmd",
        # Other ways to the machine's variables.
        f"[Microsoft.Win32.Registry]::SetValue('HKEY_LOCAL_MACHINE\\{KEY}', '{B}', 'once')",
        f"[Microsoft.Win32.Registry]::SetValue('HKEY_LOCAL_MACHINE\\{KEY}', '{B}', 'once', 'String')",
        f"Start-Process setx -ArgumentList '{B}', 'once', '/M' -Wait",
        f"Start-Process reg.exe -ArgumentList 'add \"HKLM\\{KEY}\" /v {B} /d once /f' -Wait",
        # Labels.
        ":o foreach ($a in 1, 2) { foreach ($b in 'once', 'always') { Put $b; break o } }",
        ":o foreach ($a in 1, 2) { foreach ($b in 'once', 'always') { Put $b; continue o } }",
        ":o while ($true) { switch ('x') { 'x' { Put once; break o } } Put always }",
        "foreach ($a in 1) { :i foreach ($b in 1, 2) { break i }; Put once }",
        ":o do { foreach ($b in 1) { continue o }; Put always } while ($false)\nPut once",
    ],
)
def test_computed(script: str) -> None:
    """What PowerShell computes is known."""
    assert behavior(script) == "once"


@pytest.mark.parametrize(
    "script",
    [
        "Put ((iwr x) -split ',')[0]",
        "Put ('aaaa' -replace '(a+)+$', 'b')",
        "Put ('a' -replace '[', 'b')",
        "Put ('once'.Replace('a', (iwr x)))",
        "Put ('a,b' | ConvertFrom-Csv)",
        "'once' | Where-Object { Test-Path $_ } | % { Put $_ }",
        "Put ('{\"b\": 1.5}' | ConvertFrom-Json).b",
        "Put (Get-Content C:\\elsewhere.txt)",
        "Set-Content C:\\v.txt (iwr x).Content; Put (Get-Content C:\\v.txt)",
        "Put (ConvertFrom-StringData 'x=a\\tb').x",
        "Put (Get-Variable nothing -ValueOnly)",
        "$b = $true; $b++; Put $b",
        "Set-Content C:\\s.ps1 'Put once'; Invoke-WebRequest x -OutFile C:\\s.ps1; & C:\\s.ps1",
        "Set-Content C:\\s.ps1 (iwr x).Content; & C:\\s.ps1",
        "Add-Content C:\\s.ps1 'Put once'; & C:\\s.ps1",
        f"[Microsoft.Win32.Registry]::SetValue('HKEY_LOCAL_MACHINE\\{KEY}', '{B}', (iwr x))",
        f"Start-Process setx -ArgumentList '{B}', 'once', '/M'",
        f"iex (iwr x); if (-not [Environment]::GetEnvironmentVariable('{B}', 'Machine')) {{ Put once }}",
    ],
)
def test_not_computed(script: str) -> None:
    """What cannot be known, or is not followed, is unknown rather than wrong."""
    assert behavior(script) is None


@pytest.mark.parametrize(
    "script",
    [
        f"[Microsoft.Win32.Registry]::SetValue('HKEY_CURRENT_USER\\Environment', '{B}', 'once')",
        "'a' | Where-Object { $_ -eq 'b' } | ForEach-Object { Put once }",
        "Write-Host break now",
    ],
)
def test_set_nowhere(script: str) -> None:
    """What is set elsewhere, or for nothing, leaves the default."""
    assert behavior(script) == "default"
