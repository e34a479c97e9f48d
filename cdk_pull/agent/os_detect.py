"""Which operating system a user data is written for, from its text alone."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_pull.agent.variables import OperatingSystem

__all__ = ["detect"]


def detect(user_data: str) -> OperatingSystem | None:
    """Return the operating system that can read this user data, or None where the text does not tell."""
    start = user_data.lstrip("\ufeff\n\r\t ").lower()
    if "<powershell>" in start or "<script>" in start:
        return "windows"
    if start.startswith(("#!", "#cloud-", "#include", "## template:", "content-type:", "mime-version:")):
        return "linux"
    try:
        document = tomllib.loads(user_data)
    except tomllib.TOMLDecodeError:
        return None
    return "bottlerocket" if isinstance(document.get("settings"), dict) else None
