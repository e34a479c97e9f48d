from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
    assert "93 s (41-253 s)            ????" in done.stdout
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
