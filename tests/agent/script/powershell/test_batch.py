"""Lines of batch files, and what powershell.exe runs."""

from __future__ import annotations

import pytest

from cdk_pull.agent.readers import windows
from cdk_pull.agent.script.powershell.batch import commands, script_in


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("setx A b /m", [["setx", "A", "b", "/m"]]),
        (' @setx "A" "b c" /m', [["setx", "A", "b c", "/m"]]),
        ("call a & start /wait b && c", [["a"], ["b"], ["c"]]),
        ('a "x & \\"y\\""', [["a", 'x & "y"']]),
        ('set A="b c"', [["set", "A=b c"]]),
        ("", [[]]),
    ],
)
def test_commands(line: str, expected: list[list[str]]) -> None:
    """A line is split at & and at blanks outside quotes, and the quotes are taken off."""
    assert [*commands(line)] == expected


@pytest.mark.parametrize(
    ("words", "script"),
    [
        (["-Command", "a", "b"], "a b"),
        (["-NoProfile", "-ExecutionPolicy", "Bypass", "-c", "a"], "a"),
        (["-NonInteractive", "a; b"], "a; b"),
        (["-ExecutionPolicy", "Bypass", "-File", "x.ps1"], ""),
        (["-EncodedCommand", "YQ=="], ""),
        ([], ""),
    ],
)
def test_script_in(words: list[str], script: str) -> None:
    """The commands are those after -Command, or the first words that are no option; a file's are not known."""
    assert script_in(words) == script


B = "ECS_IMAGE_PULL_BEHAVIOR"


@pytest.mark.parametrize(
    ("script", "behavior"),
    [
        (f"setx {B} once /M\nexit /b 0\nsetx {B} always /M", "once"),
        (f"setx {B} once /M\ngoto end\nsetx {B} always /M\n:end", "once"),
        (f"goto :set\nsetx {B} always /M\n:set\nsetx {B} once /M", "once"),
        (f"goto :eof\nsetx {B} once /M", "default"),
        (f"if exist C:\\x setx {B} once /M", None),
        (f"if exist C:\\x (\n  setx {B} once /M\n) else (\n  setx {B} always /M\n)", None),
        (f"if exist C:\\x (\n  echo x\n)\nsetx {B} once /M", "once"),
        (f"for %%v in (always once) do setx {B} %%v /M", None),
        (f"whoami || setx {B} once /M", None),
        (f"whoami && setx {B} once /M", "once"),
        (f"setx {B} ^\nonce /M", "once"),
        (f"set V=once\nsetx {B} %V% /M", "once"),
        (f'set "V=once"\nsetx {B} "%V%" /M', "once"),
        (f"if exist C:\\x set V=once\nsetx {B} %V% /M", None),
        (f"setx {B} %V% /M", None),
    ],
)
def test_the_ways_of_a_batch_file(script: str, behavior: str | None) -> None:
    """What a batch file passes over is not set; what depends on a condition is unknown."""
    assert windows.read(f"<script>\n{script}\n</script>").effective[B] == behavior
