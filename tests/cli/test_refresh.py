from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cdk_pull.cli import main
from cdk_pull.data.preferred import read_data
from tests.fargate.test_refresh_sizes import ROWS, page
from tests.image.registry.fake import Registry
from tests.image.registry.servers import https_server

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/AmazonECS/latest/developerguide/task-cpu-memory-error.html"
MORE = page([*ROWS, ("65536 (64 vCPU)", "480 GB", "Linux")])


@pytest.fixture
def guide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Registry]:
    """Run the guide, and be in a folder of our own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CDK_PULL_DATA_DIR", raising=False)
    made = Registry()
    with https_server(made.handler(), None) as made.host:
        yield made


def run(
    guide: Registry, body: str, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[object, str, str]:
    """Refresh the sizes from a page."""
    guide.replies[PATH] = lambda _: (200, {}, body.encode())
    with pytest.raises(SystemExit) as caught:
        main(["refresh", "sizes", "--source", f"http://{guide.host}", *arguments])
    out, err = capsys.readouterr()
    return caught.value.code, out, err


def test_something_new(
    guide: Registry, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is new is shown, written to the folder, and said how to use; used, it is nothing new."""
    change = "65536 CPU units: new memory 491520 MiB\n"
    assert run(guide, MORE, capsys, "--dry-run") == (0, change, "")
    assert list(Path().iterdir()) == []
    status, out, err = run(guide, MORE, capsys)
    assert (status, err) == (0, "")
    assert out == (
        f"{change}written: cdk-pull-data/fargate_sizes.json\n"
        "set CDK_PULL_DATA_DIR=cdk-pull-data wherever cdk-pull and cdk synth run, and commit the folder\n"
    )
    monkeypatch.setenv("CDK_PULL_DATA_DIR", "cdk-pull-data")
    assert json.loads(read_data("fargate_sizes.json"))["linux"][-1]["cpu"] == 65536
    assert run(guide, MORE, capsys) == (0, "nothing is new\n", "")


def test_a_bad_answer(guide: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    """An answer that cannot be right is one line and status 2, and the folder is as it was."""
    run(guide, MORE, capsys)
    before = Path("cdk-pull-data/fargate_sizes.json").read_bytes()
    status, out, err = run(guide, page(ROWS[1:]), capsys)
    assert (status, out) == (2, "")
    assert err.startswith("cdk-pull: the guide's table lacks 3 sizes of 256 CPU units")
    assert Path("cdk-pull-data/fargate_sizes.json").read_bytes() == before
    assert len(list(Path("cdk-pull-data").iterdir())) == 1
