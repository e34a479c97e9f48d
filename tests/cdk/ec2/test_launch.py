"""What a launch tells of itself."""

from __future__ import annotations

from typing import Any

import pytest

from cdk_pull.cdk.ec2 import launch as _launch
from cdk_pull.errors import ConflictError, InvalidValueError

BOTTLEROCKET = {
    "Ref": "SsmParameterValueawsservicebottlerocketawsecs2x8664latestimageidC96584B6F00A464EAD1953AFF4B05118Parameter"
}
ECS_LINUX = {
    "Ref": "SsmParameterValueawsserviceecsoptimizedamiamazonlinux2recommendedimageidC96584B6Parameter"
}
ECS_WINDOWS = (
    "{{resolve:ssm:/aws/service/ami-windows-latest/Windows_Server-2022-English-Core-ECS_Optimized/image_id}}"
)
PLAIN_LINUX = "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64}}"
TOML = '[settings.ecs]\ncluster = "prod"\n'
JOINS = "#!/bin/bash\necho ECS_CLUSTER=prod >> /etc/ecs/ecs.config"


@pytest.mark.parametrize(
    ("text", "image", "asked", "os_type", "system"),
    [
        ("", BOTTLEROCKET, None, "LINUX", "bottlerocket"),
        ("", ECS_LINUX, None, "", "linux"),
        ("", ECS_WINDOWS, None, "", "windows"),
        ("", PLAIN_LINUX, None, "", "linux"),
        ("", "ami-1", None, "WINDOWS", "windows"),
        ("", "ami-1", "bottlerocket", "LINUX", "bottlerocket"),
        (TOML, "ami-1", None, "", "bottlerocket"),
        (JOINS, "ami-1", None, "", "linux"),
        ("echo ECS_CLUSTER=prod >> /etc/ecs/ecs.config", "ami-1", None, "", "linux"),
        ("<powershell>\nInitialize-ECSAgent\n</powershell>", "ami-1", None, "", "windows"),
        ("\n", BOTTLEROCKET, None, "", "bottlerocket"),
    ],
)
def test_the_operating_system(text: str, image: object, asked: Any, os_type: str, system: str) -> None:
    """What is asked for counts first, then the image, the user data, and what CDK takes the image for."""
    assert _launch.operating_system(text, image, asked=asked, os_type=os_type) == system


@pytest.mark.parametrize("asked", [None, "bottlerocket"])
def test_a_shell_script_for_bottlerocket(asked: Any) -> None:
    """Shell in Bottlerocket's user data is the forgotten machine_image_type."""
    with pytest.raises(ConflictError) as error:
        _launch.operating_system("\necho ECS_CLUSTER=c >> /etc/ecs/ecs.config", BOTTLEROCKET, asked=asked)

    assert str(error.value) == (
        "the image is Bottlerocket, but its user data is a shell script, which Bottlerocket cannot read: pass "
        "machine_image_type=ecs.MachineImageType.BOTTLEROCKET to the AsgCapacityProvider or to add_capacity"
    )


def test_an_unknown_operating_system() -> None:
    """Where nothing tells, the error says what to pass."""
    with pytest.raises(InvalidValueError) as error:
        _launch.operating_system("", "ami-1")

    assert str(error.value) == (
        "neither the user data nor the image tells the operating system: 'ami-1'; allowed: an image of a public SSM "
        "parameter, or user data that shows it. Pass operating_system='linux', 'windows' or 'bottlerocket' to "
        "ImagePullBehavior."
    )


def test_a_name_that_is_no_operating_system() -> None:
    """An operating system is one of three."""
    with pytest.raises(InvalidValueError) as error:
        _launch.checked_operating_system("macos")

    assert str(error.value) == (
        "operating_system is not one that the ECS agent runs on: 'macos'; allowed: linux, windows, bottlerocket"
    )


@pytest.mark.parametrize(
    ("text", "image", "joins"),
    [
        (JOINS, "ami-1", True),
        (TOML, "ami-1", True),
        ("<powershell>Initialize-ECSAgent -Cluster 'c'</powershell>", "ami-1", True),
        ("#!/bin/bash", ECS_LINUX, True),
        ("", ECS_WINDOWS, True),
        ("", BOTTLEROCKET, True),
        ("#!/bin/bash", PLAIN_LINUX, False),
        ("[settings.kubernetes]\ncluster-name = 'k'", "ami-1", False),
        ("", "ami-1", False),
    ],
)
def test_what_is_ecs_capacity(text: str, image: object, *, joins: bool) -> None:
    """A launch is ECS capacity by a cluster in its user data, or by an image that starts the ECS agent."""
    assert _launch.joins_ecs(text, image) is joins


REFERENCE = {"Ref": "Cluster"}


@pytest.mark.parametrize(
    ("text", "pieces", "joins"),
    [
        ("echo ECS_CLUSTER=${Token[PIECE.0]} >> /etc/ecs/ecs.config", [REFERENCE], True),
        ("echo ECS_CLUSTER=${Token[PIECE.0]} >> /etc/ecs/ecs.config", [{"Ref": "Other"}], False),
        ("x", [{"Fn::Sub": "echo ECS_CLUSTER=${Cluster}"}], True),
        ("x", [{"Fn::Sub": ["echo ECS_CLUSTER=${C}", {"C": REFERENCE}]}], True),
        (JOINS, [], True),
        (TOML, [], True),
        ('[Environment]::SetEnvironmentVariable("ECS_CLUSTER", "prod", "Machine")', [], True),
        ("Initialize-ECSAgent -Cluster 'prod'", [], True),
        ("echo ECS_CLUSTER=prod-2 >> /etc/ecs/ecs.config", [], False),
        ("echo prod", [], False),
    ],
)
def test_which_cluster_is_joined(text: str, pieces: list[object], *, joins: bool) -> None:
    """A cluster is known by a reference to it, or by its name where user data puts a cluster's name."""
    assert _launch.joins_cluster(text, pieces, [REFERENCE, "prod"]) is joins
