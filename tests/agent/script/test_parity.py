"""The same ideas in bash and in PowerShell, which one core follows: right in both, or unknown."""

from __future__ import annotations

from typing import Final

import pytest

from cdk_pull.agent.readers import linux, windows

B: Final = "ECS_IMAGE_PULL_BEHAVIOR"


def _echo(value: str) -> str:
    return f"echo {B}={value} >> /etc/ecs/ecs.config"


def _set(value: str) -> str:
    return f"[Environment]::SetEnvironmentVariable('{B}', {value}, 'Machine')"


ONCE: Final = _set("'once'")
ALWAYS: Final = _set("'always'")


@pytest.mark.parametrize(
    ("bash", "powershell", "behavior"),
    [
        pytest.param(*each, id=name)
        for name, *each in (
            ("a literal", _echo("once"), ONCE, "once"),
            ("a variable", f"v=once\n{_echo('$v')}", f"$v = 'once'\n{_set('$v')}", "once"),
            (
                "pieces",
                f"a=on\n{_echo('${a}ce')}",
                f'$a = "on"\n{_set(chr(34) + "${a}ce" + chr(34))}',
                "once",
            ),
            (
                "both branches alike",
                f"if [ -f x ]; then {_echo('once')}; else {_echo('once')}; fi",
                f"if (Test-Path x) {{ {ONCE} }} else {{ {ONCE} }}",
                "once",
            ),
            (
                "one branch alone",
                f"if [ -f x ]; then {_echo('once')}; fi",
                f"if (Test-Path x) {{ {ONCE} }}",
                None,
            ),
            (
                "a condition that always holds",
                f"if true; then {_echo('once')}; else {_echo('always')}; fi",
                f"if ($true) {{ {ONCE} }} else {{ {ALWAYS} }}",
                "once",
            ),
            (
                "a comparison of known values",
                f"e=prod\nif [ $e = prod ]; then {_echo('once')}; else {_echo('always')}; fi",
                f"$e = 'prod'\nif ($e -eq 'prod') {{ {ONCE} }} else {{ {ALWAYS} }}",
                "once",
            ),
            (
                "an elif",
                f"e=b\nif [ $e = a ]; then {_echo('always')}; elif [ $e = b ]; then {_echo('once')}; fi",
                f"$e = 'b'\nif ($e -eq 'a') {{ {ALWAYS} }} elseif ($e -eq 'b') {{ {ONCE} }}",
                "once",
            ),
            (
                "a loop over literals",
                f"for v in always once; do {_echo('$v')}; done",
                f"foreach ($v in 'always', 'once') {{ {_set('$v')} }}",
                "once",
            ),
            (
                "a loop that breaks",
                f"for v in once always; do {_echo('$v')}; break; done",
                f"foreach ($v in 'once', 'always') {{ {_set('$v')}; break }}",
                "once",
            ),
            (
                "a loop that goes on",
                f"for v in once always; do if [ $v = always ]; then continue; fi; {_echo('$v')}; done",
                f"foreach ($v in 'once', 'always') {{ if ($v -eq 'always') {{ continue }}; {_set('$v')} }}",
                "once",
            ),
            (
                "a loop over what nobody knows",
                f"for v in $(curl x); do {_echo('$v')}; done",
                f"foreach ($v in (Invoke-RestMethod x)) {{ {_set('$v')} }}",
                None,
            ),
            (
                "a switch over a known value",
                f"e=prod\ncase $e in dev) {_echo('always')};; prod) {_echo('once')};; esac",
                f"$e = 'prod'\nswitch ($e) {{ 'dev' {{ {ALWAYS} }} 'prod' {{ {ONCE} }} }}",
                "once",
            ),
            (
                "a switch whose default runs",
                f"e=x\ncase $e in dev) {_echo('always')};; *) {_echo('once')};; esac",
                f"$e = 'x'\nswitch ($e) {{ 'dev' {{ {ALWAYS} }} default {{ {ONCE} }} }}",
                "once",
            ),
            (
                "a function that puts a value out",
                f"v() {{ echo once; }}\n{_echo('$(v)')}",
                f"function V {{ return 'once' }}\n{_set('(V)')}",
                "once",
            ),
            (
                "a function with parameters",
                f"s() {{ echo $1=$2 >> /etc/ecs/ecs.config; }}\ns {B} once",
                (
                    "function S($n, $v) { [Environment]::SetEnvironmentVariable($n, $v, 'Machine') }\n"
                    f"S -v once -n {B}"
                ),
                "once",
            ),
            (
                "a function that returns",
                f"log() {{ echo $1; return; }}\nlog hi\n{_echo('once')}",
                f"function Log($m) {{ Write-Host $m; return }}\nLog hi\n{ONCE}",
                "once",
            ),
            (
                "a guard that returns",
                f"f() {{ [ -f x ] && return; ls; }}\nf\n{_echo('once')}",
                f"function F {{ if (Test-Path x) {{ return }}; dir }}\nF\n{ONCE}",
                "once",
            ),
            (
                "what comes after a return",
                f"f() {{ {_echo('once')}; return; {_echo('always')}; }}\nf",
                f"function F {{ {ONCE}; return; {ALWAYS} }}\nF",
                "once",
            ),
            (
                "a guard that exits with an error",
                f"[ -f x ] || exit 1\n{_echo('once')}",
                f"if (-not (Test-Path x)) {{ exit 1 }}\n{ONCE}",
                "once",
            ),
            (
                "a guard that exits without one",
                f"if [ -f x ]; then exit 0; fi\n{_echo('once')}",
                f"if (Test-Path x) {{ exit 0 }}\n{ONCE}",
                None,
            ),
            ("an end", f"exit 0\n{_echo('once')}", f"exit 0\n{ONCE}", "default"),
            (
                "a function that nobody calls",
                f"f() {{ {_echo('once')}; }}",
                f"function F {{ {ONCE} }}",
                "default",
            ),
            (
                "a failure that is taken",
                f"false || {_echo('once')}",
                f"try {{ throw 'x'; {ALWAYS} }} catch {{ {ONCE} }}",
                "once",
            ),
            (
                "a script in the script",
                f"bash -c '{_echo('once')}'",
                f'Invoke-Expression "{ONCE}"',
                "once",
            ),
            (
                "a setting after a script from elsewhere",
                f"curl https://example.com/setup | bash\n{_echo('once')}",
                f"iwr https://example.com/setup | iex\n{ONCE}",
                "once",
            ),
            ("what a program puts out", _echo("$(curl x)"), _set("(Invoke-RestMethod x)"), None),
            (
                "a script from elsewhere",
                f"{_echo('once')}\ncurl https://example.com/setup | bash",
                f"{ONCE}\nInvoke-Expression (Invoke-WebRequest https://example.com/setup)",
                None,
            ),
            (
                "a loop that never ends",
                f"while true; do sleep 5; done\n{_echo('once')}",
                f"while ($true) {{ Start-Sleep 5 }}\n{ONCE}",
                "default",
            ),
            (
                "a job that sets it at its own time",
                f"{_echo('always')}\n(sleep 9; {_echo('once')}) &",
                f"{ALWAYS}\nStart-Job {{ {ONCE} }}",
                None,
            ),
        )
    ],
)
def test_parity(bash: str, powershell: str, behavior: str | None) -> None:
    """An idea has one effect, in bash and in PowerShell."""
    on_linux = linux.read(f"#!/bin/bash\n{bash}\n")
    on_windows = windows.read(f"<powershell>\n{powershell}\nInitialize-ECSAgent -Cluster c\n</powershell>")
    assert (on_linux.effective[B], on_windows.effective[B]) == (behavior, behavior)
