"""Every way that a PowerShell script may go."""

from __future__ import annotations

from typing import Final

import pytest

from cdk_pull.agent.readers import windows

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"
START: Final = "Initialize-ECSAgent -Cluster c"


def _set(value: str) -> str:
    return f"[Environment]::SetEnvironmentVariable('{B}', {value}, 'Machine')"


ONCE: Final = _set("'once'")
ALWAYS: Final = _set("'always'")


@pytest.mark.parametrize(
    ("script", "behavior"),
    [
        # Conditions.
        (f"if ($false) {{ {ALWAYS} }} else {{ {ONCE} }}", "once"),
        (f"if (-not $true) {{ {ALWAYS} }} else {{ {ONCE} }}", "once"),
        (f"$a = 'X'; if ($a -ceq 'x') {{ {ALWAYS} }} elseif ($a -ieq 'x') {{ {ONCE} }}", "once"),
        (f"$a = 'prod-1'; if ($a -like 'prod-*' -and $a -ne 'b') {{ {ONCE} }}", "once"),
        (f"if ('a' -in 'a', 'b') {{ {ONCE} }} else {{ {ALWAYS} }}", "once"),
        (f"$l = @('a', 'b'); if ($l -notcontains 'c') {{ {ONCE} }}", "once"),
        (f"$l = 'a', 'b'; if (\"$l\" -eq 'a b') {{ {ONCE} }} else {{ {ALWAYS} }}", "once"),
        (f"$on = $true; if ($on -eq $true) {{ {ONCE} }}", "once"),
        (f"if (3 -gt 20) {{ {ALWAYS} }} else {{ {ONCE} }}", "once"),
        (f"if (Test-Path x -or $true) {{ {ONCE} }}", None),
        (f"if ((Test-Path x) -or $true) {{ {ONCE} }}", "once"),
        (f"if ((Test-Path x) -and $false) {{ {ALWAYS} }} else {{ {ONCE} }}", "once"),
        (f"if ('a' \u2013eq 'a') {{ {ONCE} }}", "once"),
        (f"if ('a' -match '^a$') {{ {ONCE} }}", "once"),
        (f"$v = if ($true) {{ 'once' }} else {{ 'always' }}\n{_set('$v')}", "once"),
        # Loops.
        (f"for ($i = 0; $i -lt 3; $i++) {{ if ($i -eq 2) {{ {ONCE} }} else {{ {ALWAYS} }} }}", "once"),
        (f"$i = 0; while ($i -lt 2) {{ $i += 1; {ONCE} }}", "once"),
        (f"do {{ {ONCE} }} while ($false)", "once"),
        (f"do {{ {ONCE}; $done = $true }} until ($done)", "once"),
        (f"while (-not (Get-Service x)) {{ Start-Sleep 1 }}\n{ONCE}", "once"),
        (f"while ($true) {{ {ONCE}; break }}", "once"),
        (f"foreach ($i in 1..3) {{ {_set('$i')} }}\n{ONCE}", "once"),
        (f"'always', 'once' | ForEach-Object {{ {_set('$_')} }}", "once"),
        (f"@() | % {{ {ALWAYS} }}\n{ONCE}", "once"),
        (f"switch ('a', 'b') {{ 'a' {{ {ALWAYS} }} 'b' {{ {ONCE} }} }}", "once"),
        (f"switch -Wildcard ('prod-1') {{ 'prod*' {{ {ONCE}; break }} default {{ {ALWAYS} }} }}", "once"),
        (f"switch -Regex ('prod-1') {{ '^prod' {{ {ONCE} }} }}", None),
        (f"switch -CaseSensitive ('A') {{ 'a' {{ {ALWAYS} }} default {{ {ONCE} }} }}", "once"),
        (f"switch (Get-Mode) {{ 'a' {{ {ALWAYS} }} default {{ {ONCE} }} }}", None),
        (f"foreach ($v in 'once', 'always') {{ switch ($v) {{ 'once' {{ {ONCE}; break }} }} }}", "once"),
        # Functions.
        (f"function V {{ 'once' }}\n{_set('(V)')}", "once"),
        (f"function V($a = 'once') {{ $a }}\n$v = V\n{_set('$v')}", "once"),
        (f"function V {{ param([switch]$Slow, $v) if ($Slow) {{ $v }} }}\n{_set('(V -Slow once)')}", "once"),
        (f"function V {{ if (Test-Path x) {{ return 'once' }}; 'always' }}\n{_set('(V)')}", None),
        (f"function V {{ Write-Host hi; Write-Output once }}\n{_set('$(V)')}", "once"),
        (f"function F {{ $script:v = 'once' }}\n$v = 'always'; F\n{_set('$v')}", "once"),
        (f"function F {{ $v = 'always' }}\n$v = 'once'; F\n{_set('$v')}", "once"),
        (f"function F {{ {ONCE} }}\n$null = F", "once"),
        (f"function F {{ {ONCE} }}\nF | Out-Null", "once"),
        (f"function F {{ {ONCE} }}\n[void](F)", "once"),
        (f"function F {{ exit 0 }}\nF\n{ONCE}", "default"),
        (f"function F {{ process {{ {ONCE} }} }}\nF", "once"),
        (f"$s = {{ {ONCE} }}\n& $s", "once"),
        (f"& {{ {ONCE} }}", "once"),
        (f"$s = {{ {ONCE} }}", "default"),
        # Errors.
        (f"try {{ {ONCE} }} catch {{ Write-Host $_ }}", "once"),
        (f"try {{ Get-Thing }} catch {{ {ALWAYS} }} finally {{ {ONCE} }}", "once"),
        (f"try {{ Get-Thing }} catch {{ {ONCE} }}", None),
        (f"function F {{ throw 'x' }}\ntry {{ F; {ALWAYS} }} catch {{ {ONCE} }}", "once"),
        (f"if (Test-Path x) {{ throw 'x' }}\n{ONCE}", "once"),
        # Values.
        (f"$h = @{{ Mode = 'once' }}\n{_set('$h.mode')}", "once"),
        (f"$h = @{{}}; $h['m'] = 'once'\n{_set(chr(34) + '$($h.m)' + chr(34))}", "once"),
        (f"$h = [ordered]@{{ m = 'once' }}\n{_set('$h[' + chr(39) + 'm' + chr(39) + ']')}", "once"),
        (f"$a = @('always'); $a += 'once'\n{_set('$a[1]')}", "once"),
        (f"$a, $b = 'always', 'once'\n{_set('$b')}", "once"),
        (f"[string]$v = 'once'\n{_set('$v')}", "once"),
        (f"$v = '{{0}}ce' -f 'on'\n{_set('$v')}", "once"),
        (f"{_set(chr(39) + 'ONCE' + chr(39) + '.ToLower()')}", "once"),
        (f"$v = 'always' -replace 'always', 'once'\n{_set('$v')}", "once"),
        (f'$v = "on`\nce"\n{ONCE}', "once"),
        (
            (
                f"@{{ {B} = 'once'; X = 'y' }}.GetEnumerator() | ForEach-Object {{"
                " [Environment]::SetEnvironmentVariable($_.Key, $_.Value, 'Machine') }"
            ),
            "once",
        ),
        (
            (
                f"$h = @{{ {B} = 'once' }}\nforeach ($k in $h.Keys) {{"
                " [Environment]::SetEnvironmentVariable($k, $h[$k], [System.EnvironmentVariableTarget]::Machine) }"
            ),
            "once",
        ),
        (
            (
                "function S($n, $v) { [Environment]::SetEnvironmentVariable($n, $v, 'Machine') }\n"
                f"$p = @{{ n = '{B}'; v = 'once' }}\nS @p"
            ),
            "once",
        ),
        # Scripts from elsewhere.
        (f"{ONCE}\n& C:\\setup.ps1", None),
        (f"{ONCE}\npowershell -File C:\\setup.ps1", None),
        (f"{ONCE}\niex ((New-Object Net.WebClient).DownloadString('https://x'))", None),
        (f"{ONCE}\nStart-Process msiexec -ArgumentList '/i x.msi'", "once"),
    ],
)
def test_ways(script: str, behavior: str | None) -> None:
    """Where all the ways that a script may go agree there is a value; where they differ it is unknown."""
    reading = windows.read(f"<powershell>\n{script}\n{START}\n</powershell>")
    assert reading.effective[B] == behavior
    assert behavior is not None or reading.unknown


@pytest.mark.parametrize(
    "script",
    [
        f"function Log($m) {{ Write-Host $m; return }}\nLog hi\n{ONCE}\n{START}",
        f"function F {{ if (Test-Path x) {{ return }}; dir }}\nF\n{ONCE}\n{START}",
        f"{ONCE}\n{START}\nwhile ($true) {{ Start-Sleep 60 }}",
        f"try {{ throw 'x' }} catch {{ dir }}\n{ONCE}\n{START}",
        f"foreach ($i in 1..3) {{ break }}\n{ONCE}\n{START}",
    ],
)
def test_nothing_to_warn_of(script: str) -> None:
    """What leaves a function, a loop or a try does not end the script."""
    reading = windows.read(f"<powershell>\n{script}\n</powershell>")
    assert (reading.effective[B], reading.unknown, reading.warnings) == ("once", (), ())


def test_a_loop_that_never_ends() -> None:
    """A loop without an end before the agent's start is found, and what comes after it never runs."""
    reading = windows.read(f"<powershell>\nwhile ($true) {{ Start-Sleep 5 }}\n{ONCE}\n{START}\n</powershell>")
    assert [(each.code, each.line, each.message) for each in reading.warnings] == [
        (
            "never-ends",
            2,
            "this loop never ends, and the agent is not started before it; break out of it, or run it in a job",
        ),
        ("unreachable", 3, "the script has ended before this line"),
    ]


@pytest.mark.parametrize(
    "script",
    [
        "foreach ($i in 1..9) { foreach ($j in 1..9) { foreach ($k in 1..9) { $x += 'a' } } }",
        "if (Test-Path x) { $a += 'b' }\n" * 400,
        "function f { f; f }\nf",
        "$s = { & $s; & $s }\n& $s",
        "while ($true) { if (Test-Path x) { $i += 1 } else { break } }",
        "while ($true) { if (Test-Path x) { $a += 'b' }; if (Test-Path y) { $b += $a; break } }",
        "$x = " + "'a' + " * 2_000 + "'b'",
        "if ($a -or " + "$b -or " * 1_500 + "$c) { dir }",
        "switch ($x) { " + "'a' { dir } " * 900 + "}",
        "$(" * 3_000,
        "@{ a = " * 1_500,
        "$h = @{}\n" + "$h.a = $h\n" * 900,
    ],
)
def test_bounded(script: str) -> None:
    """Scripts made to grow, branch or nest without end are read all the same, and what follows is known or unknown."""
    reading = windows.read(f"<powershell>\n{script}\n{ONCE}\n{START}\n</powershell>")
    assert reading.effective[B] in {"once", None}
