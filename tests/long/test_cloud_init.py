"""User data with a pre-pull, as cloud-init's own parser takes it apart."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final

import pytest

from cdk_pull.agent.cfn import to_text
from tests.cdk.ec2.test_pre_pull_matrix import CASES, written

PYTHON: Final = "/usr/bin/python3"
PARTS: Final = """
import json, sys, tempfile
from cloudinit import helpers, user_data, util
folders = {"cloud_dir": tempfile.mkdtemp(), "run_dir": tempfile.mkdtemp()}
message = user_data.UserDataProcessor(helpers.Paths(folders)).process(sys.stdin.buffer.read())
parts = [part for part in message.walk() if not part.is_multipart()]
print(json.dumps([[part.get_content_type(), util.decode_binary(part.get_payload(decode=True))] for part in parts]))
"""


def _missing() -> str:
    """Return why cloud-init's parser cannot be asked, or an empty string."""
    try:
        done = subprocess.run([PYTHON, "-c", "import cloudinit"], check=False, capture_output=True)
    except OSError:
        return f"no {PYTHON}"
    return "not installed: apt-get install cloud-init" if done.returncode else ""


pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(_missing()), reason=_missing() or "it can run")]

KINDS: Final = {"boothook": "text/cloud-boothook", "Jinja": "text/jinja2"}


@pytest.mark.parametrize("kind", [kind for os, kind in CASES if os == "linux"])
def test_one_part_pulls(kind: str) -> None:
    """Of the parts that cloud-init finds one pulls, and it is of a type that cloud-init runs."""
    value = written(first=True, behavior=True)["linux", kind]
    text = "".join(part if isinstance(part, str) else "prod" for part in to_text(value).parts())
    done = subprocess.run([PYTHON, "-c", PARTS], input=text.encode(), check=True, capture_output=True)
    parts: list[Any] = json.loads(done.stdout)
    [(found, body)] = [each for each in parts if "docker pull -q" in each[1]]
    usual = "text/cloud-config" if kind.startswith("cloud-config") else "text/x-shellscript"
    assert found == KINDS.get(kind, usual)
    assert body.count("docker pull -q") == 1
