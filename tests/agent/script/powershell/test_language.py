"""The language of PowerShell, as far as user data uses it: right, or unknown."""

from __future__ import annotations

from typing import Final

import pytest

from cdk_pull.agent.readers import windows

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"


@pytest.mark.parametrize(
    ("script", "behavior"),
    [
        pytest.param(
            "function F { function G { return 'once' }; return (G) }\n[Environment]::SetEnvironmentVariable('NAME', (F), 'Machine')",
            "once",
            id="nested fn",
        ),
        pytest.param(
            "$v='once'; function F { [Environment]::SetEnvironmentVariable('NAME', $v, 'Machine') }\nF",
            "once",
            id="scope read",
        ),
        pytest.param(
            "function F { $global:v='once' }\nF\n[Environment]::SetEnvironmentVariable('NAME', $global:v, 'Machine')",
            "once",
            id="global",
        ),
        pytest.param(
            "$v='once'; function F { $v='always' }\nF\n[Environment]::SetEnvironmentVariable('NAME', $v, 'Machine')",
            "once",
            id="local not leak",
        ),
        pytest.param(
            "function F { if ($true) { return 'once' }; return 'always' }\n[Environment]::SetEnvironmentVariable('NAME', (F), 'Machine')",
            "once",
            id="early return in if true",
        ),
        pytest.param(
            "function F { foreach ($x in 'once','always') { return $x } }\n[Environment]::SetEnvironmentVariable('NAME', (F), 'Machine')",
            "once",
            id="return in foreach",
        ),
        pytest.param(
            "function F { 'once','always' | ForEach-Object { return $_ } }\n$r = F; [Environment]::SetEnvironmentVariable('NAME', $r[1], 'Machine')",
            "always",
            id="return in ForEach-Object continues",
        ),
        pytest.param("throw 'x'\nONCE", "default", id="throw top uncaught"),
        pytest.param("function F { throw 'x' }\nF\nONCE", "default", id="throw in function uncaught"),
        pytest.param(
            "function F { try { return 'once' } finally { Write-Host x } }\n[Environment]::SetEnvironmentVariable('NAME', (F), 'Machine')",
            "once",
            id="try return",
        ),
        pytest.param(
            "try { try { throw 'a' } catch { throw 'b' } } catch { ONCE }",
            "once",
            id="try catch rethrow outer",
        ),
        pytest.param(
            "foreach ($i in 1,2) { foreach ($j in 1,2) { break }; ONCE }", "once", id="break nested"
        ),
        pytest.param("switch ('x') { 'a' { ALWAYS } }\nONCE", "once", id="switch no match"),
        pytest.param("switch ('a') { 'a' { ALWAYS } 'a' { ONCE } }", "once", id="switch multi match"),
        pytest.param("switch (5) { { $_ -gt 3 } { ONCE } default { ALWAYS } }", None, id="switch block cond"),
        pytest.param("switch ('a') { 'a' { ONCE; break } 'a' { ALWAYS } }", "once", id="switch break stops"),
        pytest.param("switch -Regex ('abc') { '^a' { ONCE } }", None, id="switch regex"),
        pytest.param(
            "switch -CaseSensitive ('A') { 'a' { ALWAYS } default { ONCE } }",
            "once",
            id="case sensitive switch",
        ),
        pytest.param(
            "$h=@{a='always';b='once'}; foreach ($k in $h.Keys) { if ($k -eq 'b') { [Environment]::SetEnvironmentVariable('NAME', $h[$k], 'Machine') } }",
            "once",
            id="hash in loop",
        ),
        pytest.param("if ($x = 'a') { ONCE }", None, id="if assignment"),
        pytest.param("if ($undefined) { ALWAYS }\nONCE", "once", id="unset var falsy"),
        pytest.param("$x=$null; if ($null -eq $x) { ONCE } else { ALWAYS }", "once", id="eq null"),
        pytest.param("if ('False') { ONCE } else { ALWAYS }", "once", id="string truth 'False'"),
        pytest.param("if (0) { ALWAYS } else { ONCE }", "once", id="zero falsy"),
        pytest.param("if ('0') { ONCE } else { ALWAYS }", "once", id="str '0' truthy"),
        pytest.param("if (@()) { ALWAYS } else { ONCE }", "once", id="empty array"),
        pytest.param("if (-not '') { ONCE }", "once", id="not string"),
        pytest.param(
            "$x='a'*3; [Environment]::SetEnvironmentVariable('NAME', $x, 'Machine')",
            "default",
            id="string multiplication",
        ),
        pytest.param("$i=3; $i=$i-1; if ($i -eq 2) { ONCE }", "once", id="subtraction"),
        pytest.param("if (1+1 -eq 2) { ONCE } else { ALWAYS }", "once", id="1+1"),
        pytest.param("$x = 1 + '1'; if ($x -eq 2) { ONCE } else { ALWAYS }", "once", id="num plus str"),
        pytest.param("$x = '1' + 1; if ($x -eq '11') { ONCE } else { ALWAYS }", "once", id="str plus num"),
        pytest.param("if ('01' -eq 1) { ALWAYS } else { ONCE }", "once", id="'01' -eq 1"),
        pytest.param("if (1 -eq '01') { ONCE } else { ALWAYS }", "once", id="1 -eq '01'"),
        pytest.param("if ('10' -gt '9') { ALWAYS } else { ONCE }", None, id="10 -gt 9 str"),
        pytest.param("if (@('a','b') -eq 'a') { ONCE }", None, id="array -eq filter"),
        pytest.param("if (@('A') -contains 'a') { ONCE }", "once", id="-contains ci"),
        pytest.param("if (@('A') -ccontains 'a') { ALWAYS } else { ONCE }", None, id="-ccontains"),
        pytest.param("if ('once' -match 'o(.*)') { ONCE }", "once", id="-match captures"),
        pytest.param(
            "$m='once'\n$x=@\"\n$m\n\"@\n[Environment]::SetEnvironmentVariable('NAME', $x, 'Machine')",
            "once",
            id="here expandable",
        ),
        pytest.param(
            "$v = 'once' | ForEach-Object { $_ }\n[Environment]::SetEnvironmentVariable('NAME', $v, 'Machine')",
            "once",
            id="pipeline var",
        ),
        pytest.param(
            "$v = 'a','once' | Where-Object { $_ -eq 'once' }\n[Environment]::SetEnvironmentVariable('NAME', $v, 'Machine')",
            "once",
            id="where",
        ),
        pytest.param(
            "$v = 'once','b' | Select-Object -First 1\n[Environment]::SetEnvironmentVariable('NAME', $v, 'Machine')",
            "once",
            id="select first",
        ),
        pytest.param("try { exit 0 } finally { ONCE }", "once", id="exit in try"),
        pytest.param("do { ONCE; break } while ($true)", "once", id="do once"),
        pytest.param("$i=2; while ($i -gt 0) { $i-- }\nONCE", "once", id="while dec"),
        pytest.param("# ALWAYS\nONCE # x", "once", id="comment"),
        pytest.param(
            "function F([string]$M='once') { [Environment]::SetEnvironmentVariable('NAME', $M, 'Machine') }\nF",
            "once",
            id="param default call",
        ),
        pytest.param(
            "function F($Mode) { [Environment]::SetEnvironmentVariable('NAME', $Mode, 'Machine') }\nF -Mo once",
            "once",
            id="named abbreviated",
        ),
        pytest.param(
            "$env:M='once'; [Environment]::SetEnvironmentVariable('NAME', $env:M, 'Machine')",
            "once",
            id="env read",
        ),
        pytest.param(
            "$m = $env:MODE; if (-not $m) { $m='once' }; [Environment]::SetEnvironmentVariable('NAME', $m, 'Machine')",
            None,
            id="env fallback",
        ),
        pytest.param(
            "$m=[Environment]::GetEnvironmentVariable('X'); [Environment]::SetEnvironmentVariable('NAME', $m, 'Machine')",
            None,
            id="GetEnv",
        ),
        pytest.param("function F { ONCE }\nSet-Alias g F\ng", "once", id="alias fn"),
        pytest.param(
            ". { $v='once' }\n[Environment]::SetEnvironmentVariable('NAME', $v, 'Machine')",
            "once",
            id="dot source block",
        ),
        pytest.param(
            "$v='once'; & { $v='always' }\n[Environment]::SetEnvironmentVariable('NAME', $v, 'Machine')",
            "once",
            id="& block scope",
        ),
        pytest.param(
            "Start-Process powershell -ArgumentList '-Command', \"ALWAYS\" -Wait\nONCE",
            "once",
            id="Start-Process wait",
        ),
        pytest.param('$c = "ONCE"; iex $c', "once", id="iex var"),
        pytest.param(
            'iex @\'\n[Environment]::SetEnvironmentVariable("NAME", "once", "Machine")\n\'@',
            "once",
            id="iex heredoc",
        ),
        pytest.param('$s=[scriptblock]::Create("ONCE"); & $s', None, id="ScriptBlock Create"),
        pytest.param("Invoke-Command -ScriptBlock { ONCE }", "once", id="Invoke-Command"),
        pytest.param(
            "'Machine','User' | % { [Environment]::SetEnvironmentVariable('NAME','once',$_) }",
            "once",
            id="multi target",
        ),
        pytest.param(
            "$a=@('NAME','once'); function F($n,$v) { [Environment]::SetEnvironmentVariable($n,$v,'Machine') }; F @a",
            "once",
            id="splat call",
        ),
        pytest.param("trap { continue }\nONCE", "once", id="trap"),
        pytest.param("$ErrorActionPreference='Stop'\nONCE", "once", id="ErrorAction"),
        pytest.param(
            "@([pscustomobject]@{N='NAME';V='once'}) | % { [Environment]::SetEnvironmentVariable($_.N,$_.V,'Machine') }",
            "once",
            id="ps custom obj loop",
        ),
        pytest.param(
            "[Environment]::SetEnvironmentVariable(('{0}_BEHAVIOR' -f 'ECS_IMAGE_PULL'), 'once', 'Machine')",
            "once",
            id="-f format",
        ),
        pytest.param(
            "$v = @('on','ce') -join ''; [Environment]::SetEnvironmentVariable('NAME', $v, 'Machine')",
            "once",
            id="join",
        ),
        pytest.param(
            "[Environment]::SetEnvironmentVariable('NAME', \"on`ce\", 'Machine')", "once", id="backtick"
        ),
        pytest.param(
            "[Environment]::SetEnvironmentVariable('NAME', \"o`nce\", 'Machine')", "default", id="backtick n"
        ),
        pytest.param(
            "function Go { Initialize-ECSAgent -Cluster c }\nONCE\nGo", "once", id="start in function after"
        ),
        pytest.param(
            "ONCE\nStart-Process powershell -ArgumentList '-File C:\\x.ps1' -Wait",
            None,
            id="Start-Process other",
        ),
        pytest.param('ONCE\n"ALWAYS" | Out-File C:\\a.ps1; & C:\\a.ps1', "always", id="write then run"),
        pytest.param("Restart-Computer -Force\nONCE", None, id="Restart-Computer"),
        pytest.param("1..3 | ForEach-Object { if ($_ -eq 3) { ONCE } }", "once", id="workflow"),
        pytest.param(
            "1..3 | ForEach-Object { if ($_ -eq 1) { return }; ONCE }",
            "once",
            id="continue in ForEach-Object",
        ),
        pytest.param("1..3 | ForEach-Object { break }\nONCE", None, id="break in ForEach ends script"),
        pytest.param(
            "function F($a) { [Environment]::SetEnvironmentVariable('NAME', $a, 'Machine') }\nF('once')",
            "once",
            id="parenthesized call args",
        ),
        pytest.param("setx --% NAME once /m", None, id="stop-parsing"),
        pytest.param('cmd /c "setx NAME once /m & exit 0"', "once", id="cmd /c set"),
        pytest.param('cmd /c "if 1==1 setx NAME once /m"', None, id="cmd if"),
        pytest.param(
            "New-ItemProperty -Path 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment' -Name NAME -Value once -PropertyType String -Force",
            "once",
            id="registry provider",
        ),
        pytest.param(
            "ONCE\n[Environment]::SetEnvironmentVariable('NAME', '', 'Machine')", "default", id="Remove env"
        ),
        pytest.param(
            "ONCE\nRemove-ItemProperty -Path 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment' -Name NAME",
            "default",
            id="Remove-ItemProperty",
        ),
        pytest.param(
            'ONCE\nreg delete "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment" /v NAME /f',
            "default",
            id="reg delete",
        ),
        pytest.param(
            "$E=[Environment]; $E::SetEnvironmentVariable('NAME','once','Machine')", None, id="type alias"
        ),
        pytest.param(
            "[System.Environment]::('SetEnvironmentVariable').Invoke('NAME','once','Machine')",
            None,
            id="method var",
        ),
    ],
)
def test_language(script: str, behavior: str | None) -> None:
    """A script sets what PowerShell makes it set; where that is not followed, nothing is claimed.

    In the script, ``ONCE`` and ``ALWAYS`` set the behaviour, whose variable is ``NAME``.
    """
    for word, value in (("ONCE", "once"), ("ALWAYS", "always")):
        script = script.replace(word, f"[Environment]::SetEnvironmentVariable('NAME', '{value}', 'Machine')")
    text = f"<powershell>\n{script.replace('NAME', B)}\nInitialize-ECSAgent -Cluster c\n</powershell>"
    reading = windows.read(text)
    assert reading.effective[B] == behavior or (
        behavior is None and any(each.named_only for each in reading.unknown)
    )
