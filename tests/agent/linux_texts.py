"""User data of Linux for the tests, and a real bash to run it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path

from cdk_pull.agent.settings import AgentSettings, PullBehavior

B = "ECS_IMAGE_PULL_BEHAVIOR"
F = "/etc/ecs/ecs.config"
ONCE = AgentSettings(image_pull_behavior=PullBehavior.ONCE)
HOSTILE = AgentSettings(
    exclude_untracked_image=(
        "a'b\"c",
        "$(touch${IFS}x)`y`$HOME",
        "%s%d\\n\\\\",
        "é\u2018!#*?[a]~;&|<>(){}",
        "-n",
    ),
    image_pull_timeout=timedelta(minutes=90),
    pull_dependent_containers_upfront=True,
)
LINE = f"mkdir -p /etc/ecs && printf '%s\\n' '' {B}=once >> {F}"


def executed(script: str) -> str:
    """Return the ecs.config that a script leaves behind, run by a real bash in a folder of its own."""
    with tempfile.TemporaryDirectory() as root:
        path = Path(root) / "user-data"
        moved = script.replace("\r\n", "\n").replace("/etc/ecs", f"{root}/etc/ecs")
        path.write_text(moved, encoding="utf-8", newline="")
        subprocess.run(
            ["bash", str(path)],
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/root"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=20,
        )
        config = Path(root) / "etc/ecs/ecs.config"
        return (
            config.read_text(encoding="utf-8", errors="replace").replace(root, "") if config.exists() else ""
        )


def mime(*parts: str) -> str:
    """Return a MIME archive of parts that have their own headers."""
    return "".join(
        [
            'Content-Type: multipart/mixed; boundary="+B=="\nMIME-Version: 1.0\n\n',
            *(f"--+B==\n{part}\n" for part in parts),
            "--+B==--\n",
        ]
    )


SCRIPT_PART = f'Content-Type: text/x-shellscript; charset="utf-8"\n\n#!/bin/bash\necho {B}=once >> {F}\n'
