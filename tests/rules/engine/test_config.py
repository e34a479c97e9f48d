"""cdk-pull.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdk_pull.errors import InvalidValueError
from cdk_pull.rules.engine.config import Config, read_config
from cdk_pull.rules.engine.finding import Severity


def test_all_keys(tmp_path: Path) -> None:
    """Every key is read; a date may be a TOML date."""
    file = tmp_path / "c.toml"
    file.write_text(
        'select = ["PULL1"]\nignore = ["PULL101"]\nfail-on = "warning"\ndate = 2026-09-20\nfacts = "facts.json"\n'
        'region = "eu-west-1"\n[severity]\npull101 = "error"\n'
    )
    assert read_config(file) == Config(
        lists={"select": ("PULL1",), "ignore": ("PULL101",)},
        texts={"date": "2026-09-20", "facts": "facts.json", "fail-on": "warning", "region": "eu-west-1"},
        severities={"PULL101": Severity.ERROR},
        folder=tmp_path,
    )


def test_byte_order_mark(tmp_path: Path) -> None:
    """A byte-order mark, as editors on Windows write it, is no part of the settings."""
    file = tmp_path / "c.toml"
    file.write_text('\ufeffselect = ["PULL2"]')
    assert read_config(file).lists == {"select": ("PULL2",)}


def test_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file named, cdk-pull.toml of the working folder is read, if there is one."""
    monkeypatch.chdir(tmp_path)
    assert read_config(None) == Config()
    Path("cdk-pull.toml").write_text('select = ["PULL2"]')
    assert read_config(None).lists == {"select": ("PULL2",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "configuration is not TOML"),
        ("x = " + "[" * 9_000, "configuration is not TOML"),
        ("colour = 1", "configuration has an unknown key: 'colour'; allowed: select, ignore, account"),
        ('select = "PULL1"', "select is not a list of rule ids: 'PULL1'"),
        ('severity = {PULL101 = "fatal"}', "severity is not a table of severities"),
        ("severity = 1", "severity is not a table of severities"),
        ('severity = {PULL999 = "error"}', "no rule has this id: 'PULL999'"),
        ("region = []", 'region must be a string: []; allowed: region = "…"'),
        ("account = 111122223333", "account must be a string: 111122223333"),
        ("date = 5", "date must be a string: 5"),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    """A key or value that would be passed over is an error."""
    file = tmp_path / "c.toml"
    file.write_text(text)
    with pytest.raises(InvalidValueError) as caught:
        read_config(file)
    assert str(caught.value).startswith(message)
