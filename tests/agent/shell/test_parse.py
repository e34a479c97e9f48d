from __future__ import annotations

import pytest

from cdk_pull.agent.shell.parse import parse, walk


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
