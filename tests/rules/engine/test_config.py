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
        ('select = "PULL1"', "select must be a list of rule ids, not a string: 'PULL1'"),
        (
            'severity = {PULL101 = "fatal"}',
            "invalid severity for PULL101: 'fatal'; allowed: error, warning, info",
        ),
        ("severity = 1", "severity must be a table, not a number"),
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


def test_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest file counts: of the folder itself or above it, its own before that of the project."""
    inner = tmp_path / "app" / "infra"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    (tmp_path / "cdk-pull.toml").write_text('select = ["PULL1"]')
    assert read_config(None) == Config(lists={"select": ("PULL1",)}, folder=tmp_path)
    (tmp_path / "app" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert read_config(None).lists == {"select": ("PULL1",)}
    (tmp_path / "app" / "pyproject.toml").write_text(
        '[tool.cdk-pull]\nselect = ["PULL2"]\n[tool.cdk-pull.severity]\nPULL201 = "info"\n'
    )
    assert read_config(None) == Config(
        lists={"select": ("PULL2",)}, severities={"PULL201": Severity.INFO}, folder=tmp_path / "app"
    )
    (tmp_path / "app" / "cdk-pull.toml").write_text('select = ["PULL3"]')
    assert read_config(None).lists == {"select": ("PULL3",)}
    (inner / ".git").mkdir()
    assert read_config(None) == Config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[tool.cdk-pull]\nselect = "PULL1"', "select must be a list of rule ids, not a string"),
        ("[tool.cdk-pull]\ncolour = 1", "configuration has an unknown key: 'colour'"),
        ('[[tool.cdk-pull]]\nselect = ["PULL1"]', "tool.cdk-pull must be a table"),
        ("[tool.cdk-pull", "configuration is not TOML"),
    ],
)
def test_a_wrong_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str) -> None:
    """What is wrong in the table of a project is told as that of a file of its own."""
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text(text)
    with pytest.raises(InvalidValueError, match=message):
        read_config(None)
