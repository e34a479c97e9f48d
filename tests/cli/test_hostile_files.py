"""Files that a command is pointed at, whatever they are: one line, the documented status, and no waiting."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cdk_pull.cli import main
from cdk_pull.template.errors import MAX_BYTES
from tests.limits import bytes_read, fails_where_it_hangs

if TYPE_CHECKING:
    from collections.abc import Callable

TEMPLATE = "Resources: {A: {Type: AWS::ECS::Cluster}}\n"
COMMANDS = {
    "template": ["check", "{}"],
    "facts": ["check", "t.yaml", "--facts", "{}"],
    "baseline": ["check", "t.yaml", "--baseline", "{}"],
    "configuration": ["check", "t.yaml", "--config", "{}"],
    "user data": ["agent", "{}"],
}


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _terminal(path: Path) -> None:
    path.symlink_to("/dev/tty")


def _gigabytes(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(3 << 30)


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _missing(path: Path) -> None:
    del path


def _binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 9)


def _deep(path: Path) -> None:
    path.write_text('{"a":' * 200_000)


def _infinite(path: Path) -> None:
    path.write_text('{"images": {"a": {"compressed": 1e400}}, "findings": [NaN], "Resources": 1e400')


def _digits(path: Path) -> None:
    path.write_text('{"images": {"a": {"compressed": 1' + "0" * 400_000 + "}}}")


def _surrogates(path: Path) -> None:
    path.write_text('{"\\ud800": "\\udfff", "images": "\\ud800"}')


KINDS = [
    _pipe,
    _device,
    _terminal,
    _gigabytes,
    _loop,
    _missing,
    _binary,
    _deep,
    _infinite,
    _digits,
    _surrogates,
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("make", KINDS, ids=lambda kind: kind.__name__.strip("_"))
def test_whatever_the_file_is(
    make: Callable[[Path], None],
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Pipes, devices, gigabytes and nonsense end in status 2 and one line, read up to a bound and never waited for."""
    monkeypatch.chdir(tmp_path)
    Path("t.yaml").write_text(TEMPLATE)
    make(tmp_path / "x")
    ended: list[object] = []

    def work() -> None:
        with pytest.raises(SystemExit) as caught:
            main([each.format("x") for each in COMMANDS[command]])
        ended.append(caught.value.code)

    with fails_where_it_hangs():
        assert bytes_read(work) < MAX_BYTES + (8 << 20)
    out, err = capfd.readouterr()
    assert ended == [2]
    assert "Traceback" not in err + out
    (line,) = err.splitlines()
    assert line.startswith("cdk-pull: ")
    assert line.isprintable()
    assert len(line) < 1000


@pytest.mark.parametrize("make", [_pipe, _device, _gigabytes, _deep, _infinite], ids=lambda k: k.__name__)
def test_whatever_the_context_is(
    make: Callable[[Path], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A cdk.context.json that is found, and not named, is read within the same bounds."""
    monkeypatch.chdir(tmp_path)
    Path("t.yaml").write_text(TEMPLATE)
    make(tmp_path / "cdk.context.json")
    with pytest.raises(SystemExit) as caught:
        main(["check", "t.yaml"])
    err = capfd.readouterr().err
    # A pipe or a device of this name is no file, and no context.
    if make in {_pipe, _device}:
        assert (caught.value.code, err) == (0, "")
    else:
        assert caught.value.code == 2
        assert err.startswith("cdk-pull: facts file ")


def test_facts_of_all_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A size that is no number a computer counts with is refused, and the image is named."""
    template = tmp_path / "t.yaml"
    template.write_text(TEMPLATE)
    facts = tmp_path / "facts.json"
    sizes: list[Any] = ["9" * 400 + "GB", 10**400, "1e400", -1, None, [], {}, True, "0x10", ""]
    for size in sizes:
        facts.write_text(json.dumps({"images": {"web:1": {"compressed": size}}}))
        with pytest.raises(SystemExit, match="2"):
            main(["check", str(template), "--facts", str(facts)])
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("cdk-pull: facts ")
        assert len(err.splitlines()) == 1
