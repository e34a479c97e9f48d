from __future__ import annotations

from importlib.metadata import version

import pytest

from scripts import plain_matrix


def test_the_floor_of_each_requirement_is_a_constraint() -> None:
    """The lower bound is taken as the release itself, and each requirement of a user has one below what is developed with."""
    assert plain_matrix.floors(["click>=8.1,<9", "PyYAML>=6.0.2"]) == ["click==8.1", "PyYAML==6.0.2"]
    pinned = [each.split("==") for each in plain_matrix.floors(plain_matrix._requirements())]
    assert {"click", "boto3", "tree-sitter-powershell"} <= {name for name, _ in pinned}
    numbers = {
        name: [[int(part) for part in each.split(".")] for each in (floor, version(name))]
        for name, floor in pinned
    }
    assert [name for name, (floor, installed) in numbers.items() if floor > installed] == []


def test_a_requirement_without_a_floor_is_refused() -> None:
    """What would be tested with its newest release alone is no lowest."""
    with pytest.raises(ValueError, match="no lower bound: 'rich'"):
        plain_matrix.floors(["click>=8.1", "rich"])


def test_a_python_that_is_missing_is_skipped_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A machine without a release says so; one on which nothing ran has not passed."""
    assert plain_matrix.main(["--pythons", "9.9"]) == 1
    assert capsys.readouterr().out == (
        "Python 9.9: skipped: no python9.9 with venv on the PATH or in ~/.pyenv\n"
    )
