"""Puts the commands that set up Docker into user data, where nothing that writes daemon.json itself comes after them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cdk_pull.agent.docker_settings import DOWNLOADS_KEY
from cdk_pull.agent.readers.linux import files_after
from cdk_pull.agent.user_data import read_user_data
from cdk_pull.agent.writers import linux
from cdk_pull.agent.writers.shell_insert import candidates
from cdk_pull.agent.writers.writing import keeps_settings
from cdk_pull.data import facts_of
from cdk_pull.errors import ConflictError, UnsupportedError
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk_pull.agent.docker_settings import DockerCommands
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["add_docker_settings", "writes_daemon_json"]

_WRITES: Final = lazy_pattern(rb"daemon\.json|\bcfn-init\b")
_PROBE: Final = "probed"


def writes_daemon_json(user_data: str) -> bool:
    """Tell whether user data of Linux may write Docker's daemon.json itself, in what is followed of it or by its name."""
    path = facts_of("ec2_pre_pull")["daemon_json"]["linux"]
    return _WRITES.search(user_data.encode("utf-8", "replace")) is not None or any(
        each is not None for each in files_after(user_data, path)
    )


def add_docker_settings(user_data: str, commands: DockerCommands, os: OperatingSystem) -> str:
    """Return the user data with the commands in it; the same where they are in it already.

    They stand at the top, or after what writes daemon.json itself; all that it writes stays.

    Raises:
        ConflictError: when the user data writes another number of downloads into daemon.json.
        UnsupportedError: on Windows and Bottlerocket, or when nothing can be added to this kind of user data.
    """
    if os != "linux":
        raise UnsupportedError(_elsewhere(os))
    if commands.is_in(user_data):
        return user_data
    path = facts_of("ec2_pre_pull")["daemon_json"]["linux"]
    for content in files_after(user_data, path):
        _refuse_another(content, commands.max_concurrent_downloads, path)
    before = read_user_data(user_data, os)
    block = commands.linux().rstrip("\n")
    for candidate in linux.places(user_data, block, _in_script, name="zz-docker-settings.sh"):
        if _is_last(candidate, block, path) and keeps_settings(before, read_user_data(candidate, os)):
            return candidate
    raise UnsupportedError(
        f"no place in this user data is sure to run after all that writes {path}; set {DOWNLOADS_KEY} there, in the "
        "user data itself"
    )


def _in_script(script: str, block: str) -> Iterator[str]:
    found = candidates(script, block, _WRITES)
    if _WRITES.search(script.encode("utf-8", "replace")):
        # Whatever program names the file may write it, in a way that is not followed: the top is before it.
        next(found)
    return found


def _is_last(user_data: str, block: str, path: str) -> bool:
    """Tell whether the block runs whichever way the user data goes, and nothing writes the file after it."""
    probe = f"echo {_PROBE} > {path}"
    probed = user_data.replace(block, probe).replace(json.dumps(block, ensure_ascii=False)[1:-1], probe)
    return all(each == f"{_PROBE}\n" for each in files_after(probed, path))


def _refuse_another(content: str | None, downloads: int, path: str) -> None:
    try:
        settings = json.loads(content or "")
    except ValueError:
        # What is no JSON here may be so on the instance, where it is read again.
        return
    present = settings.get(DOWNLOADS_KEY, downloads) if isinstance(settings, dict) else downloads
    if present != downloads:
        raise ConflictError(
            f"the user data writes {DOWNLOADS_KEY} {present!r} into {path}, and {downloads} is requested: remove one of the "
            "two"
        )


def _elsewhere(os: OperatingSystem) -> str:
    facts = facts_of("ec2_pre_pull")
    if os == "bottlerocket":
        return (
            f"Bottlerocket has no setting for max_concurrent_downloads: Docker downloads {facts['bottlerocket_downloads']} "
            "layers at once there; leave it out for this capacity"
        )
    return (
        "max_concurrent_downloads is not supported on Windows, where Docker has to be restarted for it; write "
        f'{{"{DOWNLOADS_KEY}": N}} into {facts["daemon_json"]["windows"]} and run Restart-Service docker in the user data '
        "yourself, before Initialize-ECSAgent"
    )
