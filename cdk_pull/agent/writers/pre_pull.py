"""Puts a pre-pull into user data, where it leaves every setting as it is."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cdk_pull.agent.user_data import read_user_data
from cdk_pull.agent.writers import bottlerocket, linux, windows
from cdk_pull.agent.writers.docker_settings import add_docker_settings, writes_daemon_json
from cdk_pull.agent.writers.shell_insert import first
from cdk_pull.agent.writers.writing import keeps_settings
from cdk_pull.errors import ConflictError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_pull.agent.docker_settings import DockerCommands
    from cdk_pull.agent.pre_pull import PrePull
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["add_pre_pull"]

_CACHED = "prefer-cached"
_BEHAVIOR = "ECS_IMAGE_PULL_BEHAVIOR"


def add_pre_pull(
    user_data: str,
    pre_pull: PrePull,
    os: OperatingSystem,
    docker: DockerCommands | None = None,
    *,
    encoded: str = "",
) -> str:
    """Return the user data with the pre-pull in it, after the commands that set up Docker; the same where one is there.

    A shell script gets it right below its shebang, a cloud-config as a command, a MIME archive as a part, PowerShell
    before ``Initialize-ECSAgent``, and Bottlerocket a bootstrap container.

    Args:
        user_data: the text.
        pre_pull: what to pull.
        os: the operating system that it is for.
        docker: what to set up first; on Linux only.
        encoded: on Bottlerocket what the bootstrap container reads, in base64; by default that of a pre-pull without
            unknown pieces.

    Raises:
        ConflictError: when the user data does not set ``prefer-cached``, without which the agent pulls again.
        UnsupportedError: on Bottlerocket without the image of a bootstrap container, or when nothing can be added to this kind of user data.
    """
    if docker is not None and (pre_pull.is_in(user_data) or os != "linux" or writes_daemon_json(user_data)):
        user_data = add_docker_settings(user_data, docker, os)
    if pre_pull.is_in(user_data):
        return user_data
    before = read_user_data(user_data, os)
    behavior = before.effective.get(_BEHAVIOR, "default")
    if behavior != _CACHED:
        raise ConflictError(
            f"{_BEHAVIOR} is {behavior} here, and the agent uses a pre-pulled image under {_CACHED} alone: set "
            f"{_CACHED}, or leave out the pre-pull"
        )
    if os == "bottlerocket":
        encoded = encoded or base64.b64encode(pre_pull.bottlerocket().encode()).decode()
        return bottlerocket.add_bootstrap_container(user_data, pre_pull, encoded)
    setup = "" if docker is None or docker.is_in(user_data) else docker.linux()
    for candidate in _candidates(user_data, pre_pull, os, setup):
        if keeps_settings(before, read_user_data(candidate, os)):
            return candidate
    raise UnsupportedError(
        "no place in this user data takes a pre-pull without a change to its settings; put it into an "
        "ec2.MultipartUserData, where it gets a part of its own"
    )


def _candidates(user_data: str, pre_pull: PrePull, os: OperatingSystem, setup: str) -> Iterable[str]:
    if os == "windows":
        return windows.places(user_data, pre_pull.windows().splitlines())
    block = f"{setup}{pre_pull.linux()}".rstrip("\n")
    return linux.places(user_data, block, _at_the_top, name="zz-pre-pull.sh")


def _at_the_top(script: str, block: str) -> Iterator[str]:
    yield first(script, block)
