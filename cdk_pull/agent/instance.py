"""Which operating system a user data is written for, from its text alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_pull.agent.readers.cloud_init.parts import is_mime, kind_of
from cdk_pull.agent.readers.toml_tokens import stand_in

if TYPE_CHECKING:
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["detect"]

_WINDOWS = re.compile(
    r"<(powershell|script)>|\[(System\.)?Environment\]::SetEnvironmentVariable|\bInitialize-ECSAgent\b"
    r"|\A\s*version:[^\n]*\n(.*\n)?tasks:",
    re.IGNORECASE,
)
_BOTTLEROCKET = re.compile(r"^[ \t]*\[[ \t]*settings[ \t]*[.\]]", re.MULTILINE)


def detect(user_data: str) -> OperatingSystem | None:
    """Return the operating system that a user data is written for, or None where the text does not tell.

    TOML with shell in it is taken for Bottlerocket's: it has the one and nobody wants the other there.
    """
    if kind_of(user_data) or is_mime(user_data):
        return "linux"
    if _WINDOWS.search(user_data):
        return "windows"
    if _BOTTLEROCKET.search(user_data) or _has_settings(user_data):
        return "bottlerocket"
    return "linux" if "/etc/ecs" in user_data else None


def _has_settings(user_data: str) -> bool:
    import tomllib  # noqa: PLC0415 - slow to import, and reached by little user data

    try:
        return "settings" in tomllib.loads(stand_in(user_data).text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
