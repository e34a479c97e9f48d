from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk_pull.agent.script.bash.parse import parse
from cdk_pull.agent.script.tree import walk

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "script",
    [
        "A=1 >> f\necho x\n",
        "A=1 >> f\nB=2 >> f\n{\necho x\n}\n",
        "echo $1=$2 a\n",
        'echo "$1"\n',
        "A=1 \\\n  >> f\n",
    ],
)
def test_lines_stay(script: str) -> None:
    """What keeps the grammar right moves nothing to another line, and leaves no command over two lines."""
    source, root = parse(script.encode())
    assert source.count(b"\n") == script.count("\n")
    assert not [each for each in walk(root) if each.is_error]
    for node in walk(root):
        if node.type == "command":
            assert b"\n" not in (node.text or b"").replace(b"\\\n", b"")


@pytest.mark.parametrize("delimiter", ["ECS", "'ECS'", "E"])
@pytest.mark.parametrize("end", ["", "\n", "\nls\n"])
def test_a_line_that_begins_with_the_delimiter(
    config: Callable[[str], str | None], delimiter: str, end: str
) -> None:
    """A here-document goes on to the line that is its delimiter, whatever the lines before begin with."""
    word = delimiter.strip("'")
    lines = f"ECS_CLUSTER=x\nECS_IMAGE_PULL_BEHAVIOR=once\n{word}"
    assert config(f"cat <<{delimiter} >> $F\n{lines}\ncat <<-{delimiter} >> $F\n\t{lines}{end}") == "once"


@pytest.mark.parametrize("letter", ["\U0001f600", "\U00035b10", "\U0010ffff"])
def test_characters_far_up(letter: str) -> None:
    """A character that the grammar's code cannot take is replaced in place, and what stands around it stays."""
    source, root = parse(f"echo {{{letter}|{letter}* a\n".encode())
    assert len(source) == len(f"echo {{{letter}|{letter}* a\n".encode())
    assert letter not in source.decode()
    assert root.end_byte == len(source)
