"""The commands that set up Docker, in real bash and Python, with a stand-in for systemctl on the path."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk_pull.agent.docker_settings import DockerCommands
from cdk_pull.errors import InvalidValueError

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = DockerCommands(10)
OBJECTS = st.dictionaries(
    st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8) | st.lists(st.booleans()), max_size=4
)


def run(folder: Path, *, shell: str = "bash", systemctl: str = "exit 0") -> tuple[int, list[str]]:
    """Run the commands below a folder in place of the root; return the status and what they print."""
    (folder / "bin").mkdir(exist_ok=True)
    stand_in = folder / "bin" / "systemctl"
    stand_in.write_text(f'#!/bin/bash\necho "systemctl $*"\n{systemctl}\n')
    stand_in.chmod(0o755)
    script = COMMANDS.linux().replace("/etc/", f"{folder}/etc/")
    done = subprocess.run(
        [shell, "-c", f"set -eu\n{script}echo on\n"],
        env={"PATH": f"{folder}/bin:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.replace(str(folder), "").splitlines()


def daemon_json(folder: Path, text: str | None = None) -> Path:
    """Return Docker's file below a folder, with some text in it."""
    path = folder / "etc" / "docker" / "daemon.json"
    if text is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize("before", [None, "", "\n"])
def test_a_new_file(tmp_path: Path, before: str | None, shell: str) -> None:
    """Where nobody has configured Docker, the file has the one key, and a Docker that runs is reloaded."""
    path = daemon_json(tmp_path, before)
    assert run(tmp_path, shell=shell) == (
        0,
        [
            "cdk-pull: max-concurrent-downloads is 10 in /etc/docker/daemon.json",
            "systemctl is-active -q docker",
            "systemctl reload docker",
            "on",
        ],
    )
    assert json.loads(path.read_text()) == {"max-concurrent-downloads": 10}


def test_a_docker_that_does_not_run_is_not_reloaded(tmp_path: Path) -> None:
    """Docker reads the file when it starts."""
    status, said = run(tmp_path, systemctl="exit 3")
    assert (status, said[1:]) == (0, ["systemctl is-active -q docker", "on"])


def test_a_docker_that_does_not_reload_fails_nothing(tmp_path: Path) -> None:
    """That Docker does not reload is said, and the script goes on."""
    status, said = run(tmp_path, systemctl='[ "$1" = is-active ]')
    assert (status, said[-2:]) == (0, ["cdk-pull: Docker does not reload", "on"])


@pytest.mark.parametrize("text", ["{not json", "[1]", '"text"', "3", "null"])
def test_what_is_no_object_is_left(tmp_path: Path, text: str) -> None:
    """A file that is no JSON object stays as it is, and that is said."""
    path = daemon_json(tmp_path, text)
    assert run(tmp_path) == (
        0,
        ["cdk-pull: /etc/docker/daemon.json cannot be read as a JSON object: left as it is", "on"],
    )
    assert path.read_text() == text


def test_a_flag_is_left(tmp_path: Path) -> None:
    """Docker does not start where a flag and the file say the same: beside a flag the file is left."""
    (tmp_path / "etc" / "sysconfig").mkdir(parents=True)
    (tmp_path / "etc" / "sysconfig" / "docker").write_text('OPTIONS="--max-concurrent-downloads=5"\n')
    _, said = run(tmp_path)
    assert said == ["cdk-pull: /etc/sysconfig/docker has --max-concurrent-downloads: left as it is", "on"]
    assert not daemon_json(tmp_path).exists()


@settings(max_examples=15, deadline=None)
@given(before=OBJECTS)
def test_nothing_else_changes(tmp_path_factory: pytest.TempPathFactory, before: dict[str, Any]) -> None:
    """Whatever an object holds, it holds it afterwards, and the number."""
    folder = tmp_path_factory.mktemp("instance")
    path = daemon_json(folder, json.dumps(before))
    assert run(folder)[0] == 0
    assert json.loads(path.read_text()) == {**before, "max-concurrent-downloads": 10}


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "10", None])
def test_bad_values(value: Any) -> None:
    """Anything but a whole number from 1 is refused: Docker takes 0 for its default without a word."""
    with pytest.raises(
        InvalidValueError, match=r"invalid max_concurrent_downloads: .*; allowed: a whole number from 1"
    ):
        DockerCommands(value)
