"""Inputs that nobody would write, kind by kind: bounded in memory, without hanging, in the documented status and one line."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_pull.cli import main
from tests.cli.hostile_inputs import TEMPLATES, USER_DATA
from tests.limits import fails_where_it_hangs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from _pytest.mark import ParameterSet

MEGABYTES = 300
SYSTEMS = {"bash": "linux", "cloud-init": "linux", "Windows": "windows", "Bottlerocket": "bottlerocket"}


def _cases(inputs: Mapping[str, Mapping[str, str | bytes]]) -> Iterator[ParameterSet]:
    for kind, named in inputs.items():
        for name, data in named.items():
            yield pytest.param(kind, data, id=f"{kind}: {name}")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _hold(capfd: pytest.CaptureFixture[str], data: str | bytes, arguments: list[str]) -> None:
    """Run a command on a file, and hold how it ends, what it prints and what it takes."""
    Path("x").write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
    assert Path("x").stat().st_size < 1_000_000
    before = _peak()
    with fails_where_it_hangs(), pytest.raises(SystemExit) as caught:
        main(arguments)
    out, err = capfd.readouterr()
    assert caught.value.code in {0, 1, 2}, err
    assert _peak() - before < MEGABYTES
    assert "PULL000" not in out
    assert "report it" not in out + err
    assert len(err.splitlines()) <= 1
    assert len(err) < 2000
    if out and "json" in arguments:
        json.loads(out)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("kind", "data"), list(_cases(TEMPLATES)))
def test_templates(kind: str, data: str | bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """Each is checked, or refused in one line."""
    assert kind
    _hold(capfd, data, ["check", "x", "--format", "json"])


@pytest.mark.parametrize(("kind", "data"), list(_cases(USER_DATA)))
def test_user_data(kind: str, data: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Each is read, or refused in one line."""
    _hold(capfd, data, ["agent", "x", "--os", SYSTEMS[kind]])


def test_each_kind_has_ten() -> None:
    """A kind is held by ten inputs at the least."""
    assert [kind for kind, named in TEMPLATES.items() if len(named) < 10] == []
    assert [kind for kind, named in USER_DATA.items() if len(named) < 10] == []
