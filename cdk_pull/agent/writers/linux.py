"""Writes the agent settings into the user data of Linux instances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.pieces import begins_unknown
from cdk_pull.agent.readers.cloud_init.parts import is_mime, is_shell, kind_of
from cdk_pull.agent.readers.linux import read
from cdk_pull.agent.writers.cloud_init import into_archive, into_config
from cdk_pull.agent.writers.shell_insert import candidates, command, header
from cdk_pull.agent.writers.writing import write
from cdk_pull.errors import UnsupportedError
from cdk_pull.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cdk_pull.agent.settings import AgentSettings

__all__ = ["add", "places"]

_COMMAND = lazy_pattern(r"^[ \t]*[^#\s]", re.MULTILINE)


def add(user_data: str, settings: AgentSettings) -> str:
    """Return the user data with the settings in it; what the user wrote stays as it is, byte for byte.

    A script gets one line more, a cloud-config one command, a MIME archive one part. Settings that are there already
    are not added again. Text without commands gets ``#!/bin/bash``.

    Raises:
        ConflictError: when the user data sets one of the variables to another value, or spoils one of the settings.
        UnsupportedError: when the settings cannot be put where they are sure to have their effect, or commands that
            cloud-init runs none of now would begin to run.
    """
    return write(user_data, settings, read, _candidates)


def _candidates(user_data: str, missing: Mapping[str, str]) -> Iterator[str]:
    return places(user_data, command(missing), candidates)


def places(
    user_data: str,
    line: str,
    in_script: Callable[[str, str], Iterator[str]],
    *,
    name: str = "zz-ecs-agent-settings.sh",
) -> Iterator[str]:
    """Yield user data of any kind with a command more in it, the likeliest place first.

    Args:
        user_data: the text.
        line: the command.
        in_script: yields a shell script with the command in it.
        name: of the script's part in a MIME archive, where it has to run after the others.

    Raises:
        UnsupportedError: when nothing can be added to this kind of user data.
    """
    if begins_unknown(user_data):
        raise UnsupportedError(
            "user data that begins with a token cannot be added to, because nobody knows what it is; begin it with "
            "#!/bin/bash, or put it into an ec2.MultipartUserData"
        )
    if is_mime(user_data):
        return into_archive(user_data, line, name)
    kind = kind_of(user_data)
    if kind == "text/jinja2" and re.search(r"\{[{%#]", line):
        raise UnsupportedError(
            "a value with {{, {% or {# cannot be put into a Jinja template; leave the template out"
        )
    inner = kind_of(user_data.lstrip().partition("\n")[2]) if kind == "text/jinja2" else kind
    if inner == "text/cloud-config":
        return into_config(user_data, line)
    _refuse_to_start(user_data)
    if kind not in {"", "text/x-shellscript", "text/cloud-boothook", "text/jinja2"} or user_data.startswith(
        "{"
    ):
        what = f"user data of the kind {kind or 'application/json'}"
    elif not is_shell(user_data):
        what = f"a script for {user_data.partition(chr(10))[0]}"
    else:
        return in_script(user_data, line)
    raise UnsupportedError(
        f"{what} cannot be added to; put it into an ec2.MultipartUserData, where it gets a part of its own"
    )


def _refuse_to_start(user_data: str) -> None:
    """Refuse commands that do not run today, and would with ``#!`` before them."""
    above = header(user_data)
    rest = user_data[len(above) :]
    if (
        kind_of(user_data) in {"", "text/jinja2"}
        and not user_data.startswith("{")
        and "#!" not in above
        and _COMMAND.search(rest)
    ):
        raise UnsupportedError(
            "the user data does not begin with #!, so cloud-init runs none of it, and would run all of it with the "
            "settings in it: begin it with #!/bin/bash if it is to run, or remove it"
        )
