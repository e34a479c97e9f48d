"""Cloud-configs of a few lines that stand for more than memory holds, and tags that YAML's own reader fails on."""

from __future__ import annotations

import time

import pytest

from cdk_pull.agent.user_data import read_user_data

_ALIASES = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9)
)
_MERGES = "a0: &a0 {k: 1, l: 2}\n" + "".join(
    f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}], z{i}: 1}}\n" for i in range(1, 40)
)


@pytest.mark.parametrize(
    "text",
    [
        _ALIASES + "write_files: *a9\n",
        _ALIASES + "runcmd: *a9\n",
        _MERGES,
        "a: &a [*a, *a]\nruncmd: *a\n",
        "a: &a {<<: *a}\n",
        'a: !!int ""\n',
        'a: !!float ""\n',
        'a: !!timestamp ""\n',
        "a: !!timestamp 2026-99-99\n",
        "a: !!binary é\n",
        "a: !!pairs [1]\n",
        "a: !!set [1]\n",
        "? [a, b]\n: c\n",
        "a: " + "[" * 2000,
        "a: 1" + "0" * 5000 + "\n",
        "a: 1:60:60:60:60\n",
        "a: 0x\n",
    ],
)
def test_within_bounds(text: str) -> None:
    """Each is read in a moment, without an exception."""
    begin = time.process_time()
    reading = read_user_data(f"#cloud-config\n{text}", "linux")
    assert time.process_time() - begin < 2
    assert reading.settings == {}
