"""Puts a pre-pull into user data, where it leaves every setting as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_pull.agent.user_data import read_user_data
from cdk_pull.agent.writers import linux, windows
from cdk_pull.agent.writers.shell_insert import first
from cdk_pull.errors import ConflictError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cdk_pull.agent.pre_pull import PrePull
    from cdk_pull.agent.readers.reading import Reading
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["add_pre_pull"]

_CACHED = "prefer-cached"
_BEHAVIOR = "ECS_IMAGE_PULL_BEHAVIOR"


def add_pre_pull(user_data: str, pre_pull: PrePull, os: OperatingSystem) -> str:
    """Return the user data with the pre-pull in it; the same where one is in it already.

    A shell script gets it right below its shebang, a cloud-config as a command, a MIME archive as a part, PowerShell
    before ``Initialize-ECSAgent``.

    Raises:
        ConflictError: when the user data does not set ``prefer-cached``, without which the agent pulls again.
        UnsupportedError: on Bottlerocket, or when nothing can be added to this kind of user data.
    """
    if pre_pull.is_in(user_data):
        return user_data
    if os == "bottlerocket":
        raise UnsupportedError(
            "Bottlerocket runs no commands of user data, so images cannot be pre-pulled by it; add a bootstrap container "
            'of your own that pulls them ([settings.bootstrap-containers.NAME], mode = "once", essential = false), or '
            "use an Amazon Linux image"
        )
    before = read_user_data(user_data, os)
    behavior = before.effective.get(_BEHAVIOR, "default")
    if behavior != _CACHED:
        raise ConflictError(
            f"{_BEHAVIOR} is {behavior} here, and the agent uses a pre-pulled image under {_CACHED} alone: set "
            f"{_CACHED}, or leave out the pre-pull"
        )
    for candidate in _candidates(user_data, pre_pull, os):
        if _same(before, read_user_data(candidate, os)):
            return candidate
    raise UnsupportedError(
        "no place in this user data takes a pre-pull without a change to its settings; put it into an "
        "ec2.MultipartUserData, where it gets a part of its own"
    )


def _candidates(user_data: str, pre_pull: PrePull, os: OperatingSystem) -> Iterable[str]:
    if os == "windows":
        return windows.places(user_data, pre_pull.windows().splitlines())
    block = pre_pull.linux().rstrip("\n")
    return linux.places(user_data, block, _at_the_top, name="zz-pre-pull.sh")


def _at_the_top(script: str, block: str) -> Iterator[str]:
    yield first(script, block)


def _same(before: Reading, after: Reading) -> bool:
    codes = {each.code for each in before.warnings}
    return (
        after.settings == before.settings
        and len(after.unknown) <= len(before.unknown)
        and all(each.code in codes for each in after.warnings)
    )
