"""Lines of batch files, and what powershell.exe runs."""

from __future__ import annotations

import pytest

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
