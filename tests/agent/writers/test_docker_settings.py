from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cdk_pull.agent.cfn import commands_to_value, read_value, to_text
from cdk_pull.agent.docker_settings import DockerCommands
from cdk_pull.agent.pre_pull import PrePull
from cdk_pull.agent.readers.linux import files_after
from cdk_pull.agent.user_data import read_user_data
from cdk_pull.agent.writers.docker_settings import add_docker_settings
from cdk_pull.agent.writers.pre_pull import add_pre_pull
from cdk_pull.errors import ConflictError, UnsupportedError

if TYPE_CHECKING:
    from pathlib import Path

    from cdk_pull.agent.variables import OperatingSystem

TEN = DockerCommands(10)
BLOCK = TEN.linux().rstrip("\n")
CACHED = "echo ECS_IMAGE_PULL_BEHAVIOR=prefer-cached >> /etc/ecs/ecs.config\n"
DAEMON = "/etc/docker/daemon.json"

# What scripts do with daemon.json, and what is in it after all.
SCRIPTS: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("echo hi\n", {}),
    "echo": (f"echo '{{\"debug\": true}}' > {DAEMON}\necho hi\n", {"debug": True}),
    "here-document": (
        f'cat > {DAEMON} <<EOF\n{{\n  "log-driver": "local"\n}}\nEOF\necho hi\n',
        {"log-driver": "local"},
    ),
    "tee": (f"echo '{{\"debug\": true}}' | tee {DAEMON} >/dev/null\n", {"debug": True}),
    "moved": (f"echo '{{\"a\": 1}}' > new\nmv new {DAEMON}\n", {"a": 1}),
    "twice": (f"echo '{{\"a\": 1}}' > {DAEMON}\necho hi\necho '{{\"b\": 2}}' > {DAEMON}\n", {"b": 2}),
    "leaves early": (f"if true; then\necho '{{\"a\": 1}}' > {DAEMON}\nexit 0\nfi\necho hi\n", {"a": 1}),
    "stops on errors": (f"set -e\necho '{{\"a\": 1}}' > {DAEMON}\nfalse\n", {"a": 1}),
    "in a function": (f"write() {{ echo '{{\"a\": 1}}' > {DAEMON}; }}\nwrite\n", {"a": 1}),
    "by another program": (f'python3 -c \'open("{DAEMON}", "w").write("{{}}")\'\necho hi\n', {}),
    "the same number": (f"echo '{{\"max-concurrent-downloads\": 10}}' > {DAEMON}\n", {}),
}


def boot(folder: Path, script: str) -> dict[str, Any]:
    """Run user data below a folder in place of the root; return what daemon.json holds then."""
    (folder / "bin").mkdir()
    (folder / "etc" / "docker").mkdir(parents=True)
    (folder / "etc" / "ecs").mkdir()
    stand_in = folder / "bin" / "systemctl"
    stand_in.write_text("#!/bin/bash\nexit 1\n")
    stand_in.chmod(0o755)
    subprocess.run(
        ["bash", "-c", script.replace("/etc/", f"{folder}/etc/")],
        env={"PATH": f"{folder}/bin:{os.environ['PATH']}"},
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    found: dict[str, Any] = json.loads((folder / "etc" / "docker" / "daemon.json").read_text())
    return found


@pytest.mark.parametrize("name", SCRIPTS)
def test_real_bash(tmp_path: Path, name: str) -> None:
    """Whatever a script does with daemon.json, both its keys and the number are there in the end."""
    script, kept = SCRIPTS[name]
    before = f"#!/bin/bash\n{script}{CACHED}"
    after = add_docker_settings(before, TEN, "linux")
    assert boot(tmp_path, after) == {**kept, "max-concurrent-downloads": 10}
    assert add_docker_settings(after, TEN, "linux") == after
    assert read_user_data(after, "linux").effective == read_user_data(before, "linux").effective


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"#!/bin/bash\n{BLOCK}\n"),
        ("#!/bin/sh\necho hi\n", f"#!/bin/sh\n{BLOCK}\necho hi\n"),
        (
            f"#!/bin/bash\naws s3 cp s3://b/d.json {DAEMON}\necho hi\n",
            f"#!/bin/bash\naws s3 cp s3://b/d.json {DAEMON}\n{BLOCK}\necho hi\n",
        ),
    ],
)
def test_places(before: str, after: str) -> None:
    """The commands stand at the top, or right after what writes the file."""
    assert add_docker_settings(before, TEN, "linux") == after


def test_cloud_config() -> None:
    """In a cloud-config they are the first command, or the last after one that writes the file."""
    files = f"#cloud-config\nwrite_files:\n- path: {DAEMON}\n  content: '{{}}'\nruncmd:\n- echo hi\n"
    assert yaml.safe_load(add_docker_settings(files, TEN, "linux"))["runcmd"] == [BLOCK, "echo hi"]
    runs = f"#cloud-config\nruncmd:\n- echo '{{}}' > {DAEMON}\n- echo hi\n"
    assert yaml.safe_load(add_docker_settings(runs, TEN, "linux"))["runcmd"] == [
        f"echo '{{}}' > {DAEMON}",
        "echo hi",
        BLOCK,
    ]


def test_before_a_pre_pull() -> None:
    """A pre-pull in any kind of user data runs with the number that is asked for."""
    pulls = PrePull(images=("nginx:1.27",), within_seconds=60)
    mime = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/x-shellscript\n\n#!/bin/bash\n'
    for before in (f"#!/bin/bash\n{CACHED}", f"#cloud-config\nruncmd:\n- {CACHED}", f"{mime}{CACHED}--x--\n"):
        after = add_pre_pull(before, pulls, "linux", TEN)
        assert after.count("Docker downloads up to 10") == after.count("docker pull -q") == 1
        assert after.index("Docker downloads up to 10") < after.index("docker pull -q")
    writes = f"#!/bin/bash\necho '{{}}' > {DAEMON}\n{CACHED}"
    after = add_pre_pull(writes, pulls, "linux", TEN)
    assert after.index("docker pull -q") < after.index("echo '{}'") < after.index("Docker downloads up to 10")


def test_a_value_of_cloud_formation() -> None:
    """Both branches of a condition get the commands, and references stay."""
    both = [
        {"Fn::Base64": {"Fn::Join": ["", ["#!/bin/bash\necho ", {"Ref": "Name"}, f"\n{CACHED}"]]}},
        {"Fn::Base64": ""},
    ]
    after: Any = commands_to_value({"Fn::If": ["Large", *both]}, "linux", docker=TEN)
    texts = [to_text(each) for each in after["Fn::If"][1:]]
    assert [each.text.count(BLOCK) for each in texts] == [1, 1]
    assert {"Ref": "Name"} in texts[0].parts()
    assert read_value(after["Fn::If"][1]).settings == read_value(both[0]).settings


@pytest.mark.parametrize(
    ("text", "os", "error", "message"),
    [
        (
            f"#!/bin/bash\necho '{{\"max-concurrent-downloads\": 5}}' > {DAEMON}\n",
            "linux",
            ConflictError,
            "writes max-concurrent-downloads 5 into /etc/docker/daemon.json, and 10 is requested: remove one of the two",
        ),
        (
            "#!/usr/bin/python3\nprint(1)\n",
            "linux",
            UnsupportedError,
            "a script for #!/usr/bin/python3 cannot be added to",
        ),
        (
            '[settings.ecs]\ncluster = "a"\n',
            "bottlerocket",
            UnsupportedError,
            "no setting for max_concurrent_downloads: Docker downloads 10 layers at once there; leave it out for this",
        ),
        (
            "<powershell>\nInitialize-ECSAgent\n</powershell>",
            "windows",
            UnsupportedError,
            'write {"max-concurrent-downloads": N} into C:\\ProgramData\\docker\\config\\daemon.json and run Restart-Service',
        ),
    ],
)
def test_refused(text: str, os: OperatingSystem, error: type[Exception], message: str) -> None:
    """What cannot be set says why, and what to do."""
    with pytest.raises(error) as raised:
        add_docker_settings(text, TEN, os)
    assert message in str(raised.value)


def test_files_after() -> None:
    """What a file holds is told for each way that a script may go; None where it is not written."""
    script = f"#!/bin/bash\nif [ -e /a ]; then\necho one > {DAEMON}\nfi\n"
    assert sorted(files_after(script, DAEMON), key=str) == [None, "one\n"]
    with pytest.raises(
        UnsupportedError, match=r"too involved to tell what it writes to /etc/docker/daemon.json"
    ):
        files_after("#!/bin/bash\n" + "echo x >> /a\n" * 6000, DAEMON)
