from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cdk_pull.cli import main
from cdk_pull.decision import METADATA_TYPE, Decision

if TYPE_CHECKING:
    from pathlib import Path

PULL = Decision(topic="image-pull-behavior", decided="prefer-cached", why="every image is a digest")


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """Write an assembly with one stack that decided something and one that did not."""
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}}
    (tmp_path / "t.json").write_text("{}")
    metadata = {"/Shop/Group": [{"type": METADATA_TYPE, "data": PULL.to_json()}]}
    manifest = {"artifacts": {"Shop": {**stack, "metadata": metadata}, "Quiet": stack}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def test_prints_json(assembly: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints every stack with its decisions and exits 0."""
    with pytest.raises(SystemExit, match="0"):
        main(["decisions", str(assembly), "--json"])
    assert json.loads(capsys.readouterr().out) == {
        "stacks": [
            {
                "stack": "Shop",
                "environment": "",
                "decisions": [{"resource": "Group", **PULL.to_json()}],
                "ignored": [],
            },
            {"stack": "Quiet", "environment": "", "decisions": [], "ignored": []},
        ]
    }


def test_prints_a_headline_and_a_line_for_each_decision(
    assembly: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without `--json` the totals come first and the stacks with nothing to decide last; --verbose adds the reasons."""
    with pytest.raises(SystemExit, match="0"):
        main(["decisions", str(assembly)])
    out = capsys.readouterr().out
    assert [line.rstrip() for line in out.splitlines()] == [
        "1 decision in 2 stacks",
        "",
        "Shop  any account and Region",
        "  Group  prefer-cached",
        "",
        "Nothing to decide in: Quiet. Reasons: --verbose.",
    ]
    with pytest.raises(SystemExit, match="0"):
        main(["decisions", str(assembly), "--verbose"])
    assert "    every image is a digest" in capsys.readouterr().out


def test_writes_the_app_as_a_page(assembly: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """--html writes one page beside what is printed."""
    page = tmp_path / "decisions.html"
    with pytest.raises(SystemExit, match="0"):
        main(["decisions", str(assembly), "--html", str(page)])
    assert capsys.readouterr().out.startswith("1 decision in 2 stacks")
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_folder_that_is_no_assembly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a manifest is bad input: exit status 2 and one line on standard error."""
    with pytest.raises(SystemExit, match="2"):
        main(["decisions", str(tmp_path)])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("cdk-pull: ")
    assert "manifest.json cannot be read" in captured.err
    assert captured.err.count("\n") == 1


def test_against_another_assembly(assembly: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--against` prints what changed, as text, JSON or Markdown; `--markdown` alone is refused."""
    old = assembly / "old"
    old.mkdir()
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}}
    (old / "t.json").write_text("{}")
    (old / "manifest.json").write_text(json.dumps({"artifacts": {"Shop": stack}}))

    def run(*options: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(["decisions", str(assembly), *options])
        return (exit_.value.code, *capsys.readouterr())

    assert run("--against", str(old)) == (0, "1 decision new\nnew: Shop/Group: prefer-cached\n", "")
    assert json.loads(run("--against", str(old), "--json")[1])["headline"] == "1 decision new"
    assert run("--against", str(old), "--markdown")[1].startswith("**1 decision new**\n\n| | resource |")
    assert run("--against", str(assembly))[1] == "No decision changed\n"
    assert run("--markdown")[0] == 2
