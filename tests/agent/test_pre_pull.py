"""The pre-pull in real bash, with stand-ins for Docker, dnf and systemctl on the path."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_pull.agent.pre_pull import PrePull
from cdk_pull.agent.script.powershell.parse import parse as parse_powershell
from cdk_pull.errors import InvalidValueError

if TYPE_CHECKING:
    from pathlib import Path

ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
DUAL_STACK = "111122223333.dkr-ecr.eu-west-1.on.aws"
DOCKER = """#!/bin/bash
echo "$$ $3 $(cat "$DOCKER_CONFIG/config.json" 2>/dev/null)" >> "$LOG/docker"
case $3 in
  *hang*) sleep 600;;
  *missing*) echo "manifest unknown" >&2; exit 1;;
esac
# Ends when so many pulls have begun, so that none may wait for another.
until [ "$(wc -l < "$LOG/docker")" -ge "${AT_ONCE:-1}" ]; do sleep 0.05; done
"""


class Machine:
    """A folder that stands for an instance."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.stand_in("docker", DOCKER)
        for name in ("dnf", "systemctl"):
            self.stand_in(name, f'#!/bin/bash\necho "$*" >> "$LOG/{name}"\n')

    def stand_in(self, name: str, script: str) -> None:
        """Put a program on the path."""
        path = self.bin / name
        path.write_text(script)
        path.chmod(0o755)

    def run(self, script: str, shell: str = "bash", *, at_once: int = 1) -> tuple[int, list[str]]:
        """Run a user data script; return its status and what it printed. No pull ends before so many have begun."""
        script = script.replace("/run/cdk-pull", str(self.folder / "run")).replace(
            "/etc/docker", str(self.folder / "docker")
        )
        run = subprocess.run(
            [shell, "-c", script],
            env={
                "PATH": f"{self.bin}:{os.environ['PATH']}",
                "LOG": str(self.folder),
                "AT_ONCE": str(at_once),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.stderr == ""
        return run.returncode, sorted(run.stdout.splitlines())

    def log(self, name: str) -> list[str]:
        """Return the lines that a stand-in left."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine without any image."""
    return Machine(tmp_path)


def test_images_are_pulled_at_once(machine: Machine) -> None:
    """Every image is pulled once, all at the same time, and each says so; the next command runs."""
    images = (*(f"{ECR}/app:{each}" for each in range(5)), "nginx:1.27", "nginx:1.27")
    status, said = machine.run(
        PrePull(images=images, within_seconds=30).linux() + "echo the script goes on\n", at_once=6
    )
    assert status == 0
    assert [each.split(" in ")[0] for each in said] == [
        *(f"cdk-pull: pulled {ECR}/app:{each}" for each in range(5)),
        "cdk-pull: pulled nginx:1.27",
        "the script goes on",
    ]
    assert len(machine.log("docker")) == 6
    assert machine.log("dnf") == ["install -y -q amazon-ecr-credential-helper"]
    assert not (machine.folder / "run").exists()


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_credentials_are_for_private_registries_alone(machine: Machine, shell: str) -> None:
    """Docker asks the credential helper for private Amazon ECR hosts, each once by name, and for no other."""
    images = (f"{ECR}/a:1", f"{DUAL_STACK}/b:1", "public.ecr.aws/c/d:1", "nginx:1")
    machine.run(PrePull(images=images, within_seconds=30).linux(), shell)
    [config] = {each.split(" ", 2)[2] for each in machine.log("docker")}
    assert json.loads(config) == {"credHelpers": {ECR: "ecr-login", DUAL_STACK: "ecr-login"}}


def test_public_images_need_no_helper(machine: Machine) -> None:
    """Where no image is in private Amazon ECR, nothing is installed and nothing is configured."""
    machine.run(PrePull(images=("public.ecr.aws/c/d:1",), within_seconds=30).linux())
    assert machine.log("dnf") == []
    assert [each.split()[1:] for each in machine.log("docker")] == [["public.ecr.aws/c/d:1"]]


def test_a_registry_that_hangs_is_left_in_time(machine: Machine) -> None:
    """A pull that does not end is stopped at the limit, the others are there, and the script ends well."""
    script = PrePull(images=("hang:1", "nginx:1"), within_seconds=10).linux()
    # The limit is ten seconds at least; four do for the test.
    status, said = machine.run(f"set -e\n{script.replace('+ 10 ', '+ 4 ')}")
    assert status == 0
    assert said[0].startswith("cdk-pull: pulled nginx:1 in ")
    assert said[1].startswith("cdk-pull: stopped pulling hang:1 after ")
    assert said[1].endswith(" s: its task pulls it")


def test_a_failure_is_said_and_fails_nothing(machine: Machine) -> None:
    """An image that is missing, a package that cannot be installed and a Docker that does not start fail nothing."""
    machine.stand_in("dnf", "#!/bin/bash\nexit 1\n")
    machine.stand_in("systemctl", "#!/bin/bash\nexit 1\n")
    status, said = machine.run(f"set -eu\n{PrePull(images=(f'{ECR}/missing:1',), within_seconds=30).linux()}")
    assert status == 0
    assert said == [
        "cdk-pull: Docker does not start",
        "cdk-pull: amazon-ecr-credential-helper cannot be installed: images of Amazon ECR are left to their tasks",
        f"cdk-pull: cannot pull {ECR}/missing:1: manifest unknown: its task pulls it",
    ]


def test_an_instance_without_docker(machine: Machine) -> None:
    """Without Docker the script ends well, and says what it cannot do."""
    (machine.bin / "docker").unlink()
    script = PrePull(images=("nginx:1",), within_seconds=30).linux()
    run = subprocess.run(
        ["bash", "-c", script.replace("/run/cdk-pull", str(machine.folder / "run"))],
        env={"PATH": f"{machine.bin}:/usr/bin:/bin", "LOG": str(machine.folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0
    assert "cannot pull nginx:1" in run.stdout


def test_powershell_is_grammatical() -> None:
    """The lines for Windows parse without an error, and name each image once."""
    text = PrePull(images=(f"{ECR}/app:1", "nginx:1", "nginx:1"), within_seconds=120).windows()
    assert not parse_powershell(text).has_error
    assert text.count("'nginx:1'") == 1


@given(
    st.lists(
        st.from_regex(
            r"\A([a-z0-9]+\.[a-z]+/)?[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+)?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,9})?\Z"
        ),
        min_size=1,
        max_size=5,
    )
)
def test_any_image_gives_a_script_that_bash_accepts(images: list[str]) -> None:
    """Whatever the names, bash and PowerShell parse the script, tokens included."""
    pre_pull = PrePull(images=(*images, "${Token[TOKEN.12]}/app:${Token[TOKEN.13]}"), within_seconds=60)
    run = subprocess.run(["bash", "-n"], input=pre_pull.linux(), text=True, capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert not parse_powershell(pre_pull.windows()).has_error


@pytest.mark.parametrize("image", ["", "a b", "a'b", "a\nb", "$(reboot)", "`id`", "a;b", '"x"'])
def test_what_is_no_image_is_refused(image: str) -> None:
    """Nothing that could leave its quotation reaches a script."""
    with pytest.raises(InvalidValueError, match="invalid image name"):
        PrePull(images=(image,), within_seconds=60)


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({"images": ()}, r"no image to pull: \(\); allowed: at least one image name"),
        ({"within_seconds": 5}, "invalid within: '5 s'; allowed: 10 s to 1800 s"),
    ],
)
def test_bounds(props: dict[str, object], message: str) -> None:
    """A number out of bounds is refused."""
    with pytest.raises(InvalidValueError, match=message):
        PrePull(**{"images": ("nginx:1",), "within_seconds": 60, **props})  # type: ignore[arg-type]
