from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cdk_pull.cli import main

_PLAN = (sys.executable, "-m", "cdk_pull.cli", "plan", "--compressed", "1GB")


def test_an_output_without_unicode_gets_question_marks() -> None:
    """A log in ASCII shows the figures, and no traceback."""
    done = subprocess.run(
        _PLAN,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert re.search(r"93 s \(41-253 s\) +\?{4}", done.stdout)
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_an_output_that_cannot_be_written_is_one_line() -> None:
    """A full disk is status 3 and one line on standard error."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(_PLAN, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        3,
        "cdk-pull: standard output: No space left on device\n",
    )


def test_closed_streams() -> None:
    """A closed standard output is a failure, as to any tool; a closed standard error leaves the status as it is."""
    line = f"{sys.executable} -m cdk_pull.cli check nowhere.yaml"
    for closed, status in ((">&-", 3), ("2>&-", 2), (">&- 2>&-", 3)):
        done = subprocess.run(f"{line} {closed}", shell=True, capture_output=True, text=True, check=False)  # noqa: S602 - a shell closes them
        assert (done.returncode, "Traceback" in done.stderr) == (status, False)


@pytest.mark.parametrize(("typed", "meant"), [("sise", "size"), ("CHECK", "check"), ("mesure", "measure")])
def test_a_mistyped_command_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str], typed: str, meant: str
) -> None:
    """One line and status 2, with the command that was probably meant."""
    with pytest.raises(SystemExit, match="2"):
        main([typed])
    assert capsys.readouterr().err == f"cdk-pull: no such command: {typed!r}. Did you mean {meant}?\n"


def test_a_command_that_is_like_none_is_answered_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is guessed where nothing is near."""
    with pytest.raises(SystemExit, match="2"):
        main(["zzzz"])
    assert capsys.readouterr().err.startswith("cdk-pull: no such command: 'zzzz'. The commands are: agent, ")


@pytest.mark.parametrize("group", [[], ["refresh"]])
@pytest.mark.parametrize("name", ["::x", "\n", "/x", "é", "zzzz"])
def test_a_name_of_any_characters_is_no_option(
    capsys: pytest.CaptureFixture[str], group: list[str], name: str
) -> None:
    """A name that begins with neither a letter nor a hyphen is refused as each other, in each group."""
    with pytest.raises(SystemExit, match="2"):
        main([*group, name])
    out, err = capsys.readouterr()
    assert (out, err.startswith(f"cdk-pull: no such command: {name!r}. The commands are: ")) == ("", True)


@pytest.mark.parametrize("group", [[], ["refresh"]])
def test_a_group_without_a_command_shows_its_help(
    capsys: pytest.CaptureFixture[str], group: list[str]
) -> None:
    """The help, and the status of a wrong input."""
    with pytest.raises(SystemExit, match="2"):
        main(group)
    out, err = capsys.readouterr()
    assert (out.startswith(" ".join(["Usage: cdk-pull", *group, "[OPTIONS]"])), err) == (True, "")
