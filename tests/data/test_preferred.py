from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cdk_pull.data.preferred import load_data, read_data
from cdk_pull.errors import InvalidValueError
from cdk_pull.fargate.sizes import sizes
from cdk_pull.windows.catalogue import packaged_catalogue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_user_s_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the folder goes before the package's, others stay the package's."""
    package = read_data("fargate_sizes.json")
    (tmp_path / "fargate_sizes.json").write_text("{}")
    monkeypatch.setenv("CDK_PULL_DATA_DIR", str(tmp_path))
    assert (read_data("fargate_sizes.json"), package[:2]) == ("{}", "{\n")
    assert json.loads(read_data("fargate_prices.json"))["currency"] == "USD"
    with pytest.raises(InvalidValueError, match=r"fargate_sizes\.json cannot be read.*KeyError: 'linux'"):
        load_data(lambda text: json.loads(text)["linux"], "fargate_sizes.json")


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("fargate_sizes.json", "{}", lambda: sizes.__wrapped__("linux")),
        ("fargate_sizes.json", '{"linux": [], "windows": []}', lambda: sizes.__wrapped__("linux")),
        ("servercore_images.csv", "build,date\n", packaged_catalogue.__wrapped__),
    ],
)
def test_facts_that_would_answer_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, read: Callable[[], object]
) -> None:
    """An empty table or one of another form is named where it is read, and not where its facts are missed."""
    (tmp_path / name).write_text(text)
    (tmp_path / "windows_builds.csv").write_text("product,month_patch_tuesday,type,kb,build,source\n")
    monkeypatch.setenv("CDK_PULL_DATA_DIR", str(tmp_path))
    with pytest.raises(
        InvalidValueError, match=rf"{re.escape(name)} cannot be read: .*what cdk-pull refresh writes"
    ):
        read()


def test_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is no folder is an error, not the package's facts."""
    monkeypatch.setenv("CDK_PULL_DATA_DIR", str(tmp_path / "none"))
    with pytest.raises(InvalidValueError, match="CDK_PULL_DATA_DIR is not a folder"):
        read_data("fargate_sizes.json")


def test_every_reader_prefers_it(tmp_path: Path) -> None:
    """The catalogue, the sizes and the prices all read the user's own file."""
    for name in ("fargate_sizes.json", "fargate_prices.json", "windows_builds.csv"):
        text = read_data(name)
        (tmp_path / name).write_text(
            text.replace('"date": "2026-11-20"', '"date": "2030-01-01"')
            .replace('"values": [512, 1024, 2048]', '"values": [512]')
            .replace("20348.5622", "20348.9999")
        )
    program = (
        "from cdk_pull.fargate.prices import load_prices\n"
        "from cdk_pull.fargate.sizes import sizes\n"
        "from cdk_pull.windows.catalogue import packaged_catalogue\n"
        "print(load_prices().date, sizes()[1], packaged_catalogue().monthly('windows-server-2022')[-1].build)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"CDK_PULL_DATA_DIR": str(tmp_path)},
    )
    assert done.stdout == "2030-01-01 0.5 vCPU, 1 GB 20348.9999\n"
