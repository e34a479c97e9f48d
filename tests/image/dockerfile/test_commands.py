from __future__ import annotations

import pytest

from cdk_pull.image.dockerfile.commands import Command, commands_of


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("a b -c", ["a b -c"]),
        ("set -eux; a && b || c | d & e\nf", ["set -eux", "a", "b", "c", "d", "e", "f"]),
        ("a \\\n b", ["a b"]),
        ("X=1 Y='2 3' sudo env a", ["a"]),
        ('if [ -n "$X" ]; then a; fi', ["[ -n $X ]", "a", "fi"]),
        ("( a; b ) && { c; }", ["a", "b", "c"]),
        ("a 'b && c' \"d; e\"", ["a b && c d; e"]),
        ("a # b && c\nd", ["a", "d"]),
        ("a b#c", ["a b#c"]),
        ("/usr/bin/apt-get update", ["apt-get update"]),
        ("python3 -m pip install x", ["pip install x"]),
        ("/opt/venv/bin/python -m pip install x", ["pip install x"]),
        ("a {b,c}/d ${E:-f}", ["a {b,c}/d ${E:-f}"]),
        ('["a", "b && c"]', ["a b && c"]),
        ('["sh", "-c", "a && b"]', ["a", "b"]),
        ('["/bin/bash", "-o", "pipefail", "-c", "a"]', ["a"]),
        ('["sh", "-c"]', []),
        ("[", []),
        ("[1]", []),
        ("[" * 100_000, []),
        ("", []),
        ("a;" * 40_000, []),
    ],
    ids=range(22),
)
def test_the_commands_of_a_script(script: str, commands: list[str]) -> None:
    """Operators, quotes, comments, assignments and the exec form are told apart; a script beyond bounds has no commands."""
    assert [" ".join([each.program, *each.words]) for each in commands_of(script)] == commands


@pytest.mark.parametrize(("words", "verb"), [(("-y", "install", "gcc"), "install"), (("-q",), ""), ((), "")])
def test_the_purpose_of_a_command(words: tuple[str, ...], verb: str) -> None:
    """A command's purpose is its first word that is not an option."""
    assert Command("apt-get", words).verb == verb
