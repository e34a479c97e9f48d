from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cdk_pull.cli import main

TRUTH: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "ecs_agent_config_truth.json").read_text(encoding="utf-8")
)
SCRIPT = "#!/bin/bash\necho ECS_IMAGE_PULL_BEHAVIOR=once >> /etc/ecs/ecs.config\necho ECS_WARM_POOLS_CHECK=$X >> /etc/ecs/ecs.config\n"


def run(*arguments: str) -> int:
    """Run the command and return its exit status."""
    with pytest.raises(SystemExit) as exit_:
        main(["agent", *arguments])
    code = exit_.value.code
    assert isinstance(code, int)
    return code


def file(folder: Path, content: str | bytes, name: str = "user-data") -> str:
    """Return the path of a new file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def test_truth_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each row of the real agent's table comes out as it is."""
    for row in TRUTH:
        assert run(file(tmp_path, row["ecs_config"]), "--format", "ecs-config", "--json") == 0
        assert json.loads(capsys.readouterr().out)["effective"] == row["effective"]


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has the effective values, what is unknown and the warnings."""
    assert (
        run(file(tmp_path, SCRIPT + "ECS_DISABLE_IMAGE_CLEANUP=true >> /etc/ecs/ecs.config\n"), "--json") == 0
    )
    answer = json.loads(capsys.readouterr().out)
    assert answer == {
        "format": "user-data",
        "os": "linux",
        "effective": {**TRUTH[0]["effective"], **dict.fromkeys(["ECS_WARM_POOLS_CHECK"]), **_defaults()},
        "settings": {"ECS_IMAGE_PULL_BEHAVIOR": "once"},
        "unknown": [
            {"variable": "ECS_WARM_POOLS_CHECK", "line": 3, "reason": "$X is not set in the user data"}
        ],
        "warnings": [
            {
                "code": "writes-nothing",
                "variable": "ECS_DISABLE_IMAGE_CLEANUP",
                "line": 4,
                "message": "this writes nothing to /etc/ecs/ecs.config: add echo before ECS_DISABLE_IMAGE_CLEANUP=",
            }
        ],
    }


def _defaults() -> dict[str, Any]:
    return {
        "ECS_IMAGE_PULL_BEHAVIOR": "once",
        "ECS_MANIFEST_PULL_TIMEOUT": "1m0s",
        "ECS_EXCLUDE_UNTRACKED_IMAGE": [],
    }


def test_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table names each variable, its value and where that comes from; then what is unknown and the warnings."""
    assert run(file(tmp_path, SCRIPT)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ECS_IMAGE_PULL_BEHAVIOR                once            line 2"
    assert lines[1] == "ECS_IMAGE_CLEANUP_INTERVAL             30m0s           default"
    assert "ECS_WARM_POOLS_CHECK                   unknown" in lines
    assert lines[-1] == "unknown: ECS_WARM_POOLS_CHECK, line 3: $X is not set in the user data"


@pytest.mark.parametrize(
    ("name", "content", "form", "os"),
    [
        ("ecs.config", "", "ecs-config", "linux"),
        ("x", "# mine\nECS_CLUSTER=x\n\nexport ECS_IMAGE_PULL_BEHAVIOR=once", "ecs-config", "linux"),
        ("x", "ECS_CLUSTER=x >> /etc/ecs/ecs.config", "user-data", "linux"),
        ("x", "#!/bin/bash\nECS_CLUSTER=x", "user-data", "linux"),
        ("x", "<powershell>\n</powershell>", "user-data", "windows"),
        ("x", "[settings.ecs]\n", "user-data", "bottlerocket"),
    ],
)
def test_form_and_operating_system(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, form: str, os: str
) -> None:
    """What the file is follows from its name and text."""
    assert run(file(tmp_path, content, name), "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["format"], answer["os"]) == (form, os)


def test_a_template_of_terraform(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A raw template is told as such: what it fills in is unknown, by its name, and nothing of it is called invalid."""
    text = (
        "#!/bin/bash\necho 'ECS_CLUSTER='${cluster}'\nECS_IMAGE_PULL_BEHAVIOR=${mode}' >> /etc/ecs/ecs.config\n"
        "%{ if x ~}\nls\n%{ endif ~}\n"
    )
    assert run(file(tmp_path, text, "user-data.sh.tpl"), "--expect", "ECS_IMAGE_PULL_BEHAVIOR=once") == 1
    out, err = capsys.readouterr()
    assert "unknown: ECS_IMAGE_PULL_BEHAVIOR, line 3: ${mode} is filled in by Terraform" in out.splitlines()
    assert "warning" not in out
    assert err.splitlines() == [
        "cdk-pull: this is a template; what Terraform fills in is unknown",
        "cdk-pull: ECS_IMAGE_PULL_BEHAVIOR is unknown, and once was expected",
    ]


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A dash reads standard input, carriage returns included."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ECS_IMAGE_PULL_BEHAVIOR=once\r\n")))
    assert run("-", "--format", "ecs-config", "--json") == 0
    assert json.loads(capsys.readouterr().out)["effective"]["ECS_IMAGE_PULL_BEHAVIOR"] == "once"


@pytest.mark.parametrize(
    ("expected", "status", "error"),
    [
        ("ECS_IMAGE_PULL_BEHAVIOR=once", 0, ""),
        ("ECS_IMAGE_CLEANUP_INTERVAL=30m", 0, ""),
        ("ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP=false", 0, ""),
        (
            "ECS_IMAGE_PULL_BEHAVIOR=always",
            1,
            "cdk-pull: ECS_IMAGE_PULL_BEHAVIOR is once, and always was expected\n",
        ),
        (
            "ECS_WARM_POOLS_CHECK=true",
            1,
            "cdk-pull: ECS_WARM_POOLS_CHECK is unknown, and true was expected\n",
        ),
    ],
)
def test_expect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], expected: str, status: int, error: str
) -> None:
    """A value that was expected and is another, or unknown, is exit status 1 with one line."""
    assert run(file(tmp_path, SCRIPT), "--expect", expected) == status
    assert capsys.readouterr().err == error


@pytest.mark.parametrize(
    ("content", "arguments", "error"),
    [
        (
            "hello",
            [],
            (
                "cdk-pull: the text does not tell its operating system: 'hello'; allowed: text that begins with #!, "
                "#cloud-config, a MIME header, <powershell> or [settings.…]. Name it with --os.\n"
            ),
        ),
        (
            b"\x1f\x8b\x00",
            [],
            (
                "cdk-pull: file is not text: '{file}'; allowed: user data or an ecs.config in UTF-8. Decode base64 and "
                "unpack gzip before.\n"
            ),
        ),
        (
            "ECS_CLUSTER=x",
            ["--format", "ecs-config", "--os", "windows"],
            "cdk-pull: an ecs.config is read on Linux only, and --os is: 'windows'; allowed: linux\n",
        ),
        (
            "",
            ["--os", "mac"],
            "cdk-pull: Invalid value for '--os': 'mac' is not one of 'linux', 'windows', 'bottlerocket'.\n",
        ),
    ],
)
def test_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes, arguments: list[str], error: str
) -> None:
    """Bad input is exit status 2 with one line that says what to do."""
    path = file(tmp_path, content)
    assert run(path, *arguments) == 2
    assert capsys.readouterr() == ("", error.format(file=path))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (
            "missing",
            "cannot be read (No such file or directory): {!r}; allowed: a file that exists, or - for standard input",
        ),
        (".", "cannot be read (Is a directory): {!r}; allowed: a file that you may read"),
    ],
)
def test_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, why: str) -> None:
    """A file that cannot be read is exit status 2 with the reason."""
    path = str(tmp_path / name)
    assert run(path) == 2
    assert capsys.readouterr().err == f"cdk-pull: file {why.format(path)}\n"


def test_expectation_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An expectation that is none is exit status 2."""
    assert run(file(tmp_path, SCRIPT), "--expect", "ECS_CLUSTER=x") == 2
    assert capsys.readouterr().err.startswith(
        "cdk-pull: --expect is not NAME=VALUE: 'ECS_CLUSTER=x'; allowed: ECS_IMAGE"
    )
