"""The user data that PrePulledImages writes, as it is, with real bash, Docker and registry."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk.assertions import Template

import cdk_pull as pull
from benchmarks import pre_pull
from benchmarks.containerd.images import build_images
from benchmarks.containerd.instance import Instance, missing_docker
from benchmarks.containerd.pulls import push
from benchmarks.containerd.servers import registry
from cdk_pull.agent.bake import bake_component
from cdk_pull.agent.cfn import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from constructs import IMixin

    from benchmarks.containerd.images import BenchmarkImage

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(missing_docker()), reason=missing_docker() or "it can run"),
]

ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
# What the agent would find: its configuration, and the images that Docker has.
AFTER = """
echo "status $BOOT_STATUS"
cat /etc/ecs/ecs.config
docker images --format 'image {{.Repository}}:{{.Tag}}'
ls /run/cdk-pull 2>&1
"""
HELPER = """#!/bin/bash
cat >/dev/null
echo '{"Username": "AWS", "Secret": "SECRET"}'
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for Docker's sockets."""
    with tempfile.TemporaryDirectory(prefix="pull") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Sequence[BenchmarkImage]:
    """Two images of this machine's files; Docker 20.10, which Debian has, knows gzip alone."""
    built = build_images({"web": 8_000_000, "log": 2_000_000}, tmp_path_factory.mktemp("images"))
    return [each for each in built if each.compression == "gzip"]


@contextmanager
def hanging_registry() -> Iterator[str]:
    """Listen, accept nothing, and never answer; yield the address."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(16)
        yield f"127.0.0.1:{server.getsockname()[1]}"


def user_data(images: Sequence[str], *mixins: IMixin, seconds: int = 60, before: str = "") -> str:
    """Return the user data of a group of a CDK app that pre-pulls these images, as an instance gets it."""
    stack = cdk.Stack(cdk.App(), "Stack")
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=0)
    cluster = ecs.Cluster(stack, "Cluster", vpc=vpc)
    group = autoscaling.AutoScalingGroup(
        stack,
        "Group",
        vpc=vpc,
        instance_type=ec2.InstanceType("m7i.large"),
        machine_image=ecs.EcsOptimizedImage.amazon_linux2023(),
    )
    if before:
        group.add_user_data(before)
    group.with_(pull.PrePulledImages(list(images), within=cdk.Duration.seconds(seconds)), *mixins)
    cluster.add_asg_capacity_provider(ecs.AsgCapacityProvider(stack, "Provider", auto_scaling_group=group))
    resources: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    data = next(
        each["Properties"].get("UserData") or each["Properties"]["LaunchTemplateData"]["UserData"]
        for each in resources.values()
        if each["Type"] in {"AWS::AutoScaling::LaunchConfiguration", "AWS::EC2::LaunchTemplate"}
    )
    return "".join(part if isinstance(part, str) else "shop" for part in to_text(data).parts())


def booted(instance: Instance, script: str) -> list[str]:
    """Boot an instance, and return what it logs and has, sorted, with ``N`` for seconds and for Docker's reasons."""
    run = instance.boot(script, AFTER)
    lines = (line for line in run.stdout.splitlines() if line)
    lines = (re.sub(r"(cannot pull \S+): .+(: its task pulls it)", r"\1: N\2", line) for line in lines)
    return sorted(re.sub(r"\b\d+ s\b", "N s", line) for line in lines)


def present(*images: str) -> list[str]:
    """Return what a boot leaves that ends well: the agent's configuration, these images, and no credentials."""
    return [
        "ECS_CLUSTER=shop",
        "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached",
        *(f"image {each}" for each in images),
        "ls: cannot access '/run/cdk-pull': No such file or directory",
        "status 0",
    ]


def test_images_are_there_after_the_boot(folder: Path, images: Sequence[BenchmarkImage]) -> None:
    """After the boot script Docker has every image, and the agent its configuration; a missing image is said."""
    with registry(folder) as address:
        for each in images:
            push(each, address)
        names = [f"{address}/{each.name}:benchmark" for each in images]
        (folder / "i").mkdir()
        found = booted(Instance.at(folder / "i"), user_data([*names, f"{address}/missing:1"]))
    missing = f"{address}/missing:1"
    assert found == sorted(
        [
            *(f"cdk-pull: pulled {name} in N s" for name in names),
            f"cdk-pull: cannot pull {missing}: N: its task pulls it",
            *present(*names),
        ]
    )


def test_a_registry_that_hangs_is_left_in_time(folder: Path, images: Sequence[BenchmarkImage]) -> None:
    """A pull from a registry that never answers ends at the limit; the other image is there, and the boot goes on."""
    with registry(folder) as address, hanging_registry() as hanging:
        push(images[0], address)
        name = f"{address}/{images[0].name}:benchmark"
        (folder / "i").mkdir()
        run = Instance.at(folder / "i").boot(user_data([name, f"{hanging}/web:1"], seconds=10), AFTER)
    [seconds] = re.findall(rf"stopped pulling {hanging}/web:1 after (\d+) s: its task pulls it", run.stdout)
    assert int(seconds) in range(8, 13)
    assert {"status 0", f"image {name}", "ECS_IMAGE_PULL_BEHAVIOR=prefer-cached"} <= set(
        run.stdout.splitlines()
    )


@pytest.mark.parametrize("login", ["right", "wrong", "none"])
def test_credentials(folder: Path, images: Sequence[BenchmarkImage], login: str) -> None:
    """With the helper of the distribution the image is pulled; with wrong credentials or none the boot goes on."""
    words = subprocess.run(
        ["htpasswd", "-Bbn", "AWS", "right"],
        check=True,
        capture_output=True,
    )
    (folder / "htpasswd").write_bytes(words.stdout.strip() + b"\n")
    with registry(folder, htpasswd=folder / "htpasswd") as address:
        push(images[0], address, credentials="AWS:right")
        host = f"{ECR}:{address.partition(':')[2]}"
        (folder / "i").mkdir()
        instance = Instance.at(folder / "i", hosts={ECR: "127.0.0.1"})
        instance.program("amazon-linux-extras", "#!/bin/bash\nexit 1\n")
        if login == "none":
            instance.program("dnf", "#!/bin/bash\nexit 1\n")
        else:
            # The package comes with its program; what Amazon ECR gives it for a password is up to the registry here.
            (folder / "helper").write_text(HELPER.replace("SECRET", login))
            target = folder / "i" / "bin" / "docker-credential-ecr-login"
            instance.program("dnf", f"#!/bin/bash\ninstall -m 755 {folder}/helper {target}\n")
        name = f"{host}/{images[0].name}:benchmark"
        found = booted(instance, user_data([name]))
    denied = f"cdk-pull: cannot pull {name}: N: its task pulls it"
    no_helper = "cdk-pull: amazon-ecr-credential-helper cannot be installed: images of Amazon ECR are left to their tasks"
    said = {
        "right": [f"cdk-pull: pulled {name} in N s", *present(name)],
        "wrong": [denied, *present()],
        "none": [no_helper, denied, *present()],
    }
    assert found == sorted(said[login])


def test_docker_that_does_not_start(folder: Path) -> None:
    """Without a Docker that runs, the boot goes on, and each line says what is left to the tasks."""
    (folder / "i").mkdir()
    instance = Instance.at(folder / "i")
    instance.program("systemctl", "#!/bin/bash\nexit 1\n")
    found = booted(instance, user_data(["127.0.0.1:9/web:1"], before="set -e"))
    assert found == sorted(
        [
            "cdk-pull: Docker does not start",
            "cdk-pull: cannot pull 127.0.0.1:9/web:1: N: its task pulls it",
            *present(),
        ]
    )


def test_the_benchmark_starts_a_task_both_ways(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quick run of the benchmark starts real containers with and without a pre-pull, and leaves nothing behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    out = folder / "page.md"
    assert pre_pull.main(["--quick", "--out", str(out)]) == 0
    assert re.search(
        r"^\| \d+ MB \| \d+ MB \| [\d.]+ s \| [\d.]+ s \| [\d.]+ s \|$", out.read_text(), re.MULTILINE
    )
    assert [path.name for path in folder.iterdir()] == ["page.md"]


def test_docker_is_set_up_before_a_pre_pull(folder: Path, images: Sequence[BenchmarkImage]) -> None:
    """A Docker that runs takes the number of downloads, with all that the AMI's file has, and then pulls."""
    with registry(folder) as address:
        push(images[0], address)
        name = f"{address}/{images[0].name}:benchmark"
        (folder / "i").mkdir()
        instance = Instance.at(folder / "i")
        (folder / "i" / "etc" / "docker").mkdir()
        (folder / "i" / "etc" / "docker" / "daemon.json").write_text('{"labels": ["ami=shop"]}')
        script = user_data([name], pull.DockerSettings(max_concurrent_downloads=7))
        run = instance.boot(
            script.replace("\n", "\nsystemctl start docker\n", 1), "cat /etc/docker/daemon.json"
        )
    said, _, settings = run.stdout.partition("{")
    assert re.sub(r"\d+ s", "N s", said).splitlines() == [
        "cdk-pull: max-concurrent-downloads is 7 in /etc/docker/daemon.json",
        f"cdk-pull: pulled {name} in N s",
    ]
    assert json.loads(f"{{{settings}") == {"labels": ["ami=shop"], "max-concurrent-downloads": 7}
    [reloaded] = re.findall(r"Reloaded configuration: (\{.*\})", (folder / "i" / "dockerd.log").read_text())
    assert '\\"max-concurrent-downloads\\":7' in reloaded


def test_baked_images_are_there_at_the_next_boot(folder: Path, images: Sequence[BenchmarkImage]) -> None:
    """The commands of the AMI's build pull the images and fail without one; the next boot has them without a registry."""
    with registry(folder) as address:
        push(images[0], address)
        name = f"{address}/{images[0].name}:benchmark"
        (folder / "i").mkdir()
        instance = Instance.at(folder / "i")
        instance.program("docker-credential-ecr-login", "#!/bin/bash\nexit 1\n")
        status = {}
        for image in (f"{address}/missing:1", name):
            [[build], [check]] = [
                phase["steps"][0]["inputs"]["commands"]
                for phase in json.loads(bake_component([image]))["phases"]
            ]
            script = f"#!/bin/bash\n{build}{check}".replace("/var/lib/ecs", f"{folder}/ecs")
            status[image] = instance.boot(script, "exit $BOOT_STATUS").returncode
    assert [bool(each) for each in status.values()] == [True, False]
    after = "systemctl start docker; docker images --format '{{.Repository}}:{{.Tag}}'"
    assert instance.boot("#!/bin/bash\n", after).stdout.split() == [name]
