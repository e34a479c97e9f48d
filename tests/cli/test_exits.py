"""How the command line ends: in one line and the documented status, whatever goes wrong around it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import click
import pytest

from cdk_pull.cli import _ending, _main, main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMMAND = (sys.executable, "-m", "cdk_pull.cli")
TEMPLATE = (
    "Resources:\n"
    + "".join(
        f"  T{i}: {{Type: AWS::ECS::TaskDefinition, Properties: {{RequiresCompatibilities: [FARGATE], Cpu: {300 + i}, "
        "Memory: 1000, ContainerDefinitions: [{Name: c, Image: nginx}]}}\n"
        for i in range(400)
    )
).replace("]}}\n", "]}}\n")


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Write a template with hundreds of findings."""
    file = tmp_path / "t.yaml"
    file.write_text(TEMPLATE)
    return file


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nosuch"], "no such command: 'nosuch'"),
        (["--nosuch"], "No such option"),
        (["check"], "Missing argument 'PATH"),
        (["check", "--nosuch", "x"], "No such option"),
        (["check", "x", "--format", "bad"], "Invalid value for '--format'"),
        (["check", "x", "--format"], "requires an argument"),
        (["explain"], "Missing argument 'RULE'"),
        (["explain", "PULL101", "x"], "Got unexpected extra argument"),
        (["windows", "X", "--lag", "x"], "Invalid value for '--lag'"),
        (["windows", "X", "--lag", "-1"], "Invalid value for '--lag'"),
        (["agent", "x", "--os", "mac"], "Invalid value for '--os'"),
        (["decisions", "/none/x"], "/none/x"),
    ],
)
def test_usage_errors(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """What click refuses is one line and status 2, with the oldest click that is allowed as with the newest."""
    status, out, err = _run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command the help is shown, and the status is that of bad input."""
    status, out, err = _run(capsys)
    assert (status, err) == (2, "")
    assert out.startswith("Usage: cdk-pull")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["check", "--help"]])
def test_help(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Help and version are successes."""
    assert _run(capsys, *arguments)[0] == 0


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyError("x"), 3, "internal error at test_exits.py:"),
        (RecursionError("x"), 3, "RecursionError: x"),
        (MemoryError(), 3, "MemoryError"),
        (AssertionError("a\nb"), 3, "AssertionError: a b"),
        (OSError(28, "No space left on device"), 3, "the system: No space left on device"),
        (PermissionError(13, "Permission denied", "f"), 3, "f: Permission denied"),
        (UnicodeEncodeError("ascii", "é", 0, 1, "x"), 3, "UnicodeEncodeError"),
        (ValueError("v" * 9000), 3, "ValueError: vvv"),
        (click.UsageError("u"), 2, "cdk-pull: u\n"),
        (click.FileError("f", "hint"), 2, "f"),
        (click.exceptions.Exit(7), 7, ""),
    ],
)
def test_whatever_is_raised(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    status: int,
    said: str,
) -> None:
    """An exception is one line; one that nobody thought of asks for a report."""

    def fail(_arguments: list[str]) -> int:
        raise error

    monkeypatch.setattr(_main, "invoke", fail)
    found, out, err = _run(capsys, "rules")
    assert (found, out) == (status, "")
    assert said in err
    assert len(err.splitlines()) == bool(said)
    assert len(err) < 600


def test_a_traceback_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """With CDK_PULL_TRACEBACK the exception itself is shown."""

    def fail(_arguments: list[str]) -> int:
        raise KeyError("x")

    monkeypatch.setenv("CDK_PULL_TRACEBACK", "1")
    monkeypatch.setattr(_main, "invoke", fail)
    with pytest.raises(KeyError):
        main(["rules"])


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "{}"),
        ("check", "{}", "--format", "json"),
        ("check", "{}", "--format", "sarif"),
        ("check", "{}", "--output", "/dev/stdout"),
        ("rules", "--json"),
        ("rules",),
    ],
    ids=" ".join,
)
def test_a_reader_that_stops(template: Path, arguments: tuple[str, ...], unbuffered: str) -> None:
    """As any tool, a command whose reader has gone ends silently, by the signal."""
    line = [*COMMAND, *(each.format(template) for each in arguments)]
    read, write = os.pipe()
    os.close(read)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(line, stdout=write, stderr=subprocess.PIPE, check=False, env=environment)
    os.close(write)
    if "--output" in arguments:
        assert (done.returncode, b"Broken pipe" in done.stderr) == (3, True)
    else:
        assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


@pytest.mark.parametrize(
    "arguments", [("check", "{}"), ("check", "{}", "--format", "json"), ("rules", "--json")]
)
def test_a_full_disk(template: Path, arguments: tuple[str, ...]) -> None:
    """An output that cannot be written is one line and status 3."""
    line = [*COMMAND, *(each.format(template) for each in arguments)]
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "cdk-pull: standard output: No space left on device\n")


def test_a_report_is_whole(template: Path, tmp_path: Path) -> None:
    """A report that cannot be written leaves the one before as it was, and nothing beside it."""
    folder = tmp_path / "reports"
    folder.mkdir()
    report = folder / "r.json"
    report.write_text("before")
    limit = f"ulimit -f 8; exec {' '.join(COMMAND)} check {template} --format json --output {report}"
    done = subprocess.run(["bash", "-c", limit], capture_output=True, text=True, check=False)
    assert done.returncode in {3, -signal.SIGXFSZ, 128 + signal.SIGXFSZ}
    assert report.read_text() == "before"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("target", ["{0}/none/r.json", "/dev/null", "{0}/link.json"])
def test_where_a_report_goes(template: Path, tmp_path: Path, target: str) -> None:
    """Folders are made, devices stay devices, and links stay links."""
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    path = target.format(tmp_path)
    line = [*COMMAND, "check", str(template), "--output", path]
    assert subprocess.run(line, capture_output=True, check=False).returncode == 1
    assert not os.path.isfile("/dev/null")  # noqa: PTH113 - a device
    assert (tmp_path / "link.json").is_symlink()


def test_an_interrupt_at_any_moment(template: Path, tmp_path: Path) -> None:
    """Control-C ends a command by the signal, without a traceback, and leaves no part of a report."""
    rng = random.Random(7)  # noqa: S311 - moments, not secrets
    report = tmp_path / "out" / "r.json"
    report.parent.mkdir()
    ended = []
    for _ in range(12):
        line = [*COMMAND, "check", str(template), "--format", "json", "--output", str(report)]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # Before the first line of ours, Python itself tells of an interrupt.
        time.sleep(rng.uniform(0.3, 1.2))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        assert (out, "_ending.py" in err) == ("", False), err
        ended.append(process.returncode)
    assert set(ended) <= {-signal.SIGINT, 130, 1}
    assert {each.name for each in report.parent.iterdir()} <= {"r.json"}
    if report.exists():
        assert report.read_text().endswith("}\n")


def test_an_interrupt_in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An interrupt within a command ends it as one; what was printed before is kept."""
    ends: list[Any] = []

    def interrupt(_arguments: list[str]) -> int:
        click.echo("begun")
        raise KeyboardInterrupt

    monkeypatch.setattr(_main, "invoke", interrupt)
    monkeypatch.setattr(_ending, "_end_by", ends.append)
    status, out, err = _run(capsys, "rules")
    assert (status, out, err) == (130, "begun\n", "")


def test_without_docstrings(template: Path) -> None:
    """Where Python leaves out docstrings, the rules have their pages and the commands their help."""
    run: Callable[..., Any] = lambda *arguments: subprocess.run(  # noqa: E731 - one line
        [sys.executable, "-OO", "-m", "cdk_pull.cli", *arguments], capture_output=True, text=True, check=False
    )
    done = run("check", str(template))
    assert (done.returncode, done.stderr) == (1, "")
    for arguments in (("explain", "PULL101"), ("check", "--help"), ("--help",), ("size", "--help")):
        plain = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=True)
        assert run(*arguments).stdout == plain.stdout
