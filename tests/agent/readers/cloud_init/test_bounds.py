"""Cloud-configs of a few lines that stand for more than memory holds, and tags that YAML's own reader fails on."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cdk_pull.agent.readers.cloud_init.config import MOST_VALUES
from cdk_pull.agent.user_data import read_user_data

_ALIASES = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9)
)
_MERGES = "a0: &a0 {k: 1, l: 2}\n" + "".join(
    f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}], z{i}: 1}}\n" for i in range(1, 40)
)
_LONG_TEXT = f"a: &a {'x' * 10_000}\nruncmd:\n- [{', '.join(['*a'] * 600)}]\n"
_ARCHIVE = (
    "- &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"- &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9))
    + "- content: *a9\n"
)
_BOMBS = [
    f"#cloud-config\n{_ALIASES}write_files: *a9\n",
    f"#cloud-config\n{_ALIASES}runcmd: *a9\n",
    f"#cloud-config\n{_MERGES}",
    "#cloud-config\na: &a [*a, *a]\nruncmd: *a\n",
    "#cloud-config\na: &a {<<: *a}\n",
    f"#cloud-config\n{_LONG_TEXT}",
    f"#cloud-config-archive\n{_ARCHIVE}",
    f"#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    {_ALIASES.replace(chr(10), chr(10) + '    ')}\n",
]


@pytest.mark.parametrize("user_data", _BOMBS)
def test_aliases_that_multiply_are_not_computed(user_data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are made of no document that exceeds the bound, and the reading says that they are not known, and why."""
    made: list[str] = []
    load: Any = yaml.safe_load

    def counted(text: str) -> object:
        made.append(text)
        return load(text)

    monkeypatch.setattr(yaml, "safe_load", counted)
    reading = read_user_data(user_data, "linux")
    assert [text for text in made if "*a" in text and "|" not in text] == []
    assert reading.settings == {}
    (unknown,) = reading.unknown
    assert unknown.reason == (
        f"its YAML aliases and merge keys stand for more than {MOST_VALUES:,} values, which are not computed; write it without "
        "them"
    )


@pytest.mark.parametrize(
    "text",
    [
        'a: !!int ""\n',
        'a: !!float ""\n',
        'a: !!timestamp ""\n',
        "a: !!timestamp 2026-99-99\n",
        "a: !!binary é\n",
        "a: !!pairs [1]\n",
        "a: !!set [1]\n",
        "a: !!omap [1]\n",
        "a: !!python/object/apply:os.system [x]\n",
        "a: !!python/name:os.system\n",
        "a: !!merge x\n",
        "? [a, b]\n: c\n",
        "a: " + "[" * 2000,
        "a: 1" + "0" * 5000 + "\n",
        "a: 1:60:60:60:60\n",
        "a: 0x\n",
        "a: 0b\n",
        "a: .nan\nb: -.inf\n",
        "a: 9999-12-31 23:59:59 -23:59\n",
        "a: 1\na: 2\n" * 1000,
        "<<: 1\n",
        "<<: [1]\n",
        "a: &b 1\n*b : c\n",
    ],
)
def test_tags_and_numbers(text: str) -> None:
    """What YAML's own reader fails on sets nothing, and is no exception."""
    assert read_user_data(f"#cloud-config\n{text}", "linux").settings == {}
