"""Interrupts at chosen moments, and outputs that cannot be written, for every command: the documented end, and whole files."""

from __future__ import annotations

import io
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.cli import _ending, main
from cdk_pull.cli._main import command_line
from tests.fargate.task_records import event, task

if TYPE_CHECKING:
    from types import FrameType

TASK = {
    "Type": "AWS::ECS::TaskDefinition",
    "Properties": {
        "RequiresCompatibilities": ["FARGATE"],
        "Cpu": "300",
        "Memory": "512",
        "ContainerDefinitions": [{"Name": "c", "Image": "nginx"}],
    },
}
# Each command that prints without asking anybody; `lookup`, `refresh`, `replicated`, `warm` and `why` ask first.
PRINTING = [
    ["--help"],
    ["--version"],
    ["agent", "u"],
    ["agent", "u", "--json"],
    ["check", "t.json"],
    *(["check", "t.json", "--format", form] for form in ("json", "sarif", "junit", "github", "gitlab")),
    ["decisions", "out"],
    ["decisions", "out", "--json"],
    ["explain", "PULL101"],
    ["image", "nginx:1", "--json"],
    ["measure", "events.jsonl"],
    ["plan", "--compressed", "1GB"],
    ["rules"],
    ["rules", "--json"],
    ["size", "--compressed", "1GB"],
    ["size", "--compressed", "1GB", "--json"],
    ["windows", "WINDOWS_SERVER_2022_CORE", "--date", "2026-09-20"],
    *([name, "--help"] for name in sorted(command_line.list_commands(None))),  # type: ignore[arg-type]
]


@pytest.fixture(autouse=True)
def _inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.json").write_text(json.dumps({"Resources": {f"T{n}": TASK for n in range(20)}}))
    Path("u").write_text("#!/bin/bash\necho ECS_CLUSTER=a >> /etc/ecs/ecs.config\n")
    Path("events.jsonl").write_text("".join(f"{json.dumps(event(task(n)))}\n" for n in range(9)))
    Path("out").mkdir()
    Path("out/t.json").write_text(Path("t.json").read_text())
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "t.json"}}
    Path("out/manifest.json").write_text(json.dumps({"artifacts": {"S": stack}}))


def _status(arguments: list[str]) -> object:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_full_output(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What cannot be printed is one line and status 3, from every command."""
    with open("/dev/full", "wb", buffering=0) as device:  # noqa: PTH123 - a device
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(device), encoding="utf-8"))
        status = _status(arguments)
        monkeypatch.undo()
    assert (status, capfd.readouterr().err) == (3, "cdk-pull: standard output: No space left on device\n")


def _interrupt_at(moment: int) -> Any:
    """Return a hook that interrupts after so many calls within the package, counted from when a command can be."""
    left = moment
    begun = False

    def hook(frame: FrameType, what: str, _: object) -> None:
        nonlocal left, begun
        if what == "call" and "/cdk_pull/" in frame.f_code.co_filename:
            begun = begun or frame.f_code is _ending._run.__code__
            left -= begun
            if left == 0:
                sys.setprofile(None)
                signal.raise_signal(signal.SIGINT)

    return hook


@pytest.mark.parametrize("moment", sorted({int(1.35**power) for power in range(1, 34)}))
def test_an_interrupt_at_each_moment(
    moment: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Wherever an interrupt comes, the command ends by it, nothing is printed, and a report is the one before or whole."""
    ended: list[int] = []
    monkeypatch.setattr(_ending, "_end_by", ended.append)
    Path("reports").mkdir()
    report = Path("reports/r.json")
    report.write_text("before")
    arguments = ["check", "t.json", "--format", "json", "--output", str(report)]
    sys.setprofile(_interrupt_at(moment))
    try:
        status = _status(arguments)
    finally:
        reached = sys.getprofile() is None
        sys.setprofile(None)
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in report.parent.iterdir()] == ["r.json"]
    text = report.read_text()
    assert text == "before" or json.loads(text)
    if reached:
        assert (ended, status in {130, 1}) == ([signal.SIGINT], True)
